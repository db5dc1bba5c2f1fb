import type { Certificate } from "@hocba/certs/x509";
import type { ProofsOfExistence } from "./best-signature-time.ts";
import type { SignatureCandidate } from "./candidate.ts";
import type { SignatureReport } from "./report.ts";
import type { ValidationProcess } from "./validation-process.ts";

const MAX_CHAIN = 16;

/**
 * The level by what the signature carries (EN 319 122-1, 319 132-1 and 319 142-1, clause 6), not by what could be proven: T with a
 * time stamp, LT with revocation data for every certificate above root, LTA with a time stamp over that data. CMS without a
 * reference to the signer's certificate and plain XMLDSig have none.
 */
export function signatureLevel(
  candidate: SignatureCandidate,
  certificate: Certificate | null,
  proofs: ProofsOfExistence,
  process: ValidationProcess,
): SignatureReport["level"] {
  if (candidate.format === "CMS" || candidate.format === "XMLDSig") return "none";
  const stamps = proofs.timestamps.filter((t) => t.candidate.token && t.candidate.type !== "content");
  if (stamps.length === 0) return "B";
  const signers = [certificate, ...stamps.filter((t) => !t.candidate.archival).map((t) => t.certificate)];
  if (!signers.every((c) => c !== null && hasRevocationData(c, process))) return "T";
  return stamps.some((t) => t.candidate.archival) ? "LTA" : "LT";
}

function hasRevocationData(certificate: Certificate, process: ValidationProcess): boolean {
  let at = certificate;
  for (let i = 0; i < MAX_CHAIN && !at.selfIssued; i++) {
    if (!process.evidence.embedsRevocationOf(at)) return false;
    const issuer = process.pathPool.withSubject(at.issuer.canonicalKey)[0];
    if (!issuer) return true;
    at = issuer;
  }
  return true;
}
