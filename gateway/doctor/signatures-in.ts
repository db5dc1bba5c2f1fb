import { SignaturesError } from "@hocba/signatures";
import { parseSignedData } from "@hocba/signatures/cms";
import { openPdf, signatureFields } from "@hocba/signatures/pdf";
import { decodeBase64, findXmlSignatures, parseXml } from "@hocba/signatures/xml";
import type { DocumentFormat } from "../ledger/index.ts";

/** A signature as it stands in a document: PDF field or XML Id, and its value (base64). */
export interface StandingSignature {
  name: string;
  value: string;
}

/**
 * The signatures of people and seals that stand in a document; document time stamps are none.
 * @throws SignaturesError when the document or one of its signatures cannot be read
 */
export function signaturesIn(content: Uint8Array, format: DocumentFormat): StandingSignature[] {
  if (format === "xml") {
    return findXmlSignatures(parseXml(content)).map((element) => {
      const value = element.elements().find((child) => child.local === "SignatureValue");
      const octets = value === undefined ? null : decodeBase64(value.ownText);
      if (octets === null) throw new SignaturesError("XML_SIGNATURE_MALFORMED", "no SignatureValue");
      return { name: element.attribute("Id") ?? "", value: Buffer.from(octets).toString("base64") };
    });
  }
  if (format === "cms") return signerValues(content, "");
  return signatureFields(openPdf(content))
    .filter((field) => field.subFilter !== "ETSI.RFC3161")
    .flatMap((field) => signerValues(field.contents, field.fieldName));
}

function signerValues(cms: Uint8Array, name: string): StandingSignature[] {
  return parseSignedData(cms).signerInfos.map((signer) => ({
    name,
    value: Buffer.from(signer.signature).toString("base64"),
  }));
}
