import { SignaturesError } from "../../errors.ts";
import {
  findXmlSignatures,
  parseXml,
  readXmlSignature,
  type XmlDocument,
  type XmlElement,
  type XmlReference,
  type XmlSignature,
  xmlBudget,
} from "../../xml/index.ts";
import type { SignatureCandidate } from "../candidate.ts";
import { failed } from "../conclusion.ts";
import { finding } from "../findings.ts";
import type { ValidationProcess } from "../validation-process.ts";
import { xmlCandidate } from "./xml-candidate.ts";

export interface XmlReading {
  readonly document: XmlDocument;
  /** In document order; `signature` is null where the ds:Signature is malformed. */
  readonly found: readonly {
    readonly candidate: SignatureCandidate;
    /** The ds:Signature. */
    readonly element: XmlElement;
    readonly signature: XmlSignature | null;
    /** References to data outside the signature. */
    readonly data: readonly XmlReference[];
  }[];
}

/**
 * Every ds:Signature of an XML document, wherever it stands. References leading out of the document are answered with the
 * detached content given with the call, never fetched.
 * @throws SignaturesError XML_*
 */
export function readXmlDocument(bytes: Uint8Array, process: ValidationProcess): XmlReading {
  const document = parseXml(bytes);
  const budget = xmlBudget(bytes.length);
  const detached = process.context.detachedContent;
  const options = { crypto: process.crypto, budget, ...(detached ? { resolve: () => detached } : {}) };
  const found = findXmlSignatures(document).map((element, index) => {
    try {
      const signature = readXmlSignature(document, element, options);
      return { ...xmlCandidate(signature, index, document, process), element, signature };
    } catch (error) {
      if (!(error instanceof SignaturesError)) throw error;
      return {
        candidate: malformedCandidate(element.attribute("Id") ?? String(index + 1), error.message),
        element,
        signature: null,
        data: [],
      };
    }
  });
  return { document, found };
}

function malformedCandidate(id: string, reason: string): SignatureCandidate {
  return {
    id,
    format: "XMLDSig",
    formatChecking: failed("FORMAT_FAILURE", finding("SIGNATURE_MALFORMED", { reason })),
    followsFormat: true,
    named: [],
    references: null,
    verify: () => ({ integrity: "broken", problem: "FORMAT_FAILURE", findings: [] }),
    claimedSigningTime: null,
    timestamps: [],
    coverage: "unclear",
    laterChanges: "none",
    laterLevel: "none",
    covers: [],
    signedEnd: null,
    counterSignature: false,
    documentTimestamp: null,
  };
}
