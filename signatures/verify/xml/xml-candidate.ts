import type { CryptoProvider, DigestAlgorithm, SignatureAlgorithm } from "@hocba/certs/crypto";
import { equalBytes } from "@hocba/certs/der";
import type { Certificate } from "@hocba/certs/x509";
import {
  descendants,
  elementPath,
  isCovered,
  isXadesNamespace,
  readXadesProperties,
  verifySignatureValue,
  type XadesProperties,
  type XmlDocument,
  type XmlReference,
  type XmlSignature,
} from "../../xml/index.ts";
import type { SignatureCandidate } from "../candidate.ts";
import { type Conclusion, failed, indeterminate, passed, worst } from "../conclusion.ts";
import type { CryptographicVerification } from "../cryptographic-verification.ts";
import { xadesEvidenceRecords } from "../evidence-records/xades-evidence-records.ts";
import { finding } from "../findings.ts";
import type { Finding, SubIndication } from "../report.ts";
import type { ValidationProcess } from "../validation-process.ts";
import { certificateReferences, xmlDateTime } from "./xades-signed-values.ts";
import { xadesTimestamps } from "./xades-timestamps.ts";

const SIGNED_PROPERTIES_TYPE = /^http:\/\/uri\.etsi\.org\/01903(?:\/v\d\.\d\.\d)?#SignedProperties$/;

/** One ds:Signature as a candidate for validation (XMLDSig §3.2, EN 319 132-1). */
export function xmlCandidate(
  signature: XmlSignature,
  index: number,
  document: XmlDocument,
  process: ValidationProcess,
): { candidate: SignatureCandidate; data: XmlReference[] } {
  const properties = readXadesProperties(signature);
  const signed = properties?.signedPropertiesCovered && !properties.ambiguous ? properties : null;
  process.pool.addDer(signature.keyInfo.certificates);
  process.evidence.addCrls(signature.keyInfo.crls);
  if (properties) {
    const { certificates, crls, ocspResponses } = properties.validationData;
    process.pool.addDer(certificates);
    process.evidence.addCrls(crls);
    process.evidence.addOcspResponses(ocspResponses);
  }
  const verify = (certificate: Certificate | null) => verifyXml(signature, certificate, process.crypto);
  const candidate: SignatureCandidate = {
    id: signature.id ?? String(index + 1),
    format: signed ? "XAdES" : "XMLDSig",
    formatChecking: structure(signature, properties, signed !== null, document),
    followsFormat:
      signed === null || (signsSomething(signature, signed) && signed.dataObjectFormats.every(isDescribed)),
    named: namedCertificates(signature, process),
    references: signed && certificateReferences(signed),
    verify,
    claimedSigningTime: signed ? xmlDateTime(signed.signingTime ?? "") : plainSigningTime(signature),
    timestamps: properties
      ? [...xadesTimestamps(properties), ...xadesEvidenceRecords(signature, properties, process.crypto)]
      : [],
    coverage: coversDocument(signature, document) ? "whole-file" : "partial",
    laterChanges: "none",
    laterLevel: "none",
    covers: signature.references.filter((r) => !isOwnProperties(r, properties)).map(coveredName),
    signedEnd: null,
    counterSignature: isCounterSignature(signature),
    refersToValidationData: properties?.hasCompleteRefs ?? false,
    documentTimestamp: null,
  };
  return { candidate, data: dataReferences(signature, properties) };
}

/** EN 319 132-1 §5.2.4: a DataObjectFormat names its object and says something about it. */
function isDescribed(format: XadesProperties["dataObjectFormats"][number]): boolean {
  return format.objectReference !== "" && (format.mimeType !== null || format.description !== null);
}

function isOwnProperties(reference: XmlReference, properties: XadesProperties | null): boolean {
  return (
    properties !== null && reference.coverage.apex !== null && reference.coverage.apex === properties.signedProperties
  );
}

const signsSomething = (signature: XmlSignature, properties: XadesProperties | null): boolean =>
  signature.references.some((r) => !isOwnProperties(r, properties));

