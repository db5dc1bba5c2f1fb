import type { DigestAlgorithm } from "@hocba/certs/crypto";
import type { Certificate } from "@hocba/certs/x509";
import type { Bilingual } from "../bilingual.ts";
import { type Conclusion, indeterminate, passed, worst } from "./conclusion.ts";
import type { CryptographicVerification } from "./cryptographic-verification.ts";
import { finding } from "./findings.ts";
import { acceptableUntil, type DigestUse, type Policy } from "./policy.ts";

const USE: Readonly<Record<DigestUse, Bilingual>> = {
  signature: { vi: "chữ ký", en: "signature" },
  "timestamp-imprint": { vi: "dấu thời gian", en: "time stamp" },
  certificate: { vi: "chứng thư", en: "certificate" },
};

/**
 * Signature acceptance validation, cryptographic constraints (EN 319 102-1 §5.2.8.4): the algorithms and key of the signature
 * were acceptable at `at` (ms since 1970), the earliest time at which it is proven to have existed.
 */
export function acceptAlgorithms(
  use: Pick<CryptographicVerification, "digestAlgorithm" | "signatureAlgorithm"> & { certificate: Certificate | null },
  at: number,
  policy: Policy,
): Conclusion {
  // The digest under the signature value may be another one than that over the content.
  const under =
    use.signatureAlgorithm && "digest" in use.signatureAlgorithm ? use.signatureAlgorithm.digest : undefined;
  const digests = new Set([use.digestAlgorithm, under].filter((d) => d !== undefined));
  return worst(
    ...[...digests].map((digest) => acceptDigest(digest, "signature", at, policy)),
    use.certificate ? acceptKey(use.certificate, policy) : passed(),
  );
}

/** One digest algorithm in one use, at a time. */
export function acceptDigest(algorithm: DigestAlgorithm, use: DigestUse, at: number, policy: Policy): Conclusion {
  const until = acceptableUntil(policy, algorithm, use);
  if (until === Number.POSITIVE_INFINITY) return passed();
  const values = { algorithm, use: USE[use], until: new Date(until).toISOString().slice(0, 10) };
  if (at < until) return passed(finding("DIGEST_LEGACY", values));
  return indeterminate("CRYPTO_CONSTRAINTS_FAILURE_NO_POE", finding("DIGEST_WEAK", values));
}

function acceptKey(certificate: Certificate, policy: Policy): Conclusion {
  const { kind, bits } = certificate.publicKey;
  const minimum = policy.rules.algorithms.minimumKeyBits[kind as "rsa" | "dsa" | "ec"];
  if (minimum === undefined || bits >= minimum) return passed();
  return indeterminate("CRYPTO_CONSTRAINTS_FAILURE_NO_POE", finding("KEY_SMALL", { kind, bits }));
}
