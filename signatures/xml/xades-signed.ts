import type { DigestAlgorithm } from "@hocba/certs/crypto";
import { digestAlgorithmOf } from "./algorithms.ts";
import { decodeBase64 } from "./base64.ts";
import { DS_NS } from "./namespaces.ts";
import type { XmlElement } from "./tree.ts";
import { readXadesTimestamp, type XadesTimestamp } from "./xades-timestamps.ts";
import type { XmlSignature } from "./xml-signature.ts";

/** One xades:Cert of SigningCertificate or SigningCertificateV2 (EN 319 132-1 §5.2.2). */
export interface XadesCertificateReference {
  digestMethod: string;
  /** Null for a digest that is not known. */
  digestAlgorithm: DigestAlgorithm | null;
  digest: Uint8Array | null;
  /** Version 1: name as text and serial number in decimal. */
  issuerSerial: { issuer: string; serial: string } | null;
  /** Version 2: DER of IssuerSerial (RFC 5035). */
  issuerSerialV2: Uint8Array | null;
}

/** SignaturePolicyIdentifier (EN 319 132-1 §5.2.9). */
export type XadesSignaturePolicy =
  | { kind: "implied" }
  | { kind: "identified"; id: string; digestMethod: string; digest: Uint8Array | null; uri: string | null };

/** The signed part of the properties, as it stands; whether it is covered the signature says. */
export interface XadesSignedProperties {
  /** As written, zone or none included. */
  signingTime: string | null;
  /** The first is the signer's; null when the property is missing. */
  signingCertificates: XadesCertificateReference[] | null;
  signingCertificateVersion: 1 | 2 | null;
  signaturePolicy: XadesSignaturePolicy | null;
  claimedRoles: string[];
  /** DER of certified attributes. */
  certifiedRoles: Uint8Array[];
  /** Parts of SignatureProductionPlace in their order. */
  productionPlace: string[];
  commitmentTypes: string[];
  dataObjectFormats: { objectReference: string; mimeType: string | null; description: string | null }[];
  /** AllDataObjectsTimeStamp and IndividualDataObjectsTimeStamp. */
  contentTimestamps: XadesTimestamp[];
}

const MAX_ITEMS = 256;

/** Reads SignedProperties, of whatever version. */
export function readSignedProperties(element: XmlElement | null, signature: XmlSignature): XadesSignedProperties {
  const about = element?.first("SignedSignatureProperties") ?? null;
  const objects = element?.first("SignedDataObjectProperties") ?? null;
  const v2 = about?.first("SigningCertificateV2") ?? null;
  const certificates = v2 ?? about?.first("SigningCertificate") ?? null;
  const role = about?.first("SignerRoleV2") ?? about?.first("SignerRole") ?? null;
  const place = about?.first("SignatureProductionPlaceV2") ?? about?.first("SignatureProductionPlace") ?? null;
  const siblings = objects?.elements() ?? [];
  return {
    signingTime: about?.first("SigningTime")?.ownText.trim() ?? null,
    signingCertificates: certificates?.elements("Cert").slice(0, MAX_ITEMS).map(readCertificateReference) ?? null,
    signingCertificateVersion: certificates ? (v2 ? 2 : 1) : null,
    signaturePolicy: readPolicy(about?.first("SignaturePolicyIdentifier") ?? null),
    claimedRoles: texts(role?.first("ClaimedRoles"), "ClaimedRole"),
    certifiedRoles: texts(role?.first("CertifiedRoles"), "CertifiedRole").flatMap((t) => decodeBase64(t) ?? []),
    productionPlace: place?.elements().map((e) => e.ownText.trim()) ?? [],
    commitmentTypes: siblings
      .filter((e) => e.local === "CommitmentTypeIndication")
      .map((e) => e.first("CommitmentTypeId")?.first("Identifier")?.ownText.trim() ?? ""),
    dataObjectFormats: siblings
      .filter((e) => e.local === "DataObjectFormat")
      .map((e) => ({
        objectReference: e.attribute("ObjectReference") ?? "",
        mimeType: e.first("MimeType")?.ownText.trim() ?? null,
        description: e.first("Description")?.ownText.trim() ?? null,
      })),
    contentTimestamps: siblings.flatMap((e) => readXadesTimestamp(e, siblings, signature) ?? []),
  };
}

function texts(parent: XmlElement | null | undefined, name: string): string[] {
  return (
    parent
      ?.elements(name)
      .slice(0, MAX_ITEMS)
      .map((e) => e.textContent.trim()) ?? []
  );
}

function readDigest(
  holder: XmlElement | null,
): Pick<XadesCertificateReference, "digestMethod" | "digestAlgorithm" | "digest"> {
  const digestMethod = holder?.first("DigestMethod")?.attribute("Algorithm") ?? "";
  const value = holder?.first("DigestValue");
  return {
    digestMethod,
    digestAlgorithm: digestAlgorithmOf(digestMethod),
    digest: value ? decodeBase64(value.ownText) : null,
  };
}

function readCertificateReference(cert: XmlElement): XadesCertificateReference {
  const issuerSerial = cert.first("IssuerSerial");
  const issuer = issuerSerial?.first("X509IssuerName", DS_NS)?.ownText;
  const serial = issuerSerial?.first("X509SerialNumber", DS_NS)?.ownText.trim();
  const v2 = cert.first("IssuerSerialV2");
  return {
    ...readDigest(cert.first("CertDigest")),
    issuerSerial: issuer !== undefined && serial !== undefined ? { issuer, serial } : null,
    issuerSerialV2: v2 ? decodeBase64(v2.ownText) : null,
  };
}

function readPolicy(element: XmlElement | null): XadesSignaturePolicy | null {
  if (!element) return null;
  if (element.first("SignaturePolicyImplied")) return { kind: "implied" };
  const policy = element.first("SignaturePolicyId");
  const { digestMethod, digest } = readDigest(policy?.first("SigPolicyHash") ?? null);
  const qualifiers = policy?.first("SigPolicyQualifiers")?.elements("SigPolicyQualifier") ?? [];
  const uri = qualifiers.map((q) => q.first("SPURI")?.ownText.trim()).find((u) => u !== undefined) ?? null;
  return {
    kind: "identified",
    id: policy?.first("SigPolicyId")?.first("Identifier")?.ownText.trim() ?? "",
    digestMethod,
    digest,
    uri,
  };
}
