import type { XmlElement, XmlParent, XPathNode } from "./tree.ts";

/** A subtree without the elements cut out of it (enveloped signatures): the shape nearly every reference has. */
export interface Subtree {
  readonly kind: "subtree";
  readonly apex: XmlParent;
  /** False when the reference left comments out (XMLDSig §4.4.3.3). */
  readonly comments: boolean;
  readonly without: ReadonlySet<XmlElement>;
}

/** Any set of nodes of one document. */
export interface NodeList {
  readonly kind: "nodes";
  readonly document: XmlParent;
  readonly nodes: ReadonlySet<XPathNode>;
}

/** A node-set in the sense of XMLDSig §4.4.3.2, in one of two representations. */
export type NodeSet = Subtree | NodeList;

const NONE: ReadonlySet<XmlElement> = new Set();

export function subtree(apex: XmlParent, comments: boolean, without: ReadonlySet<XmlElement> = NONE): Subtree {
  return { kind: "subtree", apex, comments, without };
}

/** Every node of the subtree with attributes and namespace nodes, in document order. */
export function* nodesOf(apex: XmlParent, without: ReadonlySet<XmlElement> = NONE): Generator<XPathNode> {
  if (apex.type === "element") {
    if (without.has(apex)) return;
    yield apex;
    yield* apex.namespaceAxis().values();
    yield* apex.attributes;
  } else yield apex;
  for (const child of apex.children) {
    if (child.type === "element") yield* nodesOf(child, without);
    else yield child;
  }
}

/** The nodes of a set one by one. */
export function* members(set: NodeSet): Generator<XPathNode> {
  if (set.kind === "nodes") {
    yield* set.nodes;
    return;
  }
  for (const node of nodesOf(set.apex, set.without)) if (set.comments || node.type !== "comment") yield node;
}

/** True when the element itself is in the set. */
export function holdsElement(set: NodeSet, element: XmlElement): boolean {
  if (set.kind === "nodes") return set.nodes.has(element);
  if (set.apex.type === "element" && !set.apex.contains(element)) return false;
  for (const cut of set.without) if (cut.contains(element)) return false;
  return true;
}

/** The text of a set: the values of its text nodes in document order. */
export function textOf(set: NodeSet): string {
  let out = "";
  if (set.kind === "nodes") {
    for (const node of set.nodes) if (node.type === "text") out += node.value;
    return out;
  }
  const walk = (parent: XmlParent): void => {
    for (const child of parent.children) {
      if (child.type === "text") out += child.value;
      else if (child.type === "element" && !set.without.has(child)) walk(child);
    }
  };
  if (set.apex.type !== "element" || !set.without.has(set.apex)) walk(set.apex);
  return out;
}
