import type { Certificate } from "@hocba/certs/x509";
import type { ProofsOfExistence } from "./best-signature-time.ts";
import { type Conclusion, failed, passed } from "./conclusion.ts";
import { finding } from "./findings.ts";
import type { ValidationProcess } from "./validation-process.ts";
import type { CertificateValidation } from "./x509-validation.ts";

/**
 * The signer's certificate, first at the best signature time, then at the time of validation (EN 319 102-1 §5.5.4 and §5.6.2.4). A
 * certificate that expired or was revoked after the proven time does no harm; without proof it stays INDETERMINATE. Where a
 * content time stamp proves that signing came after the end of validity or the revocation, it is a failure.
 */
export function validatePastSignature(
  certificate: Certificate,
  proofs: ProofsOfExistence,
  process: ValidationProcess,
): { conclusion: Conclusion; validation: CertificateValidation } {
  const now = process.validateCertificate(certificate, process.time, "signing");
  const { bestSignatureTime, notBefore } = proofs;
  if (bestSignatureTime === null) return { conclusion: certain(now, certificate, notBefore), validation: now };

  if (bestSignatureTime < certificate.notBefore) {
    const values = { notBefore: new Date(certificate.notBefore).toISOString() };
    return { conclusion: failed("NOT_YET_VALID", finding("CERTIFICATE_NOT_YET_VALID", values)), validation: now };
  }
  const then = process.validateCertificate(certificate, bestSignatureTime, "signing");
  if (then.conclusion.indication === "PASSED") {
    const later = now.revokedAt !== null && now.revokedAt > bestSignatureTime;
    const remark = later
      ? passed(finding("REVOKED_AFTER_SIGNING", { revokedAt: new Date(now.revokedAt!).toISOString() }))
      : passed();
    return {
      conclusion: passed(...then.conclusion.findings, ...remark.findings),
      validation: later ? now : then,
    };
  }
  if (now.conclusion.indication === "PASSED") return { conclusion: now.conclusion, validation: now };
  return { conclusion: certain(then, certificate, notBefore), validation: then };
}

/** What is INDETERMINATE for want of a proof of time becomes FAILED where the opposite is proven (§5.5.4, step 4). */
function certain(validation: CertificateValidation, certificate: Certificate, notBefore: number | null): Conclusion {
  const { conclusion } = validation;
  if (notBefore === null) return conclusion;
  if (
    conclusion.subIndication === "REVOKED_NO_POE" &&
    validation.revokedAt !== null &&
    notBefore > validation.revokedAt
  ) {
    return failed("REVOKED", ...conclusion.findings);
  }
  if (conclusion.subIndication === "OUT_OF_BOUNDS_NO_POE" && notBefore > certificate.notAfter) {
    return failed("EXPIRED", ...conclusion.findings);
  }
  return conclusion;
}
