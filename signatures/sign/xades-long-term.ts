import type { CryptoProvider } from "@hocba/certs/crypto";
import { SignaturesError } from "../errors.ts";
import {
  DS_NS,
  EXC_C14N,
  elementById,
  encodeBase64,
  isXadesNamespace,
  parseXml,
  readXadesProperties,
  readXmlSignature,
  XADES_141_NS,
  type XmlDocument,
  type XmlElement,
} from "../xml/index.ts";
import { existingSignatures } from "./covered-places.ts";
import type { ValidationData } from "./pades-validation-data.ts";
import { splice, utf8Offsets } from "./splice.ts";

/**
 * Raises a signature of ours from T to LT: certificates and revocation data go into CertificateValues and RevocationValues
 * (EN 319 132-1 §5.4), or, where these stand already, into another TimeStampValidationData (§5.5.1).
 * @throws SignaturesError XML_MISSING_ELEMENT, XML_DUPLICATE_ID, XML_HOLDER_INSIDE_REFERENCE (another signature covers this
 * one and would break), XML_UNSUPPORTED (no time stamp yet), and what parsing throws
 */
export function addValidationData(document: Uint8Array, signatureId: string, data: ValidationData): Uint8Array {
  const place = unsignedPlace(document, signatureId);
  const values = valuesText(data);
  const again = place.properties.first("CertificateValues") ?? place.properties.first("RevocationValues");
  const text = again
    ? `<xades141:TimeStampValidationData xmlns:xades141="${XADES_141_NS}">${values}</xades141:TimeStampValidationData>`
    : values;
  return insert(document, place, text);
}

/**
 * Octets under the imprint of the archive time stamp that `addArchiveTimestamp` takes (EN 319 132-1 §5.5.2.2).
 * @throws SignaturesError as `addArchiveTimestamp`, and XML_UNSUPPORTED where a reference cannot be resolved
 */
export function archiveTimestampInput(document: Uint8Array, signatureId: string, crypto: CryptoProvider): Uint8Array {
  const parsed = parseXml(addArchiveTimestamp(document, signatureId, new Uint8Array()));
  const signature = readXmlSignature(parsed, elementById(parsed, signatureId), { crypto });
  if (signature.references.some((r) => r.status !== "intact")) {
    throw new SignaturesError("XML_UNSUPPORTED", "a reference of the signature is not intact");
  }
  const input = readXadesProperties(signature)?.archiveTimestamps.at(-1)?.inputs()[0];
  if (!input) throw new SignaturesError("XML_UNSUPPORTED", "no input for an archive time stamp");
  return input;
}

/**
 * Raises a signature of ours to LTA by one more archive time stamp after all that stands there.
 * @throws SignaturesError as `addValidationData`
 */
export function addArchiveTimestamp(document: Uint8Array, signatureId: string, token: Uint8Array): Uint8Array {
  const place = unsignedPlace(document, signatureId);
  const count = place.properties.elements("ArchiveTimeStamp").length + 1;
  const text =
    `<xades141:ArchiveTimeStamp xmlns:xades141="${XADES_141_NS}" Id="${signatureId}-ats-${count}">` +
    `<ds:CanonicalizationMethod Algorithm="${EXC_C14N}"></ds:CanonicalizationMethod>` +
    `<xades:EncapsulatedTimeStamp>${encodeBase64(token)}</xades:EncapsulatedTimeStamp></xades141:ArchiveTimeStamp>`;
  return insert(document, place, text);
}

interface Place {
  parsed: XmlDocument;
  /** UnsignedSignatureProperties of the signature. */
  properties: XmlElement;
}

function unsignedPlace(document: Uint8Array, signatureId: string): Place {
  const parsed = parseXml(document);
  if (parsed.encoding !== "utf-8") throw new SignaturesError("XML_UNSUPPORTED", "signing needs UTF-8");
  const signature = elementById(parsed, signatureId);
  for (const object of signature.elements("Object", DS_NS)) {
    const properties = object
      .first("QualifyingProperties")
      ?.first("UnsignedProperties")
      ?.first("UnsignedSignatureProperties");
    // The text that is put in relies on the prefixes our signatures declare.
    if (properties?.prefix !== "xades" || !isXadesNamespace(properties.uri)) continue;
    if (properties.lookupNamespace("ds") !== DS_NS || !properties.first("SignatureTimeStamp")) continue;
    existingSignatures(parsed).mayChange(properties, signature);
    return { parsed, properties };
  }
  throw new SignaturesError("XML_UNSUPPORTED", "not a XAdES signature of ours with a time stamp");
}

function insert(document: Uint8Array, { parsed, properties }: Place, text: string): Uint8Array {
  const [at] = utf8Offsets(parsed.text, [properties.contentEnd]);
  return splice(document, [{ at: at!, remove: 0, text }]);
}

function valuesText({ certificates, crls, ocspResponses }: ValidationData): string {
  const each = (name: string, values: readonly Uint8Array[]) =>
    values.map((v) => `<xades:${name}>${encodeBase64(v)}</xades:${name}>`).join("");
  const list = (name: string, content: string) => (content === "" ? "" : `<xades:${name}>${content}</xades:${name}>`);
  return (
    list("CertificateValues", each("EncapsulatedX509Certificate", certificates)) +
    list(
      "RevocationValues",
      list("CRLValues", each("EncapsulatedCRLValue", crls)) +
        list("OCSPValues", each("EncapsulatedOCSPValue", ocspResponses)),
    )
  );
}
