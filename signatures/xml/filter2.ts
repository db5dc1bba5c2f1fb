import { SignaturesError } from "../errors.ts";
import { FILTER2_NS } from "./namespaces.ts";
import { members } from "./node-set.ts";
import { chargeAxis, type TransformContext, type TransformData } from "./transform-context.ts";
import type { XmlElement, XPathNode } from "./tree.ts";
import { parseXPath, toNodes, XPathEvaluator } from "./xpath/index.ts";

const OPERATIONS = ["intersect", "subtract", "union"] as const;
const MAX_FILTERS = 16;

/**
 * XML-Signature XPath Filter 2.0 §3: each expression selects subtrees, which are intersected with, taken from or added to
 * the filter; what is left of the input is the result.
 * @throws SignaturesError XML_UNSUPPORTED, XML_LIMIT
 */
export function filter2(
  transform: XmlElement,
  data: Extract<TransformData, { kind: "node-set" }>,
  context: TransformContext,
): TransformData {
  const filters = transform.elements("XPath", FILTER2_NS);
  if (filters.length === 0 || filters.length > MAX_FILTERS) {
    throw new SignaturesError("XML_UNSUPPORTED", "XPath filter 2 without or with too many expressions");
  }
  const steps = filters.map((filter) => {
    const operation = OPERATIONS.find((o) => o === filter.attribute("Filter"));
    if (!operation) throw new SignaturesError("XML_UNSUPPORTED", "XPath filter 2: unknown operation");
    const expression = parseXPath(filter.ownText, (prefix) => filter.lookupNamespace(prefix));
    const evaluator = new XPathEvaluator(data.document, filter, context.budget);
    return { operation, isIn: subtreesOf(toNodes(evaluator.evaluate(expression, data.document))) };
  });
  const nodes = new Set<XPathNode>();
  for (const node of members(data.set)) {
    chargeAxis(node, context);
    // The filter starts as the whole document and is laid over the input at the end: a union adds nothing to the input.
    let kept = true;
    for (const { operation, isIn } of steps) {
      if (operation === "intersect") kept = kept && isIn(node);
      else if (operation === "subtract") kept = kept && !isIn(node);
      else kept = kept || isIn(node);
    }
    if (kept) nodes.add(node);
  }
  return { ...data, set: { kind: "nodes", document: data.document, nodes } };
}

/** Membership in the subtrees whose tops are given; answers for elements are kept, so that each is found once. */
function subtreesOf(tops: ReadonlySet<XPathNode>): (node: XPathNode) => boolean {
  const known = new Map<XPathNode, boolean>();
  const isIn = (node: XPathNode): boolean => {
    if (tops.has(node)) return true;
    if (node.type === "document") return false;
    const parent = node.parent;
    let answer = known.get(parent);
    if (answer === undefined) {
      answer = isIn(parent);
      known.set(parent, answer);
    }
    return answer;
  };
  return isIn;
}
