import { CertsError } from "@hocba/certs";
import type { SignatureAlgorithm } from "@hocba/certs/crypto";
import { readElement, readOctetString } from "@hocba/certs/der";
import type { SignatureCandidate } from "../candidate.ts";
import { failed, worst } from "../conclusion.ts";
import { finding } from "../findings.ts";
import type { ValidationProcess } from "../validation-process.ts";
import type { PlacedSignature } from "./placed-signature.ts";

const RSA_SHA1: SignatureAlgorithm = { scheme: "rsa-pkcs1", digest: "sha1" };

/** adbe.x509.rsa_sha1: a bare RSA signature over the ranges, certificates in /Cert, the signer's first (ISO 32000-1 §12.8.3.2). */
export function rsaSha1Candidate(
  placed: PlacedSignature,
  process: ValidationProcess,
): Pick<SignatureCandidate, "formatChecking" | "named" | "verify"> {
  const { signature, ranges } = placed;
  const value = rawSignature(signature.contents);
  process.pool.addDer(signature.certificates);
  const first = signature.certificates[0];
  const formatChecking = value
    ? placed.placement
    : worst(placed.placement, failed("FORMAT_FAILURE", finding("SIGNATURE_MALFORMED", { reason: "/Contents" })));
  return {
    formatChecking,
    named: first
      ? process.pool.list.filter((c) => c.raw.length === first.length && c.raw.every((b, i) => b === first[i]))
      : [],
    verify: (certificate) => {
      if (!value || !ranges) return { integrity: "broken", problem: "FORMAT_FAILURE", findings: [] };
      if (!certificate) return { integrity: "unknown", problem: "NO_SIGNING_CERTIFICATE_FOUND", findings: [] };
      if (certificate.publicKey.kind !== "rsa") {
        const name = finding("ALGORITHM_UNSUPPORTED", { algorithm: certificate.publicKey.kind });
        return { integrity: "unknown", problem: "CRYPTO_CONSTRAINTS_FAILURE", findings: [name] };
      }
      const intact = process.crypto.verify(certificate.spki, RSA_SHA1, ranges, value);
      return {
        integrity: intact ? "intact" : "broken",
        problem: intact ? null : "SIG_CRYPTO_FAILURE",
        digestAlgorithm: "sha1",
        signatureAlgorithm: RSA_SHA1,
        findings: intact ? [] : [finding("SIGNATURE_VALUE_WRONG")],
      };
    },
  };
}

/** The octets of the OCTET STRING in /Contents, or null. */
function rawSignature(contents: Uint8Array): Uint8Array | null {
  try {
    return readOctetString(readElement(contents, 0, { ber: true }));
  } catch (error) {
    if (error instanceof CertsError) return null;
    throw error;
  }
}
