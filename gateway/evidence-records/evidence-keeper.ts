import { setImmediate } from "node:timers/promises";
import { HocbaError } from "@hocba/certs";
import type { CryptoProvider, DigestAlgorithm } from "@hocba/certs/crypto";
import { reach } from "../failpoint.ts";
import type { Ledger } from "../ledger/index.ts";
import type { Logger } from "../observability/index.ts";
import type { BlobStore } from "../store/index.ts";
import { type Turns, takeTurns } from "../take-turns.ts";
import type { TimestampRouter } from "../timestamps/index.ts";
import { collectDocuments } from "./collect-documents.ts";
import type { AgeingWindow, RecordBook, UnstampedWindow } from "./record-book.ts";
import { type AskToken, rehashedTree, renewalTree } from "./renew-window.ts";
import { windowTree } from "./window-tree.ts";

export interface EvidenceKeeperParts {
  ledger: Pick<Ledger, "audit" | "documents">;
  book: RecordBook;
  store: Pick<BlobStore, "get">;
  timestamps: Pick<TimestampRouter, "stamp">;
  crypto: CryptoProvider;
  /** Until when a token (DER) speaks for what it stamps, and until when a digest algorithm does; ms since 1970. */
  tokenReliedOnUntil(token: Uint8Array): number;
  digestReliedOnUntil(digest: DigestAlgorithm): number;
  onRenewal?: (kind: "timestamp" | "hash-tree", outcome: string, windows: number) => void;
  log: Logger;
  clock: () => number;
  actor: string;
}

export interface EvidenceKeeperOptions {
  isWanted: (profile: string) => boolean;
  window: { documents: number; seconds: number };
  renewBeforeDays: number;
  retryMs: number;
  leaseMs: number;
}

/** Gives issued documents their evidence records and keeps those valid. */
export interface EvidenceKeeper {
  /** Takes in what was issued, closes the windows that are full or old, and has them stamped. @returns how many were stamped */
  turn(signal?: AbortSignal): Promise<number>;
  /** Renews what is due. @returns how many windows were renewed */
  renewDue(signal?: AbortSignal): Promise<number>;
}

const DAY = 86_400_000;
const HOUR = 3_600_000;
const AT_ONCE = 4;
const RENEWED_AT_ONCE = 1000;
const PATHS_AT_ONCE = 250;
/** What follows when a digest algorithm runs out. */
const SUCCESSOR: DigestAlgorithm = "sha512";

/**
 * The keeping of evidence records (RFC 4998): one time stamp for many documents, and one for many windows when they age. Each step
 * begins with what the book says and ends with one transaction, so that it may be repeated after a crash at any line.
 */
