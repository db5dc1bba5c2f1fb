/** Syntax tree of an XPath 1.0 expression. */
export type Expression =
  | {
      op: "or" | "and" | "=" | "!=" | "<" | "<=" | ">" | ">=" | "+" | "-" | "*" | "div" | "mod" | "|";
      left: Expression;
      right: Expression;
    }
  | { op: "negate"; of: Expression }
  | { op: "number"; value: number }
  | { op: "string"; value: string }
  | { op: "call"; name: string; args: Expression[] }
  | { op: "filter"; primary: Expression; predicates: Expression[] }
  | { op: "path"; from: Expression | "root" | "context"; steps: Step[] };

export type Axis =
  | "child"
  | "descendant"
  | "parent"
  | "ancestor"
  | "following-sibling"
  | "preceding-sibling"
  | "following"
  | "preceding"
  | "attribute"
  | "namespace"
  | "self"
  | "descendant-or-self"
  | "ancestor-or-self";

export interface Step {
  axis: Axis;
  test: NodeTest;
  predicates: Expression[];
}

export type NodeTest =
  | { kind: "node" | "text" | "comment" }
  | { kind: "pi"; target: string | null }
  /** `local` null stands for `*`; `uri` null for any namespace (only with `*`). */
  | { kind: "name"; uri: string | null; local: string | null };
