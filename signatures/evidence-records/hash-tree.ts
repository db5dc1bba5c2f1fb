import type { CryptoProvider, DigestAlgorithm } from "@hocba/certs/crypto";

/** A binary hash tree over digests, whose root one time stamp covers (RFC 4998 §4.2). */
export interface HashTree {
  readonly digestAlgorithm: DigestAlgorithm;
  /** What the time stamp's message imprint must be. */
  readonly root: Uint8Array;
  readonly size: number;
  /**
   * The reduced hash tree of one leaf (RFC 4998 §4.2.2): the leaf and its sibling, then the sibling on each level, until the root
   * follows. Null for a tree of one leaf: the digest itself is stamped. @throws RangeError for a place that does not exist
   */
  reducedHashTree(index: number): Uint8Array[][] | null;
}

/**
 * Builds the tree in the order of the digests; an odd node at the end of a level rises as it is.
 * Cost: one digest of two values for each leaf but one. @throws RangeError without digests
 */
export function buildHashTree(
  digests: readonly Uint8Array[],
  digestAlgorithm: DigestAlgorithm,
  crypto: CryptoProvider,
): HashTree {
  if (digests.length === 0) throw new RangeError("a hash tree needs at least one digest");
  const levels: (readonly Uint8Array[])[] = [digests];
  for (let level = digests; level.length > 1; ) {
    const above = new Array<Uint8Array>(Math.ceil(level.length / 2));
    for (let i = 0; i < above.length; i++) {
      const left = level[2 * i]!;
      const right = level[2 * i + 1];
      if (!right) above[i] = left;
      else if (precedes(left, right)) above[i] = crypto.digest(digestAlgorithm, left, right);
      else above[i] = crypto.digest(digestAlgorithm, right, left);
    }
    levels.push(above);
    level = above;
  }
  return {
    digestAlgorithm,
    root: levels.at(-1)![0]!,
    size: digests.length,
    reducedHashTree: (index) => reduce(levels, index),
  };
}

/** Binary ascending order (RFC 4998 §4.2). */
function precedes(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length && i < b.length; i++) if (a[i] !== b[i]) return a[i]! < b[i]!;
  return a.length <= b.length;
}

function reduce(levels: readonly (readonly Uint8Array[])[], index: number): Uint8Array[][] | null {
  const leaf = levels[0]![index];
  if (!leaf) throw new RangeError(`no leaf ${index}`);
  const lists: Uint8Array[][] = [];
  let at = index;
  for (const level of levels) {
    const sibling = level[at ^ 1];
    if (sibling) lists.push(lists.length > 0 ? [sibling] : precedes(leaf, sibling) ? [leaf, sibling] : [sibling, leaf]);
    at >>= 1;
  }
  return lists.length > 0 ? lists : null;
}
