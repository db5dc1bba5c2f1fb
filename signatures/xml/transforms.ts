import { SignaturesError } from "../errors.ts";
import { decodeBase64 } from "./base64.ts";
import { C14N_10, type C14nMethod, c14nMethodOf } from "./c14n-methods.ts";
import { canonicalize } from "./canonicalize.ts";
import { filter2 } from "./filter2.ts";
import { DS_NS, EXC_C14N_NS, FILTER2_NS } from "./namespaces.ts";
import { members, subtree, textOf } from "./node-set.ts";
import { parseXml } from "./parse-xml.ts";
import { chargeAxis, type TransformContext, type TransformData } from "./transform-context.ts";
import type { XmlElement, XPathNode } from "./tree.ts";
import { parseXPath, toBoolean, XPathEvaluator } from "./xpath/index.ts";

export const ENVELOPED = `${DS_NS}enveloped-signature`;
export const BASE64 = `${DS_NS}base64`;
export const XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116";

export const XPOINTER = "http://www.w3.org/2001/04/xmldsig-more/xptr";

/**
 * Applies one ds:Transform. The known ones are canonicalisation, enveloped signature, base64, XPath and XPath filter 2.
 * @throws SignaturesError XML_UNSUPPORTED (another transform, XSLT included), XML_LIMIT, and what parsing octets throws
 */
export function applyTransform(transform: XmlElement, data: TransformData, context: TransformContext): TransformData {
  const uri = transform.attribute("Algorithm") ?? "";
  const c14n = c14nMethodOf(uri);
  if (c14n) {
    const { set } = asNodes(data, context);
    const list = transform.first("InclusiveNamespaces", EXC_C14N_NS)?.attribute("PrefixList") ?? "";
    const inclusivePrefixes = list.split(/\s+/).flatMap((p) => (p === "" ? [] : [p === "#default" ? "" : p]));
    const bytes = canonicalize(set, c14n.kind === "exclusive" ? { ...c14n, inclusivePrefixes } : c14n);
    return octets(bytes, context);
  }
  switch (uri) {
    case ENVELOPED:
      return withoutSignature(asNodes(data, context), context);
    case BASE64:
      return fromBase64(data, context);
    case XPATH:
      return xpathFilter(transform, asNodes(data, context), context);
    case XPOINTER:
      return xpointer(transform, asNodes(data, context));
    case FILTER2_NS:
      return filter2(transform, asNodes(data, context), context);
    default:
      throw new SignaturesError("XML_UNSUPPORTED", `transform ${uri.slice(0, 200)}`, { details: { transform: uri } });
  }
}

/** The octets that are digested: a node-set that is left at the end goes through Canonical XML 1.0 (XMLDSig §4.4.3.2). */
export function toOctets(data: TransformData, context: TransformContext, method?: C14nMethod): Uint8Array {
  if (data.kind === "octets") return data.bytes;
  const bytes = canonicalize(data.set, method ?? c14nMethodOf(C14N_10)!);
  context.budget.octets -= bytes.length;
  checkBudget(context);
  return bytes;
}

function octets(bytes: Uint8Array, context: TransformContext): TransformData {
  context.budget.octets -= bytes.length;
  checkBudget(context);
  return { kind: "octets", bytes };
}

export function checkBudget(context: TransformContext): void {
  if (context.budget.octets < 0) throw new SignaturesError("XML_LIMIT", "the references cost too much");
}

type Nodes = Extract<TransformData, { kind: "node-set" }>;

function asNodes(data: TransformData, context: TransformContext): Nodes {
  if (data.kind === "node-set") return data;
  const document = parseXml(data.bytes, context.parse);
  return { kind: "node-set", set: subtree(document, true), document };
}

function withoutSignature(data: Nodes, context: TransformContext): TransformData {
  const { signature } = context;
  if (data.document !== context.document) {
    throw new SignaturesError("XML_UNSUPPORTED", "enveloped transform on data of another document");
  }
  if (data.set.kind === "subtree") {
    const { apex } = data.set;
    if (apex.type === "element" && signature.contains(apex)) {
      return { ...data, set: { kind: "nodes", document: data.document, nodes: new Set() } };
    }
    return { ...data, set: { ...data.set, without: new Set([...data.set.without, signature]) } };
  }
  const nodes = new Set<XPathNode>();
  for (const node of data.set.nodes) {
    const owner = node.type === "attribute" || node.type === "namespace" ? node.parent : node;
    if (!signature.contains(owner)) nodes.add(node);
  }
  return { ...data, set: { ...data.set, nodes } };
}

function fromBase64(data: TransformData, context: TransformContext): TransformData {
  let text = "";
  if (data.kind === "octets") text = new TextDecoder("latin1").decode(data.bytes);
  else text = textOf(data.set);
  const bytes = decodeBase64(text);
  if (!bytes) throw new SignaturesError("XML_NOT_WELL_FORMED", "base64 transform: not base64");
  return octets(bytes, context);
}

/** XPointer as a transform (RFC 9231 §2.5.3), of which only `xpointer(id('…'))` is known. */
function xpointer(transform: XmlElement, data: Nodes): TransformData {
  const expression = transform.first("XPointer", XPOINTER)?.ownText.trim() ?? "";
  const id = /^xpointer\(id\((?:'([^']*)'|"([^"]*)")\)\)$/.exec(expression);
  const found = id ? data.document.ids.get(id[1] ?? id[2]!) : undefined;
  if (found?.length !== 1) throw new SignaturesError("XML_UNSUPPORTED", "XPointer other than to one element by Id");
  return { ...data, set: subtree(found[0]!, true) };
}

function xpathFilter(transform: XmlElement, data: Nodes, context: TransformContext): TransformData {
  const holder = transform.elements("XPath", DS_NS);
  if (holder.length !== 1) throw new SignaturesError("XML_UNSUPPORTED", "XPath transform without one expression");
  const expression = parseXPath(holder[0]!.ownText, (prefix) => holder[0]!.lookupNamespace(prefix));
  const evaluator = new XPathEvaluator(data.document, holder[0]!, context.budget);
  const nodes = new Set<XPathNode>();
  for (const node of members(data.set)) {
    chargeAxis(node, context);
    if (toBoolean(evaluator.evaluate(expression, node))) nodes.add(node);
  }
  return { ...data, set: { kind: "nodes", document: data.document, nodes } };
}
