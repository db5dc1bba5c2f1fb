import { SignaturesError } from "@hocba/signatures";
import { assertAppendable, openPdf, type PdfDocument, signatureFields } from "@hocba/signatures/pdf";
import { type Profile, planSignatures, readFacts, unsignedParts } from "@hocba/signatures/profiles";
import { DS_NS, elementAtPath, elementById, findXmlSignatures, parseXml } from "@hocba/signatures/xml";
import { GatewayError } from "../errors.ts";
import type { DocumentFormat } from "../ledger/index.ts";

export interface CheckedDocument {
  format: DocumentFormat;
  /** Class the homeroom teacher is chosen by, where the document tells. */
  className: string | null;
  schoolCode: string | null;
}

/**
 * Everything about a document that can be known at once, so that its sender hears of it in the answer: the right format,
 * whole, not encrypted, well-formed, with every part the profile needs and no signature in a place that is to be signed.
 * @throws GatewayError FORMAT_MISMATCH, ALREADY_SIGNED; SignaturesError PDF_*, XML_*
 */
export function checkDocument(bytes: Uint8Array, profile: Profile): CheckedDocument {
  switch (profile.format) {
    case "pdf":
      return checkPdf(bytes, profile);
    case "xml":
      return checkXml(bytes, profile);
    case "cms":
      // Any file may be signed from outside.
      return { format: "cms", className: null, schoolCode: null };
  }
}

function checkPdf(bytes: Uint8Array, profile: Profile): CheckedDocument {
  if (looksLikeXml(bytes)) throw mismatch("pdf", "xml");
  let document: PdfDocument;
  try {
    document = openPdf(bytes);
    assertAppendable(document);
  } catch (error) {
    // Damage at the end is the commonest of all: an upload or download that broke off.
    if (error instanceof SignaturesError && error.code === "PDF_MALFORMED" && !hasEnd(bytes)) {
      throw new SignaturesError("PDF_TRUNCATED", "the file has no end", { cause: error });
    }
    throw error;
  }
  const taken = new Set(signatureFields(document).map((signature) => signature.fieldName));
  for (const { pdf, id } of profile.steps) {
    if (pdf !== undefined && taken.has(pdf.fieldName)) {
      throw new GatewayError("ALREADY_SIGNED", `the field ${pdf.fieldName} is signed`, {
        details: { step: id, field: pdf.fieldName },
      });
    }
  }
  return { format: "pdf", className: null, schoolCode: null };
}

function checkXml(bytes: Uint8Array, profile: Profile): CheckedDocument {
  if (startsWith(bytes, "%PDF-")) throw mismatch("xml", "pdf");
  const document = parseXml(bytes);
  for (const [id, elements] of document.ids) {
    // Wherever it stands, named by a signature or not: readers differ in which of two they take.
    if (elements.length > 1) {
      throw new SignaturesError("XML_DUPLICATE_ID", `more than one element with Id ${id}`, { details: { id } });
    }
  }
  const planned = planSignatures(profile, document);
  const [unsigned] = unsignedParts(profile, document, planned, {
    covered: new Set(
      planned.flatMap(({ xml }) => (xml === null ? [] : [elementById(document, xml.reference.slice(1))])),
    ),
    signatures: new Set(findXmlSignatures(document)),
    own: new Set(),
  });
  if (unsigned !== undefined) {
    // Signed all the same, it would be refused by whoever verifies it, after everybody has signed.
    throw new SignaturesError("XML_UNSIGNED_CONTENT", `nobody would sign ${unsigned.path}`, {
      details: { path: unsigned.path },
    });
  }
  for (const { id, xml } of planned) {
    if (xml !== null && elementAtPath(document.root, xml.holder).first("Signature", DS_NS) !== null) {
      throw new GatewayError("ALREADY_SIGNED", `the place of ${id} holds a signature`, { details: { step: id } });
    }
  }
  const facts = readFacts(profile, document);
  if (facts.schoolCode === null) {
    throw new SignaturesError("XML_MISSING_ELEMENT", "the school's code is missing", {
      details: { element: profile.xml?.facts.schoolCode ?? null },
    });
  }
  return { format: "xml", className: facts.className, schoolCode: facts.schoolCode };
}

function mismatch(wanted: string, found: string): GatewayError {
  return new GatewayError("FORMAT_MISMATCH", `the profile is for ${wanted}, the file is ${found}`, {
    details: { wanted, found },
  });
}

/** The end-of-file marker (ISO 32000-2 §7.5.5), which readers look for in the last 1024 octets. */
function hasEnd(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).subarray(-1024).includes("%%EOF");
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[i] !== text.charCodeAt(i)) return false;
  return true;
}

function looksLikeXml(bytes: Uint8Array): boolean {
  const head = new TextDecoder().decode(bytes.subarray(0, 64)).trimStart();
  return head.startsWith("<?xml") || /^<[A-Za-z_]/.test(head);
}
