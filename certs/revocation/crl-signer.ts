import type { CryptoProvider } from "../crypto/provider.ts";
import { signatureAlgorithmOf } from "../crypto/signature-algorithm.ts";
import { equalBytes } from "../der/values.ts";
import { CertsError } from "../errors.ts";
import type { Certificate } from "../x509/certificate.ts";
import type { CertificateList } from "./crl.ts";

/** A key that may have signed evidence. */
export interface SignerCandidate {
  readonly certificate: Certificate;
  /** Its key, DSA parameters filled in. */
  readonly spki: Uint8Array;
  /** True when it stands in the path under validation above the certificate asked about, so is validated already. */
  readonly inPath: boolean;
}

/** Most candidates whose key is tried on one CRL. */
const MAX_CANDIDATES = 16;

/** Candidates whose key made the signature, those whose key identifier agrees first. */
export function crlSigners(
  crl: CertificateList,
  candidates: readonly SignerCandidate[],
  crypto: CryptoProvider,
): SignerCandidate[] {
  const wanted = crl.authorityKeyId?.keyIdentifier;
  const agrees = (c: SignerCandidate): number => {
    const have = wanted ? keyId(c.certificate) : null;
    return wanted && have ? (equalBytes(wanted, have) ? 1 : -1) : 0;
  };
  return candidates
    .filter((c) => c.certificate.subject.equals(crl.issuer))
    .sort((a, b) => agrees(b) - agrees(a) || Number(b.inPath) - Number(a.inPath))
    .slice(0, MAX_CANDIDATES)
    .filter((c) => signatureHolds(crl, c.spki, crypto));
}

function keyId(certificate: Certificate): Uint8Array | null {
  try {
    return certificate.subjectKeyId;
  } catch (error) {
    if (error instanceof CertsError) return null;
    throw error;
  }
}

function signatureHolds(crl: CertificateList, spki: Uint8Array, crypto: CryptoProvider): boolean {
  const known = crl.checkedKeys.get(spki);
  if (known !== undefined) return known;
  let good = false;
  try {
    const { oid, parameters } = crl.signatureAlgorithm;
    good =
      oid === crl.tbsSignatureAlgorithm.oid &&
      crypto.verify(spki, signatureAlgorithmOf(oid, parameters), [crl.tbs], crl.signature);
  } catch (error) {
    // An algorithm nobody here can judge proves nothing.
    if (!(error instanceof CertsError)) throw error;
  }
  crl.checkedKeys.set(spki, good);
  return good;
}
