import type { CryptoProvider } from "@hocba/certs/crypto";
import {
  contextConstructed,
  der,
  integer,
  nullValue,
  octetString,
  oid,
  readElement,
  sequence,
  setOf,
  Tag,
  time,
} from "@hocba/certs/der";
import { digestAlgorithmIdentifier, digestOid } from "./algorithm-identifier.ts";
import { malformed, readingCms } from "./malformed.ts";
import { CmsOid } from "./oids.ts";

/** The algorithms we sign with, all over SHA-256 (names as in the `Signer` contract). */
export type CmsSigningAlgorithm = "rsa-pkcs1-sha256" | "rsa-pss-sha256" | "ecdsa-p256-sha256";

/** A signer's constant parts of a SignedData, encoded once and used for every document it signs. */
export interface CmsSigner {
  readonly issuerAndSerialNumber: Uint8Array;
  /** The whole signing-certificate-v2 attribute. */
  readonly signingCertificateV2: Uint8Array;
  readonly signatureAlgorithm: Uint8Array;
  /** `[0]` implicit SET of the certificate and its chain, in DER order. */
  readonly certificates: Uint8Array;
}

/**
 * Prepares a signer: `certificate` and `chain` (CA certificates to embed) in DER.
 * The signing-certificate-v2 attribute names SHA-256, whose default algorithm identifier DER leaves out (RFC 5035 §4),
 * and holds IssuerSerial. @throws SignaturesError CMS_MALFORMED when the certificate cannot be read
 */
export function cmsSigner(
  identity: { certificate: Uint8Array; chain: readonly Uint8Array[]; algorithm: CmsSigningAlgorithm },
  crypto: CryptoProvider,
): CmsSigner {
  const { issuer, serial } = issuerAndSerial(identity.certificate);
  const generalNames = sequence(der(contextConstructed(4), issuer));
  const essCertIdV2 = sequence(
    octetString(crypto.digest("sha256", identity.certificate)),
    sequence(generalNames, serial),
  );
  return {
    issuerAndSerialNumber: sequence(issuer, serial),
    signingCertificateV2: attribute(CmsOid.signingCertificateV2, sequence(sequence(essCertIdV2))),
    signatureAlgorithm: signatureAlgorithmIdentifier(identity.algorithm),
    certificates: implicitSet(0, setOf(identity.certificate, ...identity.chain)),
  };
}

/**
 * The signed attributes as DER SET OF, the octets to be signed (RFC 5652 §5.4): content-type, message-digest,
 * signing-certificate-v2 and, where given, signing-time. PAdES has its time in /M instead (EN 319 142-1 §6.3).
 * @param content.messageDigest SHA-256 of the content
 */
export function buildSignedAttributes(
  signer: CmsSigner,
  content: { messageDigest: Uint8Array; contentType?: string; signingTime?: Date; extra?: readonly Uint8Array[] },
): Uint8Array {
  const attributes = [
    attribute(CmsOid.contentType, oid(content.contentType ?? CmsOid.data)),
    attribute(CmsOid.messageDigest, octetString(content.messageDigest)),
    signer.signingCertificateV2,
    ...(content.extra ?? []),
  ];
  if (content.signingTime) attributes.push(attribute(CmsOid.signingTime, time(content.signingTime)));
  return setOf(...attributes);
}

/**
 * ContentInfo with SignedData, one SignerInfo, DER. Detached unless `content` is given.
 * @param parts.signedAttributes what `buildSignedAttributes` gave and the key signed
 * @param parts.unsignedAttributes whole attributes, as from `signatureTimestampAttribute`
 */
export function buildSignedData(
  signer: CmsSigner,
  parts: {
    signedAttributes: Uint8Array;
    signatureValue: Uint8Array;
    unsignedAttributes?: readonly Uint8Array[];
    contentType?: string;
    content?: Uint8Array;
  },
): Uint8Array {
  const unsigned = parts.unsignedAttributes?.length ? [implicitSet(1, setOf(...parts.unsignedAttributes))] : [];
  const signerInfo = sequence(
    integer(1),
    signer.issuerAndSerialNumber,
    SHA256,
    implicitSet(0, parts.signedAttributes),
    signer.signatureAlgorithm,
    octetString(parts.signatureValue),
    ...unsigned,
  );
  const contentType = parts.contentType ?? CmsOid.data;
  const eContent = parts.content ? [der(contextConstructed(0), octetString(parts.content))] : [];
  return sequence(
    oid(CmsOid.signedData),
    der(
      contextConstructed(0),
      sequence(
        // CMSVersion 3 when the content is not id-data (RFC 5652 §5.1).
        integer(contentType === CmsOid.data ? 1 : 3),
        der(Tag.SET, SHA256),
        sequence(oid(contentType), ...eContent),
        signer.certificates,
        der(Tag.SET, signerInfo),
      ),
    ),
  );
}

/** Attribute with one value (RFC 5652 §5.3). */
export function attribute(type: string, value: Uint8Array): Uint8Array {
  return sequence(oid(type), der(Tag.SET, value));
}

/** The unsigned attribute signature-time-stamp with a TimeStampToken in DER (EN 319 122-1 §5.3). */
export function signatureTimestampAttribute(token: Uint8Array): Uint8Array {
  return attribute(CmsOid.signatureTimestamp, token);
}

const SHA256 = digestAlgorithmIdentifier("sha256");

/** AlgorithmIdentifier of what the key does (RFC 4055 §3 and §5, RFC 5758 §3.2). */
export function signatureAlgorithmIdentifier(algorithm: CmsSigningAlgorithm): Uint8Array {
  switch (algorithm) {
    case "rsa-pkcs1-sha256":
      return sequence(oid("1.2.840.113549.1.1.11"), nullValue());
    case "ecdsa-p256-sha256":
      return sequence(oid("1.2.840.10045.4.3.2"));
    case "rsa-pss-sha256": {
      const sha256 = sequence(oid(digestOid("sha256")), nullValue());
      const mgf1 = sequence(oid("1.2.840.113549.1.1.8"), sha256);
      return sequence(
        oid("1.2.840.113549.1.1.10"),
        sequence(
          der(contextConstructed(0), sha256),
          der(contextConstructed(1), mgf1),
          der(contextConstructed(2), integer(32)),
        ),
      );
    }
  }
}

/** `[n]` implicit over an encoded SET: only the identifier octet differs. */
function implicitSet(n: number, set: Uint8Array): Uint8Array {
  const out = new Uint8Array(set);
  out[0] = contextConstructed(n);
  return out;
}

function issuerAndSerial(certificate: Uint8Array): { issuer: Uint8Array; serial: Uint8Array } {
  return readingCms("the signer's certificate", () => {
    const fields = (readElement(certificate).children()[0] ?? readElement(certificate)).children();
    const at = fields[0]?.tag === contextConstructed(0) ? 1 : 0;
    const [serial, , issuer] = fields.slice(at);
    if (!serial || !issuer) throw malformed("the signer's certificate has no issuer or serial number");
    return { issuer: issuer.raw, serial: serial.expect(Tag.INTEGER, "serialNumber").raw };
  });
}
