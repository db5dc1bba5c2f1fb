import type { CryptoProvider, DigestAlgorithm } from "@hocba/certs/crypto";
import { sortDer } from "@hocba/certs/der";
import { buildHashTree, type HashTree } from "./hash-tree.ts";
import { nodeDigest } from "./node-digest.ts";

/**
 * A hash tree whose leaves are groups of data objects that belong together (RFC 4998 §4.2, data groups), as a detached signature and
 * its content: the first list of a group's reduced tree holds the digests of its members. A group of one is that digest.
 * @throws RangeError without groups, or with an empty one
 */
export function buildGroupTree(
  groups: readonly (readonly Uint8Array[])[],
  digestAlgorithm: DigestAlgorithm,
  crypto: CryptoProvider,
): HashTree {
  if (groups.some((members) => members.length === 0)) throw new RangeError("a group needs at least one digest");
  const tree = buildHashTree(
    groups.map((members) => nodeDigest(crypto, digestAlgorithm, members)),
    digestAlgorithm,
    crypto,
  );
  return {
    ...tree,
    reducedHashTree(index) {
      const lists = tree.reducedHashTree(index);
      const members = groups[index]!;
      if (members.length === 1) return lists;
      const own = [...sortDer(members)];
      if (lists === null) return [own];
      const above = nodeDigest(crypto, digestAlgorithm, members);
      const [first, ...rest] = lists;
      // Two equal leaves: one of them is the sibling.
      const at = first!.findIndex((value) => value.every((octet, i) => octet === above[i]));
      return [own, first!.filter((_, i) => i !== at), ...rest];
    },
  };
}
