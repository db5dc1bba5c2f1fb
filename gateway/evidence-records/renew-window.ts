import { setImmediate } from "node:timers/promises";
import { HocbaError } from "@hocba/certs";
import type { CryptoProvider, DigestAlgorithm } from "@hocba/certs/crypto";
import { buildHashTree, hashTreeRenewalDigest } from "@hocba/signatures/evidence-records";
import type { BlobStore } from "../store/index.ts";
import { assembleRecord } from "./assemble-record.ts";
import type { AgeingWindow, Leaf, Path, RecordBook, RootToken, WindowTree } from "./record-book.ts";
import { treeOver } from "./window-tree.ts";

/** One tree over the newest tokens of several windows under the same algorithm (RFC 4998 §5.2, time stamp renewal). */
export function renewalTree(
  windows: readonly AgeingWindow[],
  digestAlgorithm: DigestAlgorithm,
  crypto: CryptoProvider,
): { root: Uint8Array; placed: { window: AgeingWindow; path: Path }[] } {
  const tree = buildHashTree(
    windows.map(({ token }) => crypto.digest(digestAlgorithm, token)),
    digestAlgorithm,
    crypto,
  );
  return { root: tree.root, placed: windows.map((window, i) => ({ window, path: tree.reducedHashTree(i) })) };
}

/**
 * The tree of a hash tree renewal (RFC 4998 §5.2): every document of the window is read and digested anew under `digestAlgorithm`,
 * together with what its record holds so far. One document is in memory at a time.
 * @returns with the documents that could not be read: they stay with the chains they have
 */
export async function rehashedTree(
  window: AgeingWindow,
  digestAlgorithm: DigestAlgorithm,
  parts: { book: RecordBook; store: Pick<BlobStore, "get">; crypto: CryptoProvider },
  signal?: AbortSignal,
): Promise<{ tree: WindowTree | null; lost: { documentId: string; code: string }[] }> {
  const { book, store, crypto } = parts;
  const leaves: Leaf[] = [];
  const groups: Uint8Array[][] = [];
  const lost: { documentId: string; code: string }[] = [];
  for (const leaf of book.leavesOf(window.id)) {
    signal?.throwIfAborted();
    await setImmediate();
    const chains = book.chainsOf(leaf);
    // One that was left behind before has a gap that no later chain could bridge.
    const record = chains.length === window.chain + 1 ? assembleRecord(chains) : null;
    if (record === null) continue;
    try {
      const members: Uint8Array[] = [];
      for (const sha256 of [leaf.sha256, ...(leaf.contentSha256 === null ? [] : [leaf.contentSha256])]) {
        const digest = crypto.digest(digestAlgorithm, await store.get(sha256));
        members.push(hashTreeRenewalDigest(record, digest, digestAlgorithm, crypto));
      }
      leaves.push(leaf);
      groups.push(members);
    } catch (error) {
      const code = error instanceof HocbaError ? error.code : null;
      if (code !== "STORE_MISSING" && code !== "STORE_DAMAGED") throw error;
      lost.push({ documentId: leaf.documentId, code });
    }
  }
  return { tree: leaves.length === 0 ? null : treeOver(leaves, groups, digestAlgorithm, crypto), lost };
}

export type AskToken = (root: Uint8Array) => Promise<RootToken & { tsa: string }>;
