import { SignaturesError } from "../../errors.ts";
import type { XmlDocument, XPathNode } from "../tree.ts";
import { alongAxis, compareNodes, passes } from "./axes.ts";
import type { Expression, Step } from "./expression.ts";
import { callFunction, type Focus, type FunctionContext } from "./functions.ts";
import { compare, toBoolean, toNodes, toNumber, type Value } from "./values.ts";

/** Work that may still be done: an expression over a hostile document ends when it is used up. */
export interface XPathBudget {
  steps: number;
}

/** Evaluates parsed expressions over one document. */
export class XPathEvaluator {
  private readonly document: XmlDocument;
  private readonly budget: XPathBudget;
  private readonly context: FunctionContext;

  constructor(document: XmlDocument, here: XPathNode | null, budget: XPathBudget) {
    this.document = document;
    this.budget = budget;
    this.context = {
      here,
      elementById: (id) => {
        const elements = document.ids.get(id);
        return elements?.length === 1 ? elements[0]! : null;
      },
      spend: (steps) => this.spend(steps),
    };
  }

  /** @throws SignaturesError XML_LIMIT (budget used up), XML_UNSUPPORTED */
  evaluate(expression: Expression, node: XPathNode, position = 1, size = 1): Value {
    return this.value(expression, { node, position, size });
  }

  private spend(steps: number): void {
    this.budget.steps -= steps;
    if (this.budget.steps < 0) throw new SignaturesError("XML_LIMIT", "XPath expression costs too much");
  }

  private value(e: Expression, focus: Focus): Value {
    this.spend(1);
    switch (e.op) {
      case "number":
      case "string":
        return e.value;
      case "negate":
        return -toNumber(this.value(e.of, focus));
      case "or":
        return toBoolean(this.value(e.left, focus)) || toBoolean(this.value(e.right, focus));
      case "and":
        return toBoolean(this.value(e.left, focus)) && toBoolean(this.value(e.right, focus));
      case "|": {
        const left = toNodes(this.value(e.left, focus));
        const right = toNodes(this.value(e.right, focus));
        this.spend(left.size + right.size);
        return new Set([...left, ...right]);
      }
      case "+":
      case "-":
      case "*":
      case "div":
      case "mod":
        return arithmetic(e.op, toNumber(this.value(e.left, focus)), toNumber(this.value(e.right, focus)));
      case "call":
        return this.call(e.name, e.args, focus);
      case "filter": {
        const nodes = [...toNodes(this.value(e.primary, focus))].sort(compareNodes);
        this.spend(nodes.length);
        return new Set(e.predicates.reduce((rest, p) => this.filter(rest, p), nodes));
      }
      case "path": {
        const from =
          e.from === "context"
            ? new Set([focus.node])
            : e.from === "root"
              ? new Set<XPathNode>([this.document])
              : toNodes(this.value(e.from, focus));
        return e.steps.reduce((nodes, step) => this.step(nodes, step), from);
      }
      default: {
        const [left, right] = [this.value(e.left, focus), this.value(e.right, focus)];
        for (const v of [left, right]) if (v instanceof Set) for (const node of v) this.spend(textCost(node));
        return compare(e.op, left, right, (n) => this.spend(n));
      }
    }
  }

  private call(name: string, args: Expression[], focus: Focus): Value {
    const values = args.map((a) => this.value(a, focus));
    // String functions are linear in text that may be the whole document.
    for (const v of values) {
      if (typeof v === "string") this.spend(v.length >> 4);
      else if (v instanceof Set && !COUNTING.has(name)) for (const node of v) this.spend(textCost(node));
    }
    const out = callFunction(name, values, focus, this.context);
    if (typeof out === "string") this.spend(out.length >> 4);
    return out;
  }

  private step(from: Set<XPathNode>, step: Step): Set<XPathNode> {
    const out = new Set<XPathNode>();
    for (const node of from) {
      let found: XPathNode[] = [];
      // Namespace nodes are made on demand: paid before they are.
      if (step.axis === "namespace" && node.type === "element") this.spend(8 * node.namespacesInScope().size);
      for (const candidate of alongAxis(step.axis, node)) {
        this.spend(1);
        if (passes(step.test, step.axis, candidate)) found.push(candidate);
      }
      for (const predicate of step.predicates) found = this.filter(found, predicate);
      // Keeping a node costs more than passing by one.
      this.spend(2 * found.length);
      for (const hit of found) out.add(hit);
    }
    return out;
  }

  private filter(nodes: XPathNode[], predicate: Expression): XPathNode[] {
    return nodes.filter((node, i) => {
      const value = this.value(predicate, { node, position: i + 1, size: nodes.length });
      return typeof value === "number" ? value === i + 1 : toBoolean(value);
    });
  }
}

/** Functions that look at how many nodes there are, never at their text. */
const COUNTING = new Set(["not", "boolean", "count"]);

const textCost = (node: XPathNode): number =>
  node.type === "element"
    ? 1 + ((node.end - node.start) >> 4)
    : node.type === "document"
      ? 1 + (node.text.length >> 4)
      : 1;

function arithmetic(op: "+" | "-" | "*" | "div" | "mod", left: number, right: number): number {
  switch (op) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "div":
      return left / right;
    case "mod":
      return left % right;
  }
}
