import { HocbaError } from "@hocba/certs";
import type { CryptoProvider, DigestAlgorithm } from "@hocba/certs/crypto";
import { equalBytes } from "@hocba/certs/der";
import { SignaturesError } from "../errors.ts";
import { digestAlgorithmOf } from "./algorithms.ts";
import { decodeBase64 } from "./base64.ts";
import { C14N_10, type C14nMethod, c14nMethodOf } from "./c14n-methods.ts";
import { DS_NS, EXC_C14N_NS } from "./namespaces.ts";
import { type NodeSet, subtree } from "./node-set.ts";
import type { ParseXmlOptions } from "./parse-xml.ts";
import type { TransformContext, TransformData, XmlBudget } from "./transform-context.ts";
import { applyTransform, toOctets } from "./transforms.ts";
import type { XmlDocument, XmlElement } from "./tree.ts";

/** Supplies detached contents by URI (null for a reference without one). Nothing is ever fetched. */
export type ContentResolver = (uri: string | null) => Uint8Array | null;

export interface XmlReferenceOptions {
  crypto: CryptoProvider;
  resolve?: ContentResolver;
  /** Work allowed; pass one object for all signatures of a document. */
  budget: XmlBudget;
  /** How octets met on the way are parsed. */
  parse?: ParseXmlOptions;
}

/**
 * - `intact`: the digest is right.
 * - `broken`: it is not, or the reference is malformed.
 * - `unresolved`: what it points to is not there (EN 319 102-1: SIGNED_DATA_NOT_FOUND).
 * - `ambiguous`: several elements bear the Id.
 * - `unsupported`: a transform or digest that is not known; nothing was proven.
 */
export type ReferenceStatus = "intact" | "broken" | "unresolved" | "ambiguous" | "unsupported";

/** What of the signature's own document the digest speaks for. */
export interface Coverage {
  /** The element the reference names, the document for `URI=""`, null for external data. */
  apex: XmlElement | XmlDocument | null;
  /** The nodes digested. Null when the octets are not the canonical form of nodes of this document (base64, external data). */
  set: NodeSet | null;
}

export interface XmlReference {
  element: XmlElement;
  id: string | null;
  uri: string | null;
  type: string | null;
  /** URIs of the transforms in their order. */
  transforms: string[];
  digestMethod: string;
  digestAlgorithm: DigestAlgorithm | null;
  digestValue: Uint8Array | null;
  status: ReferenceStatus;
  /** For logs and findings; null when intact. */
  reason: string | null;
  coverage: Coverage;
  /** True when the signature lies inside what the reference names. */
  enclosesSignature: boolean;
  /** References of the ds:Manifest this one points to, judged likewise; null when it points to none. */
  manifest: XmlReference[] | null;
  /**
   * The octets that were digested, computed again; null where there are none. For content and archive time stamps, which
   * name the method that a node-set left at the end is canonicalised by. @throws SignaturesError XML_LIMIT and as transforms do
   */
  octets(method?: C14nMethod): Uint8Array | null;
}

const MAX_TRANSFORMS = 16;
export const MAX_REFERENCES = 2000;

/** Judges one ds:Reference of a SignedInfo or Manifest (XMLDSig §3.2.1). Never throws for what the document says. */
export function verifyReference(
  element: XmlElement,
  signature: XmlElement,
  document: XmlDocument,
  options: XmlReferenceOptions,
  depth = 0,
): XmlReference {
  const out = emptyReference(element);
  const context: TransformContext = { signature, document, budget: options.budget, parse: options.parse ?? {} };
  const fail = (status: ReferenceStatus, reason: string): XmlReference => {
    out.status = status;
    out.reason = reason;
    return out;
  };
  const method = element.elements("DigestMethod", DS_NS);
  const value = element.elements("DigestValue", DS_NS);
  const transforms = element.elements("Transforms", DS_NS);
  const known = method.length + value.length + transforms.length;
  if (method.length !== 1 || value.length !== 1 || transforms.length > 1 || known !== element.elements().length) {
    return fail("broken", "ds:Reference does not follow the schema");
  }
  const chain = transforms[0]?.elements() ?? [];
  if (chain.length > MAX_TRANSFORMS || chain.some((t) => t.uri !== DS_NS || t.local !== "Transform")) {
    return fail("broken", "ds:Transforms does not follow the schema");
  }
  out.transforms = chain.map((t) => t.attribute("Algorithm") ?? "");
  out.digestMethod = method[0]!.attribute("Algorithm") ?? "";
  out.digestAlgorithm = digestAlgorithmOf(out.digestMethod);
  out.digestValue = value[0]!.elements().length > 0 ? null : decodeBase64(value[0]!.ownText);
  if (!out.digestValue) return fail("broken", "ds:DigestValue is not base64");

  // Asked before any work: a thousand references must not each do a little more.
  if (options.budget.octets < 0 || options.budget.steps < 0) return fail("unsupported", "the references cost too much");
  const start = dereference(out.uri, document, options.resolve);
  if (typeof start === "string") return fail(start, `nothing, or nothing unique, at ${out.uri ?? "no URI"}`);
  if (start.kind === "node-set" && start.set.kind === "subtree") {
    const apex = start.set.apex;
    out.coverage.apex = apex;
    out.enclosesSignature = apex.type === "document" || apex.contains(signature);
  }
  try {
    out.octets = (last) => transformAll(chain, start, context, { apex: null, set: null }, last);
    if (!out.digestAlgorithm) {
      transformAll(chain, start, context, out.coverage);
      return fail("unsupported", `digest method ${out.digestMethod.slice(0, 100)}`);
    }
    const digest = digestOf(out.digestAlgorithm, chain, start, context, out.coverage, options.crypto);
    if (!equalBytes(digest, out.digestValue)) return fail("broken", "the digest differs");
    out.status = "intact";
  } catch (error) {
    if (!(error instanceof HocbaError)) throw error;
    const unsupported =
      error.code === "XML_UNSUPPORTED" || error.code === "ALGORITHM_UNSUPPORTED" || error.code === "XML_LIMIT";
    return fail(unsupported ? "unsupported" : "broken", error.message);
  }
  if (out.type === `${DS_NS}Manifest` && depth === 0) {
    out.manifest = manifestReferences(out, signature, document, options, depth);
  }
  return out;
}

