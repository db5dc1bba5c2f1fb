export { type XPathBudget, XPathEvaluator } from "./evaluate.ts";
export type { Expression } from "./expression.ts";
export { parseXPath } from "./parse-xpath.ts";
export { toBoolean, toNodes, type Value } from "./values.ts";
