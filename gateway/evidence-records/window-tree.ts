import type { CryptoProvider, DigestAlgorithm } from "@hocba/certs/crypto";
import { buildGroupTree } from "@hocba/signatures/evidence-records";
import type { Leaf, Path, WindowTree } from "./record-book.ts";

/** The first tree of a window: over the SHA-256 digests its documents are known by. */
export function windowTree(leaves: readonly Leaf[], crypto: CryptoProvider): WindowTree {
  const groups = leaves.map(({ sha256, contentSha256 }) =>
    [sha256, ...(contentSha256 === null ? [] : [contentSha256])].map((hex) => new Uint8Array(Buffer.from(hex, "hex"))),
  );
  return treeOver(leaves, groups, "sha256", crypto);
}

/** A tree over groups of digests, one for each leaf. */
export function treeOver(
  leaves: readonly Leaf[],
  groups: readonly (readonly Uint8Array[])[],
  digestAlgorithm: DigestAlgorithm,
  crypto: CryptoProvider,
): WindowTree {
  const tree = buildGroupTree(groups, digestAlgorithm, crypto);
  const paths = new Map<number, Path>(leaves.map((leaf, i) => [leaf.id, tree.reducedHashTree(i)]));
  return { digestAlgorithm, root: tree.root, paths };
}
