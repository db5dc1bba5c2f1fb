/** What two places disagree on. `audit-…` names concern the audit log, `work-list-…` Redis, all others a document. */
export type Problem =
  | "audit-chain-broken"
  | "audit-differs"
  | "document-lost"
  | "content-missing"
  | "content-damaged"
  | "content-unreadable"
  | "signature-missing"
  | "signature-unfinished"
  | "signature-twice"
  | "signature-unknown"
  | "signature-broken"
  | "verification-failed"
  | "verification-undecided"
  | "receipt-missing"
  | "receipt-invalid"
  | "receipt-differs"
  | "issue-not-recorded"
  | "level-not-proven"
  | "raise-differs"
  | "raise-failing"
  | "evidence-missing"
  | "evidence-broken"
  | "counts-differ"
  | "work-list-unknown-document"
  | "work-list-lacks-document";

export interface Complaint {
  /** `warning`: nothing is lost or wrong yet, but somebody should know. */
  severity: "error" | "warning";
  /** A document's id, or `audit`, `counts`, `waiting`. */
  about: string;
  problem: Problem;
  details: Record<string, unknown>;
}

export function complain(
  about: string,
  problem: Problem,
  details: Record<string, unknown> = {},
  severity: Complaint["severity"] = "error",
): Complaint {
  return { severity, about, problem, details };
}
