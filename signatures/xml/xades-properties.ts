import { decodeBase64 } from "./base64.ts";
import { isCovered } from "./coverage.ts";
import { DS_NS, isXadesNamespace } from "./namespaces.ts";
import type { XmlElement } from "./tree.ts";
import { readSignedProperties, type XadesSignedProperties } from "./xades-signed.ts";
import { readXadesTimestamp, type XadesTimestamp } from "./xades-timestamps.ts";
import type { XmlSignature } from "./xml-signature.ts";

/** Certificates and revocation data embedded for long-term validation, DER each. */
export interface XadesValidationData {
  certificates: Uint8Array[];
  crls: Uint8Array[];
  ocspResponses: Uint8Array[];
}

/** What XAdES adds to a signature (EN 319 132-1 §4.3), of versions 1.1.1 to 1.4.1. */
export interface XadesProperties extends XadesSignedProperties {
  element: XmlElement;
  namespace: string;
  signedProperties: XmlElement | null;
  /** An intact reference speaks for SignedProperties. Where false, nothing of the signed part is to be relied on. */
  signedPropertiesCovered: boolean;
  /** That reference bears the Type of EN 319 132-1 §4.4.2. */
  signedPropertiesTyped: boolean;
  /** Target names the signature it stands in. */
  targetMatches: boolean;
  /** More than one QualifyingProperties in the signature: which one counts is open. */
  ambiguous: boolean;
  /** From here on: unsigned. */
  signatureTimestamps: XadesTimestamp[];
  /** SigAndRefsTimeStamp and RefsOnlyTimeStamp. */
  refsTimestamps: XadesTimestamp[];
  archiveTimestamps: XadesTimestamp[];
  /** CertificateValues, RevocationValues, attribute ones, and TimeStampValidationData, together. */
  validationData: XadesValidationData;
  /** Both CertificateValues or RevocationValues as such are there (for the LT level). */
  hasCertificateValues: boolean;
  hasRevocationValues: boolean;
  /** CompleteCertificateRefs or CompleteRevocationRefs: level C of old. */
  hasCompleteRefs: boolean;
  /** The ds:Signature of each CounterSignature. */
  counterSignatures: XmlElement[];
  /** RFC 4998 (DER) and RFC 6283 (XML) evidence records of SealingEvidenceRecords. */
  evidenceRecords: { asn1: Uint8Array[]; xml: XmlElement[] };
  /** Names of unsigned properties that are not known here. */
  unknown: string[];
}

const MAX_PROPERTIES = 1000;

/** Reads the QualifyingProperties in a signature's ds:Object elements; null when there are none. */
export function readXadesProperties(signature: XmlSignature): XadesProperties | null {
  const found = signature.objects.flatMap((object) =>
    object.elements().filter((e) => e.local === "QualifyingProperties" && isXadesNamespace(e.uri)),
  );
  const element = found[0];
  if (!element) return null;
  const signed = element.elements("SignedProperties", element.uri);
  const signedProperties = signed.length === 1 ? signed[0]! : null;
  const covering = signature.references.filter((r) => signedProperties !== null && isCovered(r, signedProperties));
  const out: XadesProperties = {
    ...readSignedProperties(signedProperties, signature),
    element,
    namespace: element.uri,
    signedProperties,
    signedPropertiesCovered: covering.length > 0,
    signedPropertiesTyped: covering.some(
      (r) => r.type?.endsWith("#SignedProperties") && r.coverage.apex === signedProperties,
    ),
    targetMatches: signature.id !== null && element.attribute("Target") === `#${signature.id}`,
    ambiguous: found.length > 1 || signed.length > 1,
    signatureTimestamps: [],
    refsTimestamps: [],
    archiveTimestamps: [],
    validationData: { certificates: [], crls: [], ocspResponses: [] },
    hasCertificateValues: false,
    hasRevocationValues: false,
    hasCompleteRefs: false,
    counterSignatures: [],
    evidenceRecords: { asn1: [], xml: [] },
    unknown: [],
  };
  const properties = element
    .elements("UnsignedProperties", element.uri)
    .flatMap((u) => u.elements("UnsignedSignatureProperties", element.uri))
    .flatMap((u) => u.elements())
    .slice(0, MAX_PROPERTIES);
  for (const property of properties) readUnsigned(property, properties, signature, out);
  return out;
}

function readUnsigned(
  property: XmlElement,
  properties: readonly XmlElement[],
  signature: XmlSignature,
  out: XadesProperties,
): void {
  const stamp = readXadesTimestamp(property, properties, signature);
  if (stamp) {
    if (stamp.kind === "signature") out.signatureTimestamps.push(stamp);
    else if (stamp.kind === "archive") out.archiveTimestamps.push(stamp);
    else out.refsTimestamps.push(stamp);
    return;
  }
  const known = isXadesNamespace(property.uri) || property.local === "SealingEvidenceRecords";
  switch (known ? property.local : "") {
    case "CertificateValues":
      out.hasCertificateValues = true;
      readCertificateValues(property, out.validationData);
      return;
    case "AttrAuthoritiesCertValues":
      readCertificateValues(property, out.validationData);
      return;
    case "RevocationValues":
      out.hasRevocationValues = true;
      readRevocationValues(property, out.validationData);
      return;
    case "AttributeRevocationValues":
      readRevocationValues(property, out.validationData);
      return;
    case "TimeStampValidationData":
    case "AnyValidationData":
      for (const values of property.elements()) {
        if (values.local === "CertificateValues") readCertificateValues(values, out.validationData);
        else if (values.local === "RevocationValues") readRevocationValues(values, out.validationData);
      }
      return;
    case "CompleteCertificateRefs":
    case "CompleteCertificateRefsV2":
    case "CompleteRevocationRefs":
      out.hasCompleteRefs = true;
      return;
    case "AttributeCertificateRefs":
    case "AttributeCertificateRefsV2":
    case "AttributeRevocationRefs":
    case "SignaturePolicyStore":
    case "RenewedDigests":
      return;
    case "CounterSignature":
      out.counterSignatures.push(...property.elements("Signature", DS_NS));
      return;
    case "SealingEvidenceRecords":
      readEvidenceRecords(property, out);
      return;
    default:
      out.unknown.push(property.local);
  }
}

function encapsulated(parent: XmlElement, into: Uint8Array[]): void {
  const bytes = decodeBase64(parent.ownText);
  if (bytes && bytes.length > 0 && into.length < MAX_PROPERTIES) into.push(bytes);
}

function readCertificateValues(values: XmlElement, out: XadesValidationData): void {
  for (const e of values.elements("EncapsulatedX509Certificate")) encapsulated(e, out.certificates);
}

function readRevocationValues(values: XmlElement, out: XadesValidationData): void {
  for (const holder of values.elements("CRLValues")) {
    for (const e of holder.elements("EncapsulatedCRLValue")) encapsulated(e, out.crls);
  }
  for (const holder of values.elements("OCSPValues")) {
    for (const e of holder.elements("EncapsulatedOCSPValue")) encapsulated(e, out.ocspResponses);
  }
}

function readEvidenceRecords(property: XmlElement, out: XadesProperties): void {
  for (const record of property.elements()) {
    if (record.local === "EvidenceRecord") out.evidenceRecords.xml.push(record);
    else if (record.local === "ASN1EvidenceRecord") encapsulated(record, out.evidenceRecords.asn1);
  }
}
