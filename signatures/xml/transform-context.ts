import { SignaturesError } from "../errors.ts";
import type { NodeSet } from "./node-set.ts";
import type { ParseXmlOptions } from "./parse-xml.ts";
import type { XmlDocument, XmlElement, XPathNode } from "./tree.ts";
import type { XPathBudget } from "./xpath/index.ts";

/** What flows through the chain of transforms (XMLDSig §4.4.3.2). */
export type TransformData =
  | { kind: "node-set"; set: NodeSet; document: XmlDocument }
  | { kind: "octets"; bytes: Uint8Array };

export interface TransformContext {
  /** The ds:Signature the reference belongs to; null when none is enveloped (manifests outside a signature). */
  signature: XmlElement;
  /** The document of the signature. */
  document: XmlDocument;
  budget: XmlBudget;
  parse: ParseXmlOptions;
}

/** Work that verification may still do, shared by all references and signatures of one document. */
export interface XmlBudget extends XPathBudget {
  /** Octets of canonical form and transform results. */
  octets: number;
  /** Digests of elements that were digested before by canonicalisation alone: two signers of one part cost one. */
  digests?: WeakMap<XmlElement | XmlDocument, Map<string, Uint8Array>>;
}

/** A budget for a document of this many octets: generous to real files, final to a reference bomb. */
export function xmlBudget(documentBytes: number): XmlBudget {
  return { octets: 8 * 1024 * 1024 + 16 * documentBytes, steps: 2_500_000, digests: new WeakMap() };
}

/**
 * Namespace nodes are made when they are walked, one per element and prefix in scope: a few octets of declarations make
 * millions. Charged before they are made.
 */
export function chargeAxis(node: XPathNode, context: TransformContext): void {
  if (node.type !== "element") return;
  context.budget.steps -= 8 * (node.namespacesInScope().size + 1);
  if (context.budget.steps < 0) throw new SignaturesError("XML_LIMIT", "the references cost too much");
}