export function createEvidenceKeeper(parts: EvidenceKeeperParts, options: EvidenceKeeperOptions): EvidenceKeeper {
  const { ledger, book, store, timestamps, crypto, log, clock, actor } = parts;
  const margin = options.renewBeforeDays * DAY;

  const asking =
    (signal?: AbortSignal): AskToken =>
    async (root) => {
      const { token, genTime, tsa } = await timestamps.stamp(root, signal);
      reach("evidence.token-received");
      const until = parts.tokenReliedOnUntil(token) - margin;
      // Where even the newest authority ends soon, a third of the margin passes before the next try.
      const renewAt = Math.min(Math.max(until, clock() + Math.ceil(margin / 3)), Number.MAX_SAFE_INTEGER);
      return { root, token, genTime, renewAt, tsa };
    };

  function postpone(
    windows: readonly { id: number; attempts: number }[],
    error: unknown,
    signal?: AbortSignal,
  ): string {
    const code = error instanceof HocbaError ? error.code : "INTERNAL";
    for (const { id, attempts } of windows) {
      const wait = signal?.aborted ? 0 : Math.min(options.retryMs * 2 ** Math.min(attempts, 20), HOUR);
      book.postpone(id, clock() + wait, code);
    }
    if (!signal?.aborted) log.warn({ windows: windows.length, code, error }, "evidence records: tried again later");
    return code;
  }

  /** Writes a window's tree, a page at a time. */
  async function plant(windowId: number, signal?: AbortSignal): Promise<void> {
    const tree = windowTree(book.leavesOf(windowId), crypto);
    const paths = [...tree.paths];
    for (let i = 0; i < paths.length; i += PATHS_AT_ONCE) {
      await setImmediate();
      if (signal?.aborted) return;
      book.addPaths(paths.slice(i, i + PATHS_AT_ONCE));
    }
    reach("evidence.tree-written");
    book.planted(windowId, tree);
  }

  async function stampWindow(window: UnstampedWindow, signal?: AbortSignal): Promise<boolean> {
    try {
      const { tsa, ...token } = await asking(signal)(window.root);
      if (!book.stamp(window.id, token)) return false;
      const details = { window: window.id, root: hex(window.root), stampedAt: token.genTime, tsa };
      await ledger.audit.append({ actor, action: "evidence.stamped", details });
      return true;
    } catch (error) {
      postpone([window], error, signal);
      return false;
    }
  }

  /** One token for all of them. */
  async function renewByTimestamp(digest: DigestAlgorithm, windows: readonly AgeingWindow[], signal?: AbortSignal) {
    const { root, placed } = renewalTree(windows, digest, crypto);
    const { tsa, ...token } = await asking(signal)(root);
    const renewed = book.renew(placed, token);
    const details = {
      by: "timestamp",
      windows: windows.map(({ id }) => id),
      root: hex(root),
      stampedAt: token.genTime,
      tsa,
    };
    if (renewed > 0) await ledger.audit.append({ actor, action: "evidence.renewed", details });
    return renewed;
  }

  async function renewByHashTree(window: AgeingWindow, signal?: AbortSignal): Promise<number> {
    const { tree, lost } = await rehashedTree(window, SUCCESSOR, { book, store, crypto }, signal);
    for (const each of lost)
      log.error({ window: window.id, ...each }, "evidence record not renewed: document unreadable");
    if (tree === null) throw new Error(`window ${window.id} has no document that can be read`);
    const { tsa, ...token } = await asking(signal)(tree.root);
    if (!book.rehash(window, tree, token)) return 0;
    const details = {
      by: "hash-tree",
      windows: [window.id],
      root: hex(tree.root),
      stampedAt: token.genTime,
      tsa,
      lost,
    };
    await ledger.audit.append({ actor, action: "evidence.renewed", details });
    return 1;
  }

  async function renewing(
    kind: "timestamp" | "hash-tree",
    windows: readonly AgeingWindow[],
    work: () => Promise<number>,
    signal?: AbortSignal,
  ): Promise<number> {
    try {
      const renewed = await work();
      parts.onRenewal?.(kind, "ok", renewed);
      return renewed;
    } catch (error) {
      parts.onRenewal?.(kind, postpone(windows, error, signal), windows.length);
      return 0;
    }
  }

  return {
    async turn(signal) {
      await collectDocuments(ledger, book, options.isWanted, clock, signal);
      const before = clock() - options.window.seconds * 1000;
      while (!signal?.aborted && book.closeWindow(options.window.documents, before, clock())) {
        reach("evidence.window-closed");
      }
      for (const id of book.unplanted()) await plant(id, signal);
      const now = clock();
      const stamped = await Promise.all(
        book.claimUnstamped(now, now + options.leaseMs, AT_ONCE).map((window) => stampWindow(window, signal)),
      );
      return stamped.filter(Boolean).length;
    },

    async renewDue(signal) {
      const now = clock();
      const due = book.claimAgeing(now, now + Math.max(options.leaseMs, HOUR), RENEWED_AT_ONCE);
      const byTimestamp = new Map<DigestAlgorithm, AgeingWindow[]>();
      let renewed = 0;
      for (const window of due) {
        const { digestAlgorithm: digest } = window;
        const ends = parts.digestReliedOnUntil(digest) - margin <= now;
        if (ends && digest !== SUCCESSOR) {
          renewed += await renewing("hash-tree", [window], () => renewByHashTree(window, signal), signal);
        } else byTimestamp.set(digest, [...(byTimestamp.get(digest) ?? []), window]);
      }
      for (const [digest, windows] of byTimestamp) {
        renewed += await renewing("timestamp", windows, () => renewByTimestamp(digest, windows, signal), signal);
      }
      return renewed;
    },
  };
}

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString("hex");

/** Takes turns every `everyMs` until it is stopped; a failure is logged and the next turn tries again. */
export function startEvidenceKeeper(keeper: EvidenceKeeper, options: { everyMs: number; log: Logger }): Turns {
  const { everyMs, log } = options;
  return takeTurns(
    async (signal) => {
      while ((await keeper.turn(signal)) > 0 && !signal.aborted);
      while ((await keeper.renewDue(signal)) > 0 && !signal.aborted);
      return everyMs;
    },
    (error) => {
      log.error({ error }, "evidence records: a turn failed");
      return everyMs;
    },
  );
}
