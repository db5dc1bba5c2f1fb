import { holdsElement } from "./node-set.ts";
import type { XmlReference } from "./reference.ts";
import { descendants, type XmlElement, type XPathNode } from "./tree.ts";

/**
 * True when an intact reference speaks for the whole element: the element, its attributes and everything inside it,
 * comments apart. What this does not hold for must not be shown as signed.
 */
export function isCovered(reference: XmlReference, element: XmlElement): boolean {
  const { set } = reference.coverage;
  if (reference.status !== "intact" || !set || !holdsElement(set, element)) return false;
  if (set.kind === "subtree") {
    for (const cut of set.without) if (element.contains(cut)) return false;
    return true;
  }
  const all = (nodes: Iterable<XPathNode>) => {
    for (const node of nodes) if (!set.nodes.has(node)) return false;
    return true;
  };
  for (const inner of descendants(element)) {
    if (!set.nodes.has(inner) || !all(inner.attributes)) return false;
    if (!all(inner.children.filter((c) => c.type === "text" || c.type === "pi"))) return false;
  }
  return true;
}
