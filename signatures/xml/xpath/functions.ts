import { SignaturesError } from "../../errors.ts";
import type { XmlElement, XPathNode } from "../tree.ts";
import { stringValue } from "./axes.ts";
import { firstInOrder, toBoolean, toNodes, toNumber, toText, type Value } from "./values.ts";

export interface Focus {
  node: XPathNode;
  position: number;
  size: number;
}

/** What functions need beside their arguments. */
export interface FunctionContext {
  elementById(id: string): XmlElement | null;
  /** The node that bears the expression: `here()` of XMLDSig §6.6.3. */
  here: XPathNode | null;
  spend(steps: number): void;
}

type XPathFunction = (args: Value[], focus: Focus, context: FunctionContext) => Value;

const self = (args: Value[], focus: Focus): Value => args[0] ?? new Set([focus.node]);
const named = (args: Value[], focus: Focus): XPathNode | undefined => firstInOrder(toNodes(self(args, focus)));

function expandedName(node: XPathNode | undefined): { name: string; local: string; uri: string } {
  if (node?.type === "element" || node?.type === "attribute") return node;
  if (node?.type === "pi") return { name: node.target, local: node.target, uri: "" };
  if (node?.type === "namespace") return { name: node.prefix, local: node.prefix, uri: "" };
  return { name: "", local: "", uri: "" };
}

function round(value: number): number {
  return Number.isFinite(value) ? Math.floor(value + 0.5) : value;
}

function substring(text: string, from: number, length: number): string {
  const first = round(from);
  const end = first + length;
  return [...text].filter((_, i) => i + 1 >= first && i + 1 < end).join("");
}

function translate(text: string, from: string, to: string): string {
  const [source, target] = [[...from], [...to]];
  const map = new Map<string, string>();
  source.forEach((c, i) => {
    if (!map.has(c)) map.set(c, target[i] ?? "");
  });
  return [...text].map((c) => map.get(c) ?? c).join("");
}

/** Core function library of XPath 1.0 §4, and `here`. Name → least and most arguments, body. */
const LIBRARY: ReadonlyMap<string, [number, number, XPathFunction]> = new Map<string, [number, number, XPathFunction]>([
  ["last", [0, 0, (_, f) => f.size]],
  ["position", [0, 0, (_, f) => f.position]],
  ["count", [1, 1, (a) => toNodes(a[0]!).size]],
  [
    "id",
    [
      1,
      1,
      (a, _, c) => {
        const out = new Set<XPathNode>();
        const values = a[0] instanceof Set ? [...a[0]].map(stringValue) : [toText(a[0]!)];
        for (const id of values.join(" ").split(/\s+/)) {
          c.spend(1);
          const element = id === "" ? null : c.elementById(id);
          if (element) out.add(element);
        }
        return out;
      },
    ],
  ],
  ["local-name", [0, 1, (a, f) => expandedName(named(a, f)).local]],
  ["namespace-uri", [0, 1, (a, f) => expandedName(named(a, f)).uri]],
  ["name", [0, 1, (a, f) => expandedName(named(a, f)).name]],
  ["string", [0, 1, (a, f) => toText(self(a, f))]],
  ["concat", [2, 64, (a) => a.map(toText).join("")]],
  ["starts-with", [2, 2, (a) => toText(a[0]!).startsWith(toText(a[1]!))]],
  ["contains", [2, 2, (a) => toText(a[0]!).includes(toText(a[1]!))]],
  [
    "substring-before",
    [
      2,
      2,
      (a) => {
        const text = toText(a[0]!);
        const at = text.indexOf(toText(a[1]!));
        return at < 0 ? "" : text.slice(0, at);
      },
    ],
  ],
  [
    "substring-after",
    [
      2,
      2,
      (a) => {
        const [text, mark] = [toText(a[0]!), toText(a[1]!)];
        const at = text.indexOf(mark);
        return at < 0 ? "" : text.slice(at + mark.length);
      },
    ],
  ],
  [
    "substring",
    [2, 3, (a) => substring(toText(a[0]!), toNumber(a[1]!), a[2] === undefined ? Infinity : round(toNumber(a[2])))],
  ],
  ["string-length", [0, 1, (a, f) => [...toText(self(a, f))].length]],
  [
    "normalize-space",
    [
      0,
      1,
      (a, f) =>
        toText(self(a, f))
          .replace(/[ \t\r\n]+/g, " ")
          .replace(/^ | $/g, ""),
    ],
  ],
  ["translate", [3, 3, (a) => translate(toText(a[0]!), toText(a[1]!), toText(a[2]!))]],
  ["boolean", [1, 1, (a) => toBoolean(a[0]!)]],
  ["not", [1, 1, (a) => !toBoolean(a[0]!)]],
  ["true", [0, 0, () => true]],
  ["false", [0, 0, () => false]],
  ["number", [0, 1, (a, f) => toNumber(self(a, f))]],
  ["sum", [1, 1, (a) => [...toNodes(a[0]!)].reduce((total, n) => total + toNumber(stringValue(n)), 0)]],
  ["floor", [1, 1, (a) => Math.floor(toNumber(a[0]!))]],
  ["ceiling", [1, 1, (a) => Math.ceil(toNumber(a[0]!))]],
  ["round", [1, 1, (a) => round(toNumber(a[0]!))]],
  ["here", [0, 0, (_, _f, c) => (c.here ? new Set([c.here]) : new Set<XPathNode>())]],
]);

/** Calls a function by name. @throws SignaturesError XML_UNSUPPORTED (unknown function, wrong number of arguments) */
export function callFunction(name: string, args: Value[], focus: Focus, context: FunctionContext): Value {
  const known = LIBRARY.get(name);
  if (!known || args.length < known[0] || args.length > known[1]) {
    throw new SignaturesError("XML_UNSUPPORTED", `XPath function ${name.slice(0, 40)}/${args.length}`);
  }
  return known[2](args, focus, context);
}