/** The references to data, as against those to the signature's own properties. */
function dataReferences(signature: XmlSignature, properties: XadesProperties | null): XmlReference[] {
  return signature.references.filter((r) => {
    const { apex } = r.coverage;
    if (apex === null || apex.type === "document") return true;
    if (isOwnProperties(r, properties)) return false;
    // A property object of plain XMLDSig lies inside the signature too.
    return !signature.element.contains(apex);
  });
}

function coveredName(reference: XmlReference): string {
  const { apex } = reference.coverage;
  if (apex === null) return reference.uri ?? "";
  return apex.type === "document" ? "/" : `${reference.uri} ${elementPath(apex)}`;
}

function coversDocument(signature: XmlSignature, document: XmlDocument): boolean {
  return signature.references.some((r) => {
    const { apex, set } = r.coverage;
    if (r.status !== "intact" || !set || (apex !== document && apex !== document.root)) return false;
    // Whole but for the signature itself: the enveloped transform.
    if (set.kind === "subtree") return [...set.without].every((cut) => cut === signature.element);
    for (const element of descendants(document.root)) {
      if (!set.nodes.has(element) && !signature.element.contains(element)) return false;
    }
    return true;
  });
}

/** In its place among the unsigned properties (EN 319 132-1 §5.2.7.2): elsewhere the name alone makes none. */
function isCounterSignature(signature: XmlSignature): boolean {
  const { parent } = signature.element;
  if (parent.type !== "element" || parent.local !== "CounterSignature" || !isXadesNamespace(parent.uri)) return false;
  const properties = parent.parent;
  return properties.type === "element" && properties.local === "UnsignedSignatureProperties";
}

/**
 * The certificates KeyInfo holds; when it holds none, all that are at hand, among which the key decides. What KeyInfo says
 * lies outside the signature: the reference under it, or the policy, decides whether that is enough.
 */
function namedCertificates(signature: XmlSignature, process: ValidationProcess): Certificate[] {
  const { certificates } = signature.keyInfo;
  if (certificates.length === 0) {
    return process.pool.list
      .filter((c) => verifySignatureValue(signature, c.spki, process.crypto) === "valid")
      .slice(0, 4);
  }
  return process.pool.list.filter((c) => certificates.some((der) => equalBytes(der, c.raw)));
}

/** EN 319 132-1 §4.3.1: Target refers to the Id of the signature. One that leads nowhere is told apart from one that lies. */
function namesAnother(properties: XadesProperties, signature: XmlSignature, document: XmlDocument): boolean {
  const target = properties.element.attribute("Target") ?? "";
  const named = target.startsWith("#") ? document.ids.get(target.slice(1)) : undefined;
  return named !== undefined && !named.includes(signature.element);
}

function structure(
  signature: XmlSignature,
  properties: XadesProperties | null,
  covered: boolean,
  document: XmlDocument,
): Conclusion {
  const conclusions: Conclusion[] = [];
  if (!signsSomething(signature, properties)) {
    // A signature over nothing but its own properties says nothing about any document.
    conclusions.push(indeterminate("SIGNED_DATA_NOT_FOUND", finding("REFERENCE_NOT_FOUND", { uri: "∅" })));
  }
  for (const reference of signature.references) {
    const claims = SIGNED_PROPERTIES_TYPE.test(reference.type ?? "");
    if (claims && reference.status === "intact" && !covered) {
      const reason = "SignedProperties";
      conclusions.push(indeterminate("SIGNED_DATA_NOT_FOUND", finding("XML_STRUCTURE_SUSPICIOUS", { reason })));
    }
    if (reference.status === "ambiguous") {
      const reason = `Id ${reference.uri ?? ""}`;
      conclusions.push(failed("FORMAT_FAILURE", finding("XML_STRUCTURE_SUSPICIOUS", { reason })));
    }
  }
  if (properties && !covered && conclusions.length === 0 && signature.references.every((r) => r.status === "intact")) {
    const reason = "QualifyingProperties";
    conclusions.push(indeterminate("SIG_CONSTRAINTS_FAILURE", finding("XML_STRUCTURE_SUSPICIOUS", { reason })));
  }
  if (properties && namesAnother(properties, signature, document)) {
    const reason = "Target";
    conclusions.push(indeterminate("SIG_CONSTRAINTS_FAILURE", finding("XML_STRUCTURE_SUSPICIOUS", { reason })));
  }
  if (isCounterSignature(signature)) conclusions.push(passed(finding("COUNTER_SIGNATURE")));
  return worst(...conclusions);
}

