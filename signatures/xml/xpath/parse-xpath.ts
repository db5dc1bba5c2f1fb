import { SignaturesError } from "../../errors.ts";
import type { Axis, Expression, NodeTest, Step } from "./expression.ts";
import { type Token, tokenize } from "./tokens.ts";

const AXES = new Set<string>([
  "child",
  "descendant",
  "parent",
  "ancestor",
  "following-sibling",
  "preceding-sibling",
  "following",
  "preceding",
  "attribute",
  "namespace",
  "self",
  "descendant-or-self",
  "ancestor-or-self",
]);
const LEVELS: readonly (readonly string[])[] = [
  ["or"],
  ["and"],
  ["=", "!="],
  ["<", "<=", ">", ">="],
  ["+", "-"],
  ["*", "div", "mod"],
];
const MAX_DEPTH = 32;
const ANY_DESCENDANT: Step = { axis: "descendant-or-self", test: { kind: "node" }, predicates: [] };

/**
 * Parses an XPath 1.0 expression. Variables are not known here.
 * @param namespaceOf the namespace name bound to a prefix where the expression stands
 * @throws SignaturesError XML_UNSUPPORTED, XML_LIMIT
 */
export function parseXPath(expression: string, namespaceOf: (prefix: string) => string | undefined): Expression {
  return new Parser(tokenize(expression), namespaceOf).whole();
}

class Parser {
  private readonly tokens: Token[];
  private readonly namespaceOf: (prefix: string) => string | undefined;
  private at = 0;
  private depth = 0;

  constructor(tokens: Token[], namespaceOf: (prefix: string) => string | undefined) {
    this.tokens = tokens;
    this.namespaceOf = namespaceOf;
  }

  whole(): Expression {
    const out = this.expression();
    if (this.peek.kind !== "end") throw this.wrong();
    return out;
  }

  private get peek(): Token {
    return this.tokens[this.at]!;
  }

  private is(text: string, ahead = 0): boolean {
    const t = this.tokens[this.at + ahead];
    return t !== undefined && (t.kind === "symbol" || t.kind === "operator") && t.text === text;
  }

  private take(text: string): boolean {
    if (!this.is(text)) return false;
    this.at++;
    return true;
  }

  private need(text: string): void {
    if (!this.take(text)) throw this.wrong();
  }

  private wrong(): SignaturesError {
    return new SignaturesError("XML_UNSUPPORTED", `XPath expression, at "${this.peek.text.slice(0, 40)}"`);
  }

  private expression(): Expression {
    if (++this.depth > MAX_DEPTH) throw new SignaturesError("XML_LIMIT", "XPath expression nested too deeply");
    const out = this.binary(0);
    this.depth--;
    return out;
  }

  private binary(level: number): Expression {
    if (level === LEVELS.length) return this.unary();
    let left = this.binary(level + 1);
    for (;;) {
      const t = this.peek;
      if (t.kind !== "operator" || !LEVELS[level]!.includes(t.text)) return left;
      this.at++;
      left = { op: t.text as "or", left, right: this.binary(level + 1) };
    }
  }

  private unary(): Expression {
    let negative = false;
    while (this.take("-")) negative = !negative;
    let left = this.path();
    while (this.take("|")) left = { op: "|", left, right: this.path() };
    return negative ? { op: "negate", of: left } : left;
  }

  private path(): Expression {
    if (this.is("/") || this.is("//")) {
      const steps: Step[] = this.take("//") ? [ANY_DESCENDANT] : [];
      if (steps.length === 0) {
        this.at++;
        if (!this.startsStep()) return { op: "path", from: "root", steps };
      }
      this.relative(steps);
      return { op: "path", from: "root", steps };
    }
    if (!this.startsPrimary()) {
      const steps: Step[] = [];
      this.relative(steps);
      return { op: "path", from: "context", steps };
    }
    let primary = this.primary();
    const predicates = this.predicates();
    if (predicates.length > 0) primary = { op: "filter", primary, predicates };
    if (!this.is("/") && !this.is("//")) return primary;
    const steps: Step[] = this.take("//") ? [ANY_DESCENDANT] : [];
    if (steps.length === 0) this.at++;
    this.relative(steps);
    return { op: "path", from: primary, steps };
  }

  private relative(steps: Step[]): void {
    steps.push(this.step());
    for (;;) {
      if (this.take("//")) steps.push(ANY_DESCENDANT);
      else if (!this.take("/")) return;
      steps.push(this.step());
    }
  }

  private startsStep(): boolean {
    const t = this.peek;
    return t.kind === "name" || t.kind === "star" || this.is(".") || this.is("..") || this.is("@");
  }

  private startsPrimary(): boolean {
    const t = this.peek;
    if (t.kind === "literal" || t.kind === "number" || this.is("(")) return true;
    return (
      t.kind === "name" && this.is("(", 1) && !["node", "text", "comment", "processing-instruction"].includes(t.text)
    );
  }

  private primary(): Expression {
    const t = this.peek;
    this.at++;
    if (t.kind === "literal") return { op: "string", value: t.text };
    if (t.kind === "number") return { op: "number", value: Number(t.text) };
    if (t.kind === "symbol") {
      const inner = this.expression();
      this.need(")");
      return inner;
    }
    this.need("(");
    const args: Expression[] = [];
    if (!this.take(")")) {
      do args.push(this.expression());
      while (this.take(","));
      this.need(")");
    }
    return { op: "call", name: t.text, args };
  }

  private predicates(): Expression[] {
    const out: Expression[] = [];
    while (this.take("[")) {
      out.push(this.expression());
      this.need("]");
    }
    return out;
  }

  private step(): Step {
    if (this.take(".")) return { axis: "self", test: { kind: "node" }, predicates: [] };
    if (this.take("..")) return { axis: "parent", test: { kind: "node" }, predicates: [] };
    let axis: Axis = "child";
    if (this.take("@")) axis = "attribute";
    else if (this.peek.kind === "name" && this.is("::", 1)) {
      if (!AXES.has(this.peek.text)) throw this.wrong();
      axis = this.peek.text as Axis;
      this.at += 2;
    }
    const test = this.nodeTest();
    return { axis, test, predicates: this.predicates() };
  }

  private nodeTest(): NodeTest {
    const t = this.peek;
    this.at++;
    if (t.kind === "star") return { kind: "name", uri: null, local: null };
    if (t.kind !== "name") {
      this.at--;
      throw this.wrong();
    }
    if (this.is("(")) return this.typeTest(t.text);
    const colon = t.text.indexOf(":");
    if (colon < 0) return { kind: "name", uri: "", local: t.text };
    const uri = this.namespaceOf(t.text.slice(0, colon));
    if (uri === undefined) throw new SignaturesError("XML_UNSUPPORTED", "XPath expression: unbound prefix");
    const local = t.text.slice(colon + 1);
    return { kind: "name", uri, local: local === "*" ? null : local };
  }

  private typeTest(name: string): NodeTest {
    this.need("(");
    let target: string | null = null;
    if (name === "processing-instruction" && this.peek.kind === "literal") {
      target = this.peek.text;
      this.at++;
    }
    this.need(")");
    if (name === "processing-instruction") return { kind: "pi", target };
    if (name === "node" || name === "text" || name === "comment") return { kind: name };
    throw this.wrong();
  }
}
