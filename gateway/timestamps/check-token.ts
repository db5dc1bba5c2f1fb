import { CertsError } from "@hocba/certs";
import { type CryptoProvider, LruCache, signatureAlgorithmOf } from "@hocba/certs/crypto";
import { equalBytes, readOctetString } from "@hocba/certs/der";
import { type Certificate, parseCertificate } from "@hocba/certs/x509";
import { SignaturesError } from "@hocba/signatures";
import { CmsOid, digestAlgorithmOf, signedAttributesForms } from "@hocba/signatures/cms";
import type { TimestampToken } from "@hocba/signatures/timestamps";

const timeStamping = "1.3.6.1.5.5.7.3.8";

/** Says whether a TSA certificate leads to a trusted root at a time (ms since 1970); `others` came in the token. */
export type TrustTsa = (certificate: Certificate, others: readonly Uint8Array[], at: number) => boolean;

const parsed = new LruCache<string, Certificate>(64);

/**
 * Judges a token before it is built into a document: signed by the certificate it carries, over this TSTInfo, by a
 * certificate whose only purpose is time stamping, critical (RFC 3161 §2.3), valid at genTime, trusted.
 * @returns the certificate of the authority
 * @throws SignaturesError TSP_UNTRUSTED, TSP_MALFORMED
 */
export function checkToken(token: TimestampToken, crypto: CryptoProvider, trust: TrustTsa): Certificate {
  const { signerInfo, signedData, tstInfo } = token;
  const certificate = signedData.certificates.map(read).find((each) => isNamedBy(each, token));
  if (certificate === undefined) throw untrusted("the token does not carry its signer's certificate");
  const purposes = certificate.extendedKeyUsage;
  const critical = certificate.extensions.get("2.5.29.37")?.critical === true;
  if (purposes === null || purposes.length !== 1 || purposes[0] !== timeStamping || !critical) {
    throw untrusted("the certificate is not one for time stamping alone");
  }
  if (token.genTime < certificate.notBefore || token.genTime > certificate.notAfter) {
    throw untrusted("the certificate was not valid at genTime");
  }
  const digest = digestAlgorithmOf(signerInfo.digestAlgorithm.oid);
  const stated = signerInfo.signedAttributes?.single(CmsOid.messageDigest);
  if (digest === null || stated === null || stated === undefined) {
    throw new SignaturesError("TSP_MALFORMED", "the token lacks signed attributes or uses an unknown digest", {
      retryable: true,
    });
  }
  if (!equalBytes(readOctetString(stated), crypto.digest(digest, tstInfo))) {
    throw untrusted("the message digest is not that of the TSTInfo");
  }
  const algorithm = algorithmOf(token, digest);
  const forms = signedAttributesForms(signerInfo);
  if (!forms.some((form) => crypto.verify(certificate.spki, algorithm, [form], signerInfo.signature))) {
    throw untrusted("the signature value is wrong");
  }
  if (!trust(certificate, signedData.certificates, token.genTime)) {
    throw untrusted("the certificate leads to no trusted root");
  }
  return certificate;
}

function read(der: Uint8Array): Certificate {
  const key = Buffer.from(der.buffer, der.byteOffset, der.length).toString("latin1");
  const known = parsed.get(key);
  if (known !== undefined) return known;
  try {
    const certificate = parseCertificate(new Uint8Array(der));
    parsed.set(key, certificate);
    return certificate;
  } catch (error) {
    if (error instanceof CertsError) throw untrusted("a certificate in the token cannot be read", error);
    throw error;
  }
}

function isNamedBy(certificate: Certificate, { signerInfo: { sid } }: TimestampToken): boolean {
  if (sid.kind === "key-id") {
    const keyId = certificate.subjectKeyId;
    return keyId !== null && equalBytes(keyId, sid.keyId);
  }
  return certificate.serial === sid.serial && equalBytes(certificate.issuer.raw, sid.issuer);
}

function algorithmOf({ signerInfo }: TimestampToken, digest: Parameters<typeof signatureAlgorithmOf>[2]) {
  try {
    return signatureAlgorithmOf(signerInfo.signatureAlgorithm.oid, signerInfo.signatureAlgorithm.parameters, digest);
  } catch (error) {
    if (error instanceof CertsError) throw untrusted("the signature algorithm is not supported", error);
    throw error;
  }
}

function untrusted(message: string, cause?: unknown): SignaturesError {
  return new SignaturesError("TSP_UNTRUSTED", message, { retryable: true, cause });
}
