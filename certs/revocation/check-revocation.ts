import type { Certificate } from "../x509/certificate.ts";
import type { CheckContext, EvidenceOutcome } from "./check-context.ts";
import { weightier } from "./check-context.ts";
import { checkCrls } from "./check-crls.ts";
import { checkOcsp } from "./check-ocsp.ts";
import { evidenceLocations, NO_LOCATIONS } from "./evidence-locations.ts";
import type { RevocationStatus } from "./revocation-status.ts";

const NO_REV_AVAIL = "2.5.29.56";
const VALIDITY_ASSURED_SHORT_TERM = "0.4.0.194121.2.1";

/**
 * Does the certificate say, and may it say, that there will be no revocation information? noRevAvail may stand neither in a CA's
 * certificate nor beside an address where a status could be had (RFC 9608 §2, §4); ETSI's validity-assured-short-term (EN 319 412-1
 * §5.2) is for end entities.
 */
function needsNoRevocation(certificate: Certificate): boolean {
  const { extensions } = certificate;
  const noRevAvail = extensions.has(NO_REV_AVAIL);
  if (!noRevAvail && !extensions.has(VALIDITY_ASSURED_SHORT_TERM)) return false;
  if (certificate.basicConstraints?.cA) return false;
  const { crls, ocsp } = evidenceLocations(certificate);
  return !noRevAvail || crls.length + ocsp.length === 0;
}

/**
 * Status of one certificate by all evidence at hand. Revoked by any beats good by any; what cannot be used is as good as
 * absent, and `code` says why.
 */
export function checkRevocation(context: CheckContext): RevocationStatus {
  const { certificate } = context;
  if (needsNoRevocation(certificate)) {
    return { ...unknownStatus(certificate), status: "good", code: "NO_REVOCATION_AVAILABLE", wanted: NO_LOCATIONS };
  }
  const ocsp = checkOcsp(context);
  if (ocsp.status === "revoked") return known(certificate, ocsp, "ocsp");
  const crls = checkCrls(context);
  if (crls.status === "revoked") return known(certificate, crls, "crl");
  if (ocsp.status === "good" && crls.status === "good") {
    // The newer speaks; a later revocation told by either is not lost.
    const newer = (ocsp.thisUpdate ?? 0) >= (crls.thisUpdate ?? 0);
    const chosen = known(certificate, newer ? ocsp : crls, newer ? "ocsp" : "crl");
    return { ...chosen, revokedLater: ocsp.revokedLater ?? crls.revokedLater };
  }
  if (ocsp.status === "good") return known(certificate, ocsp, "ocsp");
  if (crls.status === "good") return known(certificate, crls, "crl");
  return { ...unknownStatus(certificate), code: weightier(ocsp.code, crls.code) };
}

/** Nothing known, and where the certificate says it could be learnt. */
export const unknownStatus = (certificate: Certificate): RevocationStatus => ({
  certificate,
  status: "unknown",
  code: "NO_EVIDENCE",
  source: null,
  thisUpdate: null,
  nextUpdate: null,
  revokedAt: null,
  reason: null,
  invalidityDate: null,
  revokedLater: null,
  evidence: null,
  wanted: evidenceLocations(certificate),
});

function known(certificate: Certificate, outcome: EvidenceOutcome, source: "crl" | "ocsp"): RevocationStatus {
  return {
    certificate,
    status: outcome.status,
    code: "KNOWN",
    source,
    thisUpdate: outcome.thisUpdate,
    nextUpdate: outcome.nextUpdate,
    revokedAt: outcome.revocation?.revokedAt ?? null,
    reason: outcome.revocation ? (outcome.revocation.reason ?? "unspecified") : null,
    invalidityDate: outcome.revocation?.invalidityDate ?? null,
    revokedLater: outcome.revokedLater,
    evidence: outcome.evidence,
    wanted: NO_LOCATIONS,
  };
}
