import { finding } from "./findings.ts";
import type { VerificationReport } from "./report.ts";

/** What is known of a file whose verification could not be carried to its end: which file it is, and why. */
export interface StoppedVerification {
  readonly file: string;
  /** SHA-256 of the file, lower-case hex. */
  readonly sha256: string;
  readonly policy: string;
  readonly time: Date;
  /** For the finding: a few words in English, or an error code. */
  readonly reason: string;
}

/**
 * The report of a verification that was stopped, by a limit of time or memory or an error of the verifier's own. Nothing is known
 * of the file then, so the verdict is INDETERMINATE and names no signature.
 */
export function stoppedReport({ file, sha256, policy, time, reason }: StoppedVerification): VerificationReport {
  return {
    file,
    sha256,
    format: "unknown",
    policy,
    validationTime: time.toISOString(),
    indication: "INDETERMINATE",
    subIndication: "POLICY_PROCESSING_ERROR",
    profile: null,
    signatures: [],
    findings: [finding("VERIFICATION_STOPPED", { reason })],
  };
}