function emptyReference(element: XmlElement): XmlReference {
  return {
    element,
    id: element.attribute("Id"),
    uri: element.attribute("URI"),
    type: element.attribute("Type"),
    transforms: [],
    digestMethod: "",
    digestAlgorithm: null,
    digestValue: null,
    status: "broken",
    reason: null,
    coverage: { apex: null, set: null },
    enclosesSignature: false,
    manifest: null,
    octets: () => null,
  };
}

function transformAll(
  chain: readonly XmlElement[],
  start: TransformData,
  context: TransformContext,
  coverage: Coverage,
  last?: C14nMethod,
): Uint8Array {
  let data = start;
  if (data.kind === "node-set") coverage.set = data.set;
  for (const transform of chain) {
    const before = data;
    data = applyTransform(transform, data, context);
    if (data.kind === "node-set") {
      // A set of another document, or of one parsed from octets on the way, says nothing about our nodes.
      coverage.set = data.document === context.document ? data.set : null;
    } else if (
      !c14nMethodOf(transform.attribute("Algorithm") ?? "") ||
      (before.kind === "octets" && coverage.set === null)
    ) {
      coverage.set = null;
    }
  }
  return toOctets(data, context, last);
}

/** The digest, from memory where the same element was digested by the same canonicalisation before. */
function digestOf(
  algorithm: DigestAlgorithm,
  chain: readonly XmlElement[],
  start: TransformData,
  context: TransformContext,
  coverage: Coverage,
  crypto: CryptoProvider,
): Uint8Array {
  const compute = () => crypto.digest(algorithm, transformAll(chain, start, context, coverage));
  const { digests } = context.budget;
  const [only] = chain;
  const method = only?.attribute("Algorithm") ?? C14N_10;
  if (!digests || chain.length > 1 || !c14nMethodOf(method)) return compute();
  if (start.kind !== "node-set" || start.set.kind !== "subtree") return compute();
  const known = digests.get(start.set.apex) ?? new Map<string, Uint8Array>();
  digests.set(start.set.apex, known);
  const prefixes = only?.first("InclusiveNamespaces", EXC_C14N_NS)?.attribute("PrefixList") ?? "";
  const name = [algorithm, method, start.set.comments, prefixes].join(" ");
  let digest = known.get(name);
  if (!digest) {
    digest = compute();
    known.set(name, digest);
  }
  coverage.set = start.set;
  return digest;
}

function manifestReferences(
  out: XmlReference,
  signature: XmlElement,
  document: XmlDocument,
  options: XmlReferenceOptions,
  depth: number,
): XmlReference[] | null {
  const manifest = out.coverage.apex;
  if (manifest?.type !== "element" || manifest.local !== "Manifest" || manifest.uri !== DS_NS) return null;
  const references = manifest.elements("Reference", DS_NS);
  if (references.length > MAX_REFERENCES) {
    // What nobody looked at must not pass for looked at.
    out.status = "unsupported";
    out.reason = "too many references in a Manifest";
    return null;
  }
  return references.map((reference) => verifyReference(reference, signature, document, options, depth + 1));
}

const XPOINTER_ID = /^#xpointer\(id\((?:'([^']*)'|"([^"]*)")\)\)$/;

/** What a reference URI names (XMLDSig §4.4.3.2–3): same-document references without comments unless by XPointer. */
export function dereference(
  uri: string | null,
  document: XmlDocument,
  resolve?: ContentResolver,
): TransformData | "unresolved" | "ambiguous" {
  if (uri === "") return { kind: "node-set", set: subtree(document, false), document };
  if (uri === "#xpointer(/)") return { kind: "node-set", set: subtree(document, true), document };
  if (uri?.startsWith("#")) {
    const pointer = XPOINTER_ID.exec(uri);
    const id = pointer ? (pointer[1] ?? pointer[2]!) : uri.slice(1);
    const elements = document.ids.get(id) ?? document.ids.get(percentDecoded(id));
    if (!elements) return "unresolved";
    if (elements.length > 1) return "ambiguous";
    return { kind: "node-set", set: subtree(elements[0]!, pointer !== null), document };
  }
  const bytes = resolve?.(uri) ?? null;
  return bytes ? { kind: "octets", bytes } : "unresolved";
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The element under a same-document Id. @throws SignaturesError XML_MISSING_ELEMENT, XML_DUPLICATE_ID */
export function elementById(document: XmlDocument, id: string): XmlElement {
  const elements = document.ids.get(id);
  if (!elements) throw new SignaturesError("XML_MISSING_ELEMENT", `no element with Id ${id}`, { details: { id } });
  if (elements.length > 1) {
    throw new SignaturesError("XML_DUPLICATE_ID", `more than one element with Id ${id}`, { details: { id } });
  }
  return elements[0]!;
}
