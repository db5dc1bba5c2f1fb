import type { Certificate } from "@hocba/certs/x509";
import { type ProofsOfExistence, proofsOfExistence } from "./best-signature-time.ts";
import type { SignatureCandidate } from "./candidate.ts";
import { type Conclusion, passed, worst } from "./conclusion.ts";
import { cryptographicConclusion } from "./cryptographic-verification.ts";
import { finding } from "./findings.ts";
import { identifySigningCertificate } from "./identification-of-signing-certificate.ts";
import { isoTime } from "./iso-time.ts";
import { validatePastSignature } from "./past-signature-validation.ts";
import type { Finding, Indication, SignatureReport, SignerReport } from "./report.ts";
import { acceptAlgorithms } from "./signature-acceptance.ts";
import { signatureLevel } from "./signature-level.ts";
import { checkSigningTime } from "./signing-time.ts";
import { validateTimestamp } from "./time-stamp-validation.ts";
import type { ValidationProcess } from "./validation-process.ts";

/**
 * Validation of one signature, from format checking to the verdict with archival data (EN 319 102-1 §5.3, §5.5, §5.6). The worst
 * answer of the building blocks counts, and of equally bad ones the first, in the order of the standard.
 */
export function validateSignature(candidate: SignatureCandidate, process: ValidationProcess): SignatureReport {
  if (candidate.documentTimestamp) return validateDocumentTimestamp(candidate, process);

  const identified = identifySigningCertificate(
    {
      named: candidate.named,
      all: process.pool.list,
      references: candidate.references,
      fits: (certificate) => candidate.verify(certificate).integrity === "intact",
    },
    process.policy,
    process.crypto,
  );
  const { certificate } = identified;
  const math = candidate.verify(certificate);
  const proofs = proofsOfExistence(candidate.timestamps, process);
  const past = certificate
    ? validatePastSignature(certificate, proofs, process)
    : { conclusion: passed(), validation: null };
  const conclusion = worst(
    candidate.formatChecking,
    cryptographicConclusion(math),
    identified.conclusion,
    past.conclusion,
    acceptAlgorithms({ ...math, certificate }, proofs.bestSignatureTime ?? process.time, process.policy),
    checkSigningTime(candidate, proofs, process),
  );
  return {
    id: candidate.id,
    format: candidate.format,
    level: signatureLevel(candidate, identified, proofs, process),
    indication: total(conclusion),
    subIndication: conclusion.subIndication,
    integrity: math.integrity,
    coverage: candidate.coverage,
    laterChanges: candidate.laterChanges,
    role: null,
    signer: certificate && signerReport(certificate, process),
    claimedSigningTime: iso(candidate.claimedSigningTime),
    bestSignatureTime: iso(proofs.bestSignatureTime),
    timestamps: proofs.timestamps.map((t) => t.report),
    revocation: past.validation ? [...past.validation.revocation] : [],
    covers: [...candidate.covers],
    findings: distinct([...conclusion.findings, ...timestampFindings(proofs)]),
  };
}

function validateDocumentTimestamp(candidate: SignatureCandidate, process: ValidationProcess): SignatureReport {
  const proofs = proofsOfExistence(candidate.timestamps, process);
  const at = proofs.bestSignatureTime ?? process.time;
  const result = validateTimestamp(candidate.documentTimestamp!, at, process);
  const conclusion = worst(candidate.formatChecking, result.conclusion);
  const broken = result.report.integrity === "broken" || result.conclusion.indication === "FAILED";
  return {
    id: candidate.id,
    format: candidate.format,
    level: "none",
    indication: total(conclusion),
    subIndication: conclusion.subIndication,
    integrity: broken ? "broken" : result.certificate ? "intact" : "unknown",
    coverage: candidate.coverage,
    laterChanges: candidate.laterChanges,
    role: null,
    signer: result.certificate && signerReport(result.certificate, process),
    claimedSigningTime: iso(candidate.claimedSigningTime),
    bestSignatureTime: result.report.time,
    timestamps: [result.report, ...proofs.timestamps.map((t) => t.report)],
    revocation: result.certificate
      ? [...process.validateCertificate(result.certificate, at, "timestamping").revocation]
      : [],
    covers: [],
    findings: distinct(conclusion.findings),
  };
}

/** A time stamp that proves nothing lowers the level, not the verdict: its faults are told as warnings. */
function timestampFindings(proofs: ProofsOfExistence): Finding[] {
  return proofs.timestamps.flatMap((t) => {
    if (t.conclusion.indication === "PASSED") return [...t.conclusion.findings];
    const faults = t.conclusion.findings.map(
      (f): Finding => (f.severity === "error" ? { ...f, severity: "warning" } : f),
    );
    const values = { time: t.report.time ?? "?", sub: t.conclusion.subIndication };
    return [finding("TIMESTAMP_NOT_TRUSTED", values), ...faults];
  });
}

function signerReport(certificate: Certificate, process: ValidationProcess): SignerReport {
  return {
    subject: certificate.subject.toString(),
    issuer: certificate.issuer.toString(),
    serial: certificate.serial,
    notBefore: isoTime(certificate.notBefore),
    notAfter: isoTime(certificate.notAfter),
    fingerprint: certificate.fingerprint(process.crypto),
  };
}

function total(conclusion: Conclusion): Indication {
  switch (conclusion.indication) {
    case "PASSED":
      return "TOTAL-PASSED";
    case "FAILED":
      return "TOTAL-FAILED";
    case "INDETERMINATE":
      return "INDETERMINATE";
  }
}

function distinct(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>();
  return findings.filter((f) => {
    const key = `${f.code} ${f.message.en}`;
    return seen.has(key) ? false : seen.add(key);
  });
}

const iso = (ms: number | null): string | null => (ms === null ? null : isoTime(ms));
