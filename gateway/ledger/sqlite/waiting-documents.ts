import type { Database } from "better-sqlite3";
import { GatewayError } from "../../errors.ts";
import type { DocumentLedger, RaiseChange } from "../ledger.ts";
import type { DocumentRecord, WaitingDocument } from "../records.ts";
import type { AuditWriter } from "./audit.ts";
import type { DocumentRow } from "./document-rows.ts";
import type { GroupCommit } from "./group-commit.ts";

type Raising = "claimWaiting" | "holdWaiting" | "postponeWaiting" | "raise" | "waiting" | "earlierIssues";

/** Issued documents whose time stamp was late, and what was issued before it came. */
export function waitingDocuments(
  database: Database,
  group: GroupCommit,
  audit: AuditWriter,
  clock: () => number,
  currentAt: (seen: Pick<DocumentRecord, "id" | "version">) => DocumentRecord,
): Pick<DocumentLedger, Raising> & { byEarlierIssue(sha256: string): DocumentRow | undefined } {
  const sql = {
    raise: database.prepare(
      `UPDATE documents SET current_sha256 = ?, receipt = ?, level = ?, waiting_for = ?, raise_at = ?, raise_attempts = 0,
        raise_error = NULL, updated_at = ?, version = version + 1 WHERE id = ? AND version = ?`,
    ),
    addEarlierIssue: database.prepare("INSERT INTO earlier_issues (sha256, document_id, version) VALUES (?,?,?)"),
    stamped: database.prepare(
      `UPDATE signatures SET level = 'T', stamped_at = ?, tsa = ?
       WHERE document_id = ? AND step_id = ? AND state = 'complete' AND level = 'B'`,
    ),
    claim: database.prepare<[number, number, number], WaitingDocument>(
      `UPDATE documents SET raise_at = ? WHERE id IN (SELECT id FROM documents WHERE waiting_for IS NOT NULL AND raise_at <= ?
        ORDER BY raise_at LIMIT ?) RETURNING id, raise_attempts AS attempts`,
    ),
    due: database.prepare<[number], unknown>(
      "SELECT 1 FROM documents WHERE waiting_for IS NOT NULL AND raise_at <= ? LIMIT 1",
    ),
    hold: database.prepare("UPDATE documents SET raise_at = ? WHERE id = ? AND waiting_for IS NOT NULL"),
    postpone: database.prepare(
      `UPDATE documents SET raise_at = ?, raise_attempts = raise_attempts + ?, raise_error = coalesce(?, raise_error)
       WHERE id = ? AND waiting_for IS NOT NULL`,
    ),
    waiting: database.prepare<[], { documents: number; since: number | null }>(
      "SELECT count(*) AS documents, min(waiting_since) AS since FROM documents WHERE waiting_for IS NOT NULL",
    ),
    failing: database.prepare<[], { n: number }>(
      "SELECT count(*) AS n FROM documents WHERE waiting_for IS NOT NULL AND raise_error IS NOT NULL",
    ),
    earlierIssues: database.prepare<[string], { sha256: string }>(
      "SELECT sha256 FROM earlier_issues WHERE document_id = ? ORDER BY version",
    ),
    byEarlierIssue: database.prepare<[string], DocumentRow>(
      `SELECT documents.* FROM earlier_issues JOIN documents ON documents.id = document_id
       WHERE earlier_issues.sha256 = ? ORDER BY document_id LIMIT 1`,
    ),
  };

  function raise(seen: Pick<DocumentRecord, "id" | "version">, change: RaiseChange): DocumentRecord {
    const from = currentAt(seen);
    if (from.state !== "signed" || from.waitingFor === null) {
      throw new GatewayError("LEDGER_TRANSITION_FORBIDDEN", `document ${from.id} waits for no time stamp`, {
        details: { state: from.state },
      });
    }
    const now = clock();
    for (const { stepId, stampedAt, tsa } of change.stamped) {
      if (sql.stamped.run(stampedAt, tsa, from.id, stepId).changes !== 1) {
        throw new GatewayError("LEDGER_CONFLICT", `step ${stepId} of ${from.id} is not at level B`, {
          details: { step: stepId },
        });
      }
    }
    const { currentSha256, level, waitingFor } = change;
    sql.addEarlierIssue.run(from.currentSha256, from.id, from.version);
    const raiseAt = waitingFor === null ? null : now;
    sql.raise.run(currentSha256, change.receipt, level, waitingFor, raiseAt, now, from.id, from.version);
    audit({
      actor: change.actor,
      action: "document.raised",
      documentId: from.id,
      batchId: from.batchId,
      details: {
        from: from.state,
        ...(change.details ?? {}),
        level,
        waitingFor,
        sha256: currentSha256,
        previous: from.currentSha256,
        steps: change.stamped.map((each) => each.stepId),
      },
    });
    return { ...from, version: from.version + 1, currentSha256, level, waitingFor, updatedAt: now };
  }

  return {
    // Asked every few seconds and mostly in vain: that must cost no write.
    claimWaiting: async (now, leaseUntil, limit) =>
      sql.due.get(now) === undefined ? [] : group.write(() => sql.claim.all(leaseUntil, now, limit)),
    holdWaiting: (ids, leaseUntil) =>
      group.write(() => {
        for (const id of ids) sql.hold.run(leaseUntil, id);
      }),
    // A try is no change of the document: a night without time stamps must not fill the audit log.
    postponeWaiting: (id, until, code) =>
      group.write(() => void sql.postpone.run(until, code === null ? 0 : 1, code, id)),
    raise: (seen, change) => group.write(() => raise(seen, change)),
    waiting: async () => {
      const { documents, since } = sql.waiting.get() ?? { documents: 0, since: null };
      return { documents, since, failing: sql.failing.get()?.n ?? 0 };
    },
    earlierIssues: async (id) => sql.earlierIssues.all(id).map(({ sha256 }) => sha256),
    byEarlierIssue: (sha256) => sql.byEarlierIssue.get(sha256),
  };
}
