import type { XmlNode, XmlParent, XPathNode } from "../tree.ts";
import type { Axis, NodeTest } from "./expression.ts";

function* below(node: XmlParent): Generator<XmlNode> {
  for (const child of node.children) {
    yield child;
    if (child.type === "element") yield* below(child);
  }
}

function* above(node: XPathNode): Generator<XPathNode> {
  let at: XPathNode = node;
  while (at.type !== "document") {
    at = at.parent;
    yield at;
  }
}

const isParent = (node: XPathNode): node is XmlParent => node.type === "element" || node.type === "document";

function siblings(node: XPathNode): { list: readonly XmlNode[]; index: number } | null {
  if (node.type === "document" || node.type === "attribute" || node.type === "namespace") return null;
  const list = node.parent.children;
  return { list, index: list.indexOf(node) };
}

/** The nodes of an axis in its own order: reverse axes run backwards (XPath 1.0 §2.2). */
export function* alongAxis(axis: Axis, node: XPathNode): Generator<XPathNode> {
  switch (axis) {
    case "self":
      yield node;
      return;
    case "child":
      if (isParent(node)) yield* node.children;
      return;
    case "descendant-or-self":
      yield node;
      if (isParent(node)) yield* below(node);
      return;
    case "descendant":
      if (isParent(node)) yield* below(node);
      return;
    case "parent":
      if (node.type !== "document") yield node.parent;
      return;
    case "ancestor-or-self":
      yield node;
      yield* above(node);
      return;
    case "ancestor":
      yield* above(node);
      return;
    case "attribute":
      if (node.type === "element") yield* node.attributes;
      return;
    case "namespace":
      if (node.type === "element") yield* node.namespaceAxis().values();
      return;
    case "following-sibling": {
      const s = siblings(node);
      if (s) for (let i = s.index + 1; i < s.list.length; i++) yield s.list[i]!;
      return;
    }
    case "preceding-sibling": {
      const s = siblings(node);
      if (s) for (let i = s.index - 1; i >= 0; i--) yield s.list[i]!;
      return;
    }
    case "following":
      yield* following(node);
      return;
    case "preceding":
      yield* preceding(node);
      return;
  }
}

function* following(node: XPathNode): Generator<XPathNode> {
  if (node.type === "attribute" || node.type === "namespace") {
    yield* below(node.parent);
    yield* following(node.parent);
    return;
  }
  for (let at: XPathNode = node; at.type !== "document"; at = at.parent) {
    for (const sibling of alongAxis("following-sibling", at)) yield* alongAxis("descendant-or-self", sibling);
  }
}

function* preceding(node: XPathNode): Generator<XPathNode> {
  const start = node.type === "attribute" || node.type === "namespace" ? node.parent : node;
  for (let at: XPathNode = start; at.type !== "document"; at = at.parent) {
    for (const sibling of alongAxis("preceding-sibling", at)) {
      yield* [...alongAxis("descendant-or-self", sibling)].reverse();
    }
  }
}

/** Whether a node on the axis passes the test (XPath 1.0 §2.3). */
export function passes(test: NodeTest, axis: Axis, node: XPathNode): boolean {
  switch (test.kind) {
    case "node":
      return true;
    case "text":
    case "comment":
      return node.type === test.kind;
    case "pi":
      return node.type === "pi" && (test.target === null || node.target === test.target);
    case "name": {
      const principal = axis === "attribute" ? "attribute" : axis === "namespace" ? "namespace" : "element";
      if (node.type !== principal) return false;
      if (node.type === "namespace") return test.local === null || (test.uri === "" && node.prefix === test.local);
      if (node.type !== "element" && node.type !== "attribute") return false;
      return (test.uri === null || node.uri === test.uri) && (test.local === null || node.local === test.local);
    }
  }
}

/** Document order (XPath 1.0 §5): an element, its namespace nodes, its attributes, its children. */
export function compareNodes(a: XPathNode, b: XPathNode): number {
  const [ao, ak, ai] = rank(a);
  const [bo, bk, bi] = rank(b);
  return ao - bo || ak - bk || ai - bi;
}

function rank(node: XPathNode): [number, number, number] {
  if (node.type === "namespace") return [node.parent.order, 1, node.index];
  if (node.type === "attribute") return [node.parent.order, 2, node.index];
  return [node.order, 0, 0];
}

/** String value of a node (XPath 1.0 §5). */
export function stringValue(node: XPathNode): string {
  switch (node.type) {
    case "element":
      return node.textContent;
    case "document":
      return node.root.textContent;
    case "namespace":
      return node.uri;
    default:
      return node.value;
  }
}