/** A SigningTime property in a covered Object, as plain XMLDSig signers of Vietnam write it. */
function plainSigningTime(signature: XmlSignature): number | null {
  for (const reference of signature.references) {
    const { apex } = reference.coverage;
    if (reference.status !== "intact" || apex?.type !== "element" || !signature.element.contains(apex)) continue;
    for (const element of descendants(apex)) {
      if (element.local !== "SigningTime" || !isCovered(reference, element)) continue;
      const time = xmlDateTime(element.textContent);
      if (time !== null) return time;
    }
  }
  return null;
}

/** From the strongest to the weakest: the weakest link is what counts against a policy. */
const STRENGTH: readonly DigestAlgorithm[] = ["ripemd160", "sha1", "md5"];

function verifyXml(
  signature: XmlSignature,
  certificate: Certificate | null,
  crypto: CryptoProvider,
): CryptographicVerification {
  const { algorithm, references } = signature;
  const all = references.flatMap((r) => [r, ...(r.manifest ?? [])]);
  const digests = [...references.map((r) => r.digestAlgorithm), digestOf(algorithm)].filter((d) => d !== null);
  const weakest = digests.reduce<DigestAlgorithm | undefined>(
    (a, b) => (a === undefined || STRENGTH.indexOf(b) > STRENGTH.indexOf(a) ? b : a),
    undefined,
  );
  const common = {
    ...(weakest ? { digestAlgorithm: weakest } : {}),
    ...(algorithm && algorithm.scheme !== "hmac" ? { signatureAlgorithm: algorithm as SignatureAlgorithm } : {}),
  };
  const trouble = (
    integrity: "broken" | "unknown",
    problem: SubIndication,
    ...findings: Finding[]
  ): CryptographicVerification => ({ integrity, problem, findings, ...common });

  const broken = all.filter((r) => r.status === "broken");
  if (broken.length > 0) {
    return trouble("broken", "HASH_FAILURE", ...broken.map((r) => finding("HASH_MISMATCH", { what: r.uri ?? "∅" })));
  }
  const keys = certificate ? [certificate.spki] : signature.keyInfo.keys;
  const answers = keys.slice(0, 8).map((key) => verifySignatureValue(signature, key, crypto));
  if (answers.includes("invalid") && !answers.includes("valid")) {
    return trouble("broken", "SIG_CRYPTO_FAILURE", finding("SIGNATURE_VALUE_WRONG"));
  }
  const missing = all.filter((r) => r.status === "unresolved" || r.status === "ambiguous");
  if (missing.length > 0) {
    const told = missing.map((r) => finding("REFERENCE_NOT_FOUND", { uri: r.uri ?? "∅" }));
    return trouble("unknown", "SIGNED_DATA_NOT_FOUND", ...told);
  }
  const refused = all.filter((r) => r.status === "unsupported");
  if (refused.length > 0) {
    const told = refused.map((r) => finding("XML_TRANSFORM_REFUSED", { transform: r.reason ?? "" }));
    return trouble("unknown", "SIGNED_DATA_NOT_FOUND", ...told);
  }
  if (answers.includes("valid")) return { integrity: "intact", problem: null, findings: [], ...common };
  if (answers.includes("unsupported")) {
    const name = finding("ALGORITHM_UNSUPPORTED", { algorithm: signature.signatureMethod });
    return trouble("unknown", "CRYPTO_CONSTRAINTS_FAILURE", name);
  }
  return trouble("unknown", "NO_SIGNING_CERTIFICATE_FOUND");
}

function digestOf(algorithm: XmlSignature["algorithm"]): DigestAlgorithm | null {
  return algorithm && "digest" in algorithm ? algorithm.digest : null;
}
