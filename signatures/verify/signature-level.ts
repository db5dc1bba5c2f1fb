import type { Certificate } from "@hocba/certs/x509";
import type { ProofsOfExistence } from "./best-signature-time.ts";
import type { SignatureCandidate } from "./candidate.ts";
import type { SigningCertificateIdentification } from "./identification-of-signing-certificate.ts";
import type { SignatureReport } from "./report.ts";
import type { ValidationProcess } from "./validation-process.ts";

/**
 * The level by what the signature carries (EN 319 122-1, 319 132-1 and 319 142-1, clause 6), not by what could be proven: T with a
 * time stamp, LT with revocation data for every certificate below the roots, LTA with a further time stamp over
 * that data. None for CMS without a reference to the signer's certificate, plain XMLDSig, and what breaks the format's rules.
 */
export function signatureLevel(
  candidate: SignatureCandidate,
  identified: SigningCertificateIdentification,
  proofs: ProofsOfExistence,
  process: ValidationProcess,
): SignatureReport["level"] {
  if (candidate.format === "CMS" || candidate.format === "XMLDSig" || !candidate.followsFormat) return "none";
  // KeyInfo may hold CA certificates alone; a sid names the signer, and a reference to another one contradicts it.
  const mismatch = candidate.references !== null && identified.conclusion.indication !== "PASSED";
  if (mismatch && identified.certificate && candidate.format !== "XAdES") return "none";
  const usable = proofs.timestamps.filter(
    ({ candidate: c }) => c.token && c.type !== "content" && !c.faults.some((f) => f.code === "SIGNATURE_MALFORMED"),
  );
  // An evidence record preserves what is there; it does not stand for the time stamp of level T.
  const records = usable.filter((t) => t.candidate.type === "evidence-record");
  const stamps = usable.filter((t) => t.candidate.type !== "evidence-record");
  if (stamps.length === 0) return "B";
  const proving = stamps.length > 1 ? stamps.filter((t) => !t.candidate.archival) : stamps;
  const leaves = [identified.certificate, ...proving.map((t) => t.certificate)].filter((c) => c !== null);
  const revocable = leaves.filter((c) => !c.selfIssued);
  if (revocable.length === 0 || !revocable.every((c) => hasRevocationData(c, candidate, process))) return "T";
  const archived = records.length > 0 || (stamps.length > 1 && stamps.some((t) => t.candidate.archival));
  return archived ? "LTA" : "LT";
}

const MAX_CHAIN = 16;

/**
 * Every certificate below the trust anchor has revocation data in the document (EN 319 142-1 §6.2.2). Anchors need none, and
 * any CA may be one: trusted lists name issuing CAs. Where no anchor of ours is on the way, only the leaf is known to be
 * none, unless the signature itself refers to a complete set: then all of it must be there.
 */
function hasRevocationData(
  certificate: Certificate,
  candidate: SignatureCandidate,
  process: ValidationProcess,
): boolean {
  const isAnchor = (c: Certificate) => process.context.anchors.some((anchor) => anchor.certificate.equals(c));
  if (isAnchor(certificate)) return true;
  if (!process.evidence.embedsRevocationOf(certificate)) return false;
  let complete = true;
  let at: Certificate | undefined = certificate;
  for (let i = 0; i < MAX_CHAIN && !at.selfIssued; i++) {
    at = process.pathPool.withSubject(at.issuer.canonicalKey)[0];
    if (!at) break;
    if (isAnchor(at)) return complete;
    complete &&= at.selfIssued || process.evidence.embedsRevocationOf(at);
  }
  return complete || candidate.refersToValidationData !== true;
}
