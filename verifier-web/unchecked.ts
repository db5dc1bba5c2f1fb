import type { Bilingual } from "@hocba/signatures";
import type { Finding, SignatureReport, VerificationReport } from "@hocba/signatures/verify";
import { commonName } from "./names-and-times.ts";
import { revocationWords, texts } from "./texts.ts";

/** Findings that say "this could not be looked at", as against "this is wrong". */
const openQuestions = new Set([
  "REVOCATION_UNKNOWN",
  "HOCBA_NO_REGISTRY",
  "TIMESTAMP_NOT_TRUSTED",
  "TIMESTAMP_UNPROVEN_DATA",
  "CHAIN_NOT_FOUND",
  "CONTENT_MISSING",
  "ALGORITHM_UNSUPPORTED",
  "SIGNING_CERTIFICATE_NOT_FOUND",
]);

/**
 * What a verdict leaves open, each thing once, in words: revocation that nobody answered for, times that nothing proves,
 * and the findings that say so themselves. Never empty for a signed file: whether the school has withdrawn the
 * transcript since is not in the file.
 */
export function uncheckedPoints(report: VerificationReport): Bilingual[] {
  const points = new Map<string, Bilingual>();
  const add = (point: Bilingual): void => void points.set(point.vi, point);
  for (const found of [...report.findings, ...report.signatures.flatMap((signature) => signature.findings)]) {
    if (isOpen(found)) add(found.message);
  }
  for (const signature of report.signatures) {
    if (signature.signer === null || signature.integrity === "broken") continue;
    const name = commonName(signature.signer.subject);
    const told = signature.findings.some((found) => found.code === "REVOCATION_UNKNOWN");
    if (!told && !revocationIsKnown(signature)) add(withName(revocationWords.notFor, name));
    if (signature.bestSignatureTime === null && signature.format !== "DocTimeStamp") {
      add(withName(revocationWords.timeNotFor, name));
    }
  }
  if (report.signatures.length > 0) add(texts.currency);
  return [...points.values()];
}

/** Whether the signer's own certificate was answered for, good or revoked. */
export function revocationIsKnown(signature: SignatureReport): boolean {
  const own = signature.revocation.filter((answer) => answer.subject === signature.signer?.subject);
  return own.some((answer) => answer.status !== "unknown");
}

/** True for a finding that belongs under "could not be checked". */
export function isOpen(found: Finding): boolean {
  return openQuestions.has(found.code);
}

function withName(text: Bilingual, name: string): Bilingual {
  return { vi: text.vi.replace("{name}", () => name), en: text.en.replace("{name}", () => name) };
}
