import { openPdf, signatureFields } from "@hocba/signatures/pdf";
import { DS_NS, parseXml, type XmlElement } from "@hocba/signatures/xml";

/** Names of the signatures that stand in a document: PDF fields, or the Ids of XML signatures. */
export function signaturesIn(content: Uint8Array, format: "pdf" | "xml"): string[] {
  if (format === "pdf") return signatureFields(openPdf(content)).map((signature) => signature.fieldName);
  const found: string[] = [];
  const open: XmlElement[] = [parseXml(content).root];
  for (let element = open.pop(); element !== undefined; element = open.pop()) {
    if (element.local === "Signature" && element.uri === DS_NS) found.push(element.attribute("Id") ?? "");
    else open.push(...element.elements());
  }
  return found;
}
