import { CertsError } from "@hocba/certs";
import type { CryptoProvider, DigestAlgorithm } from "@hocba/certs/crypto";
import { type Element, equalBytes, readIntegerHex, readOctetString, Tag } from "@hocba/certs/der";
import { type Certificate, parseName } from "@hocba/certs/x509";
import { digestAlgorithmOf, readAlgorithmIdentifier } from "../cms/algorithm-identifier.ts";
import type { AttributeSet } from "../cms/attributes.ts";
import { malformed } from "../cms/malformed.ts";
import { CmsOid } from "../cms/oids.ts";
import { digestIfKnown } from "./digest-if-known.ts";

/** A reference to a certificate that the signature covers: ESSCertID(v2), or xades:Cert. */
export interface CertificateReference {
  /** Null when the algorithm is not known: then it matches nothing. */
  readonly digestAlgorithm: DigestAlgorithm | null;
  readonly digest: Uint8Array;
  readonly issuerSerial: { readonly issuer: Uint8Array | null; readonly serial: string } | null;
  /** The first reference of a second attribute beside the one that counts: it must name the same certificate. */
  readonly repeatsFirst?: true;
}

const MAX_REFERENCES = 100;

/**
 * The references in ESS signing-certificate and signing-certificate-v2, the signer's own first (RFC 5035 §4 and §5,
 * EN 319 122-1 §5.2.2). Null when neither is there. @throws SignaturesError CMS_MALFORMED, CertsError DER_MALFORMED
 */
export function essCertificateReferences(attributes: AttributeSet | null): CertificateReference[] | null {
  const v2 = attributes?.single(CmsOid.signingCertificateV2) ?? null;
  const v1 = attributes?.single(CmsOid.signingCertificate) ?? null;
  if (!v1 && !v2) return null;
  const second = v1 ? readCerts(v1, false) : [];
  if (!v2) return second;
  return [...readCerts(v2, true), ...second.map((r, i) => (i === 0 ? { ...r, repeatsFirst: true as const } : r))];
}

function readCerts(value: Element, v2: boolean): CertificateReference[] {
  const certs = value.expect(Tag.SEQUENCE, "SigningCertificate").children()[0];
  if (!certs) throw malformed("SigningCertificate without certs");
  const ids = certs.expect(Tag.SEQUENCE, "certs").children();
  if (ids.length === 0 || ids.length > MAX_REFERENCES) throw malformed("SigningCertificate: unusable number of certs");
  return ids.map((id) => {
    const parts = id.expect(Tag.SEQUENCE, "ESSCertID").children();
    let at = 0;
    let digestAlgorithm: DigestAlgorithm | null = v2 ? "sha256" : "sha1";
    if (v2 && parts[at]?.tag === Tag.SEQUENCE) {
      digestAlgorithm = digestAlgorithmOf(readAlgorithmIdentifier(parts[at++]!).oid);
    }
    const hash = parts[at++];
    if (!hash) throw malformed("ESSCertID without certHash");
    return { digestAlgorithm, digest: readOctetString(hash), issuerSerial: readIssuerSerial(parts[at]) };
  });
}

function readIssuerSerial(e: Element | undefined): CertificateReference["issuerSerial"] {
  if (!e) return null;
  const [names, serial] = e.expect(Tag.SEQUENCE, "IssuerSerial").children();
  if (!names || !serial) throw malformed("IssuerSerial incomplete");
  const directoryName = names.children().find((n) => n.tag === 0xa4);
  return { issuer: directoryName?.child().raw ?? null, serial: readIntegerHex(serial) };
}

/** True when the certificate has the referenced digest. */
export function referenceMatches(
  reference: CertificateReference,
  certificate: Certificate,
  crypto: CryptoProvider,
): boolean {
  if (reference.digestAlgorithm === null) return false;
  const digest =
    reference.digestAlgorithm === "sha256"
      ? certificate.sha256(crypto)
      : digestOf(certificate, reference.digestAlgorithm, crypto);
  return digest !== null && equalBytes(digest, reference.digest);
}

const digests = new WeakMap<Certificate, Map<DigestAlgorithm, Uint8Array | null>>();

/** Worked out once: every signature of a file is held against every certificate in it. */
function digestOf(certificate: Certificate, algorithm: DigestAlgorithm, crypto: CryptoProvider): Uint8Array | null {
  const known = digests.get(certificate) ?? new Map<DigestAlgorithm, Uint8Array | null>();
  digests.set(certificate, known);
  let digest = known.get(algorithm);
  if (digest === undefined) {
    digest = digestIfKnown(crypto, algorithm, [certificate.raw]);
    known.set(algorithm, digest);
  }
  return digest;
}

/** False when the reference names another issuer or serial number than the certificate has. */
export function issuerSerialAgrees(reference: CertificateReference, certificate: Certificate): boolean {
  const named = reference.issuerSerial;
  if (!named) return true;
  if (named.serial !== certificate.serial) return false;
  if (!named.issuer || equalBytes(named.issuer, certificate.issuer.raw)) return true;
  try {
    return certificate.issuer.equals(parseName(named.issuer));
  } catch (error) {
    if (error instanceof CertsError) return false;
    throw error;
  }
}
