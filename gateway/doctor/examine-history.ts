import type { AuditEntry, Dossier, Ledger } from "../ledger/index.ts";
import { type Complaint, complain } from "./complaint.ts";

const PAGE = 1000;

/**
 * Plays a document's audit entries again, each of which stands for one change: they must lead to the state, version and
 * revision that the ledger shows, with each step completed once, the document issued once, and what was issued before a late
 * time stamp came still known.
 */
export async function* examineHistory(dossier: Dossier, ledger: Ledger): AsyncGenerator<Complaint> {
  const { document, signatures } = dossier;
  let state: string | null = null;
  let version = 0;
  let revision = document.sha256;
  let issues = 0;
  let level: unknown;
  const earlier: string[] = [];
  const completed = new Map<string, number>();
  for (let after = 0; ; ) {
    const entries = await ledger.audit.entries({ after, limit: PAGE, documentId: document.id });
    for (const { seq, action, details } of entries) {
      after = seq;
      if (!action.startsWith("document.")) continue;
      version++;
      if (action === "document.postponed") continue;
      if (action === "document.raised") {
        if (state !== "signed" || details.previous !== revision) yield complain(document.id, "raise-differs", { seq });
        earlier.push(revision);
        revision = String(details.sha256);
        level = details.level;
        continue;
      }
      const from = action === "document.received" && state === null ? null : details.from;
      if (from !== state) yield complain(document.id, "audit-differs", { seq, from, expected: state });
      state = action.slice("document.".length);
      if (action !== "document.received") revision = typeof details.sha256 === "string" ? details.sha256 : revision;
      if (state === "signed" && from === "verifying") {
        issues++;
        level = details.level;
      }
      for (const step of stepsOf({ details })) completed.set(step, (completed.get(step) ?? 0) + 1);
    }
    if (entries.length < PAGE) break;
  }
  const told = { state, version, revision };
  const shown = { state: document.state, version: document.version, revision: document.currentSha256 };
  if (JSON.stringify(told) !== JSON.stringify(shown)) {
    yield complain(document.id, "audit-differs", { audit: told, ledger: shown });
  }
  const known = await ledger.documents.earlierIssues(document.id);
  // Documents issued before levels were recorded have none.
  if (JSON.stringify(known) !== JSON.stringify(earlier) || (document.level !== null && document.level !== level)) {
    const audited = { earlier, level };
    yield complain(document.id, "raise-differs", { audit: audited, ledger: { earlier: known, level: document.level } });
  }
  if (issues > 1) yield complain(document.id, "audit-differs", { issued: issues });
  const twice = [...completed].filter(([, times]) => times > 1).map(([step]) => step);
  if (twice.length > 0) yield complain(document.id, "signature-twice", { steps: twice, where: "audit" });
  const untold = signatures.filter((each) => each.state === "complete" && !completed.has(each.stepId));
  if (untold.length > 0) yield complain(document.id, "audit-differs", { untold: untold.map((each) => each.stepId) });
}

/** Steps an entry says were completed: only from these states can any be. */
function stepsOf({ details }: Pick<AuditEntry, "details">): string[] {
  if (details.from !== "signing" && details.from !== "stamping") return [];
  return Array.isArray(details.steps) ? details.steps.filter((step) => typeof step === "string") : [];
}
