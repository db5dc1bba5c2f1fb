import { SignaturesError } from "@hocba/signatures";
import { parseSignedData } from "@hocba/signatures/cms";
import { openPdf, signatureFields } from "@hocba/signatures/pdf";
import { decodeBase64, findXmlSignatures, parseXml } from "@hocba/signatures/xml";

/** A signature as it stands in a document: PDF field or XML Id, and its value (base64). */
export interface StandingSignature {
  name: string;
  value: string;
}

/**
 * The signatures of people and seals that stand in a document; document time stamps are none.
 * @throws SignaturesError when the document or one of its signatures cannot be read
 */
export function signaturesIn(content: Uint8Array, format: "pdf" | "xml"): StandingSignature[] {
  if (format === "xml") {
    return findXmlSignatures(parseXml(content)).map((element) => {
      const value = element.elements().find((child) => child.local === "SignatureValue");
      const octets = value === undefined ? null : decodeBase64(value.ownText);
      if (octets === null) throw new SignaturesError("XML_SIGNATURE_MALFORMED", "no SignatureValue");
      return { name: element.attribute("Id") ?? "", value: Buffer.from(octets).toString("base64") };
    });
  }
  return signatureFields(openPdf(content))
    .filter((field) => field.subFilter !== "ETSI.RFC3161")
    .flatMap((field) =>
      parseSignedData(field.contents).signerInfos.map((signer) => ({
        name: field.fieldName,
        value: Buffer.from(signer.signature).toString("base64"),
      })),
    );
}
