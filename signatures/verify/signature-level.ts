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
  if (revocable.length === 0 || !revocable.every((c) => hasRevocationData(c, process))) return "T";
  const archived = records.length > 0 || (stamps.length > 1 && stamps.some((t) => t.candidate.archival));
  return archived ? "LTA" : "LT";
}

const MAX_CHAIN = 16;

/** Every certificate on the way up has revocation data in the document, as far as the issuers are at hand. */
function hasRevocationData(certificate: Certificate, process: ValidationProcess): boolean {
  let at = certificate;
  for (let i = 0; i < MAX_CHAIN && !at.selfIssued; i++) {
    if (process.context.anchors.some((anchor) => anchor.certificate.equals(at))) return true;
    if (!process.evidence.embedsRevocationOf(at)) return false;
    const issuer = process.pathPool.withSubject(at.issuer.canonicalKey)[0];
    if (!issuer) return true;
    at = issuer;
  }
  return true;
}
