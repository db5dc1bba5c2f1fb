import { SignaturesError } from "../../errors.ts";
import type { XPathNode } from "../tree.ts";
import { compareNodes, stringValue } from "./axes.ts";

/** The four types of XPath 1.0; a node-set is a Set in no particular order. */
export type Value = Set<XPathNode> | string | number | boolean;

export function firstInOrder(nodes: Set<XPathNode>): XPathNode | undefined {
  let first: XPathNode | undefined;
  for (const node of nodes) if (first === undefined || compareNodes(node, first) < 0) first = node;
  return first;
}

export function toBoolean(value: Value): boolean {
  if (value instanceof Set) return value.size > 0;
  return typeof value === "number" ? value !== 0 && !Number.isNaN(value) : Boolean(value);
}

export function toText(value: Value): string {
  if (value instanceof Set) {
    const first = firstInOrder(value);
    return first ? stringValue(first) : "";
  }
  return Object.is(value, -0) ? "0" : String(value);
}

export function toNumber(value: Value): number {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  const text = toText(value).trim();
  return /^-?(\d+(\.\d*)?|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
}

export function toNodes(value: Value): Set<XPathNode> {
  if (value instanceof Set) return value;
  throw new SignaturesError("XML_UNSUPPORTED", "XPath expression: a node-set was expected");
}

type Comparison = "=" | "!=" | "<" | "<=" | ">" | ">=";

/** Comparisons of XPath 1.0 §3.4. `spend` is called once per pair of values looked at. */
export function compare(op: Comparison, left: Value, right: Value, spend: (steps: number) => void): boolean {
  const isSet = left instanceof Set || right instanceof Set;
  if (!isSet) return comparePlain(op, left, right);
  if (typeof left === "boolean" || typeof right === "boolean") {
    return comparePlain(op, toBoolean(left), toBoolean(right));
  }
  const lefts: (string | number)[] = left instanceof Set ? [...left].map(stringValue) : [left];
  const rights: (string | number)[] = right instanceof Set ? [...right].map(stringValue) : [right];
  for (const l of lefts) {
    spend(rights.length);
    for (const r of rights) if (comparePlain(op, l, r)) return true;
  }
  return false;
}

function comparePlain(op: Comparison, left: Value, right: Value): boolean {
  if (op === "=" || op === "!=") {
    const equal =
      typeof left === "boolean" || typeof right === "boolean"
        ? toBoolean(left) === toBoolean(right)
        : typeof left === "number" || typeof right === "number"
          ? toNumber(left) === toNumber(right)
          : left === right;
    return (op === "=") === equal;
  }
  const [l, r] = [toNumber(left), toNumber(right)];
  return op === "<" ? l < r : op === "<=" ? l <= r : op === ">" ? l > r : l >= r;
}
