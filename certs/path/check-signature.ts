import type { CryptoProvider } from "../crypto/provider.ts";
import { signatureAlgorithmOf } from "../crypto/signature-algorithm.ts";
import { Tag } from "../der/element.ts";
import { equalBytes } from "../der/values.ts";
import { CertsError } from "../errors.ts";
import type { AlgorithmIdentifier, Certificate } from "../x509/certificate.ts";
import type { PathCache } from "./path-cache.ts";

/** Why a signature on a certificate does not count, or null when it does. */
export type SignatureFault = "SIGNATURE_INVALID" | "SIGNATURE_ALGORITHM_UNSUPPORTED" | "ALGORITHM_MISMATCH";

/** Checks the signature on a certificate under a key (RFC 5280 §6.1.3 (a)(1), §4.1.1.2). */
export function checkSignature(
  certificate: Certificate,
  spki: Uint8Array,
  crypto: CryptoProvider,
  cache: PathCache | undefined,
): SignatureFault | null {
  const { signatureAlgorithm, tbsSignatureAlgorithm } = certificate;
  if (!sameAlgorithm(signatureAlgorithm, tbsSignatureAlgorithm)) return "ALGORITHM_MISMATCH";
  try {
    const algorithm = signatureAlgorithmOf(signatureAlgorithm.oid, signatureAlgorithm.parameters);
    const check = (): boolean => crypto.verify(spki, algorithm, [certificate.tbs], certificate.signature);
    const good = cache ? cache.signature(certificate, spki, check) : check();
    return good ? null : "SIGNATURE_INVALID";
  } catch (error) {
    if (!(error instanceof CertsError)) throw error;
    return error.code === "ALGORITHM_UNSUPPORTED" ? "SIGNATURE_ALGORITHM_UNSUPPORTED" : "SIGNATURE_INVALID";
  }
}

/** §4.1.1.2: both must say the same. NULL against absent parameters is an old quarrel without consequence. */
function sameAlgorithm(a: AlgorithmIdentifier, b: AlgorithmIdentifier): boolean {
  if (equalBytes(a.raw, b.raw)) return true;
  const empty = (x: AlgorithmIdentifier): boolean => x.parameters === null || x.parameters.tag === Tag.NULL;
  return a.oid === b.oid && empty(a) && empty(b);
}
