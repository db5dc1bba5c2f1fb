import type { C14nMethod } from "./c14n-methods.ts";
import { canonicalizeNodes } from "./canonicalize-nodes.ts";
import { canonicalizeSubtree } from "./canonicalize-subtree.ts";
import type { NodeSet } from "./node-set.ts";

const encoder = new TextEncoder();

/**
 * Canonical form of a node-set in UTF-8: Canonical XML 1.0, 1.1 or Exclusive Canonical XML 1.0, with or without comments.
 */
export function canonicalize(set: NodeSet, method: C14nMethod): Uint8Array {
  return encoder.encode(canonicalText(set, method));
}

/** The same as text, for building upon. */
export function canonicalText(set: NodeSet, method: C14nMethod): string {
  return set.kind === "subtree" ? canonicalizeSubtree(set, method) : canonicalizeNodes(set, method);
}
