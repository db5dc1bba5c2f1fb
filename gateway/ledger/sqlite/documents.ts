import type { Database } from "better-sqlite3";
import { GatewayError } from "../../errors.ts";
import type { DocumentLedger, TransitionChange } from "../ledger.ts";
import type { DocumentRecord, NewDocument } from "../records.ts";
import { checkTransition, type DocumentState, workingStates } from "../states.ts";
import type { AuditWriter } from "./audit.ts";
import { documentStatements, toDocument, toSignature, toStep } from "./document-rows.ts";
import type { GroupCommit } from "./group-commit.ts";
import { waitingDocuments } from "./waiting-documents.ts";

/** Documents, their steps and signatures. */
export function sqliteDocuments(
  database: Database,
  group: GroupCommit,
  audit: AuditWriter,
  clock: () => number,
): DocumentLedger {
  const sql = documentStatements(database);

  function current(id: string): DocumentRecord {
    const row = sql.byId.get(id);
    if (row === undefined) throw new GatewayError("NOT_FOUND", `no document ${id}`);
    return toDocument(row);
  }

  function currentAt(seen: Pick<DocumentRecord, "id" | "version">): DocumentRecord {
    const now = current(seen.id);
    if (now.version !== seen.version) {
      throw new GatewayError("LEDGER_CONFLICT", `document ${seen.id} has moved on`, {
        retryable: true,
        details: { seen: seen.version, now: now.version },
      });
    }
    return now;
  }

  const unfinishedOf = (school: string): number => sql.unfinishedOf.get(school)?.unfinished ?? 0;

  function accept(
    entry: NewDocument,
    quota: number | undefined,
  ): { document: DocumentRecord; created: boolean; rank: number } {
    if (entry.idempotencyKey !== null) {
      const row = sql.byIdempotency.get(entry.school, entry.idempotencyKey);
      if (row !== undefined) {
        const earlier = toDocument(row);
        if (earlier.sha256 !== entry.sha256 || earlier.profile !== entry.profile) {
          throw new GatewayError("IDEMPOTENCY_CONFLICT", "the idempotency key was used for another document", {
            details: { documentId: earlier.id, sha256: earlier.sha256 },
          });
        }
        return { document: earlier, created: false, rank: unfinishedOf(entry.school) };
      }
    }
    const unfinished = unfinishedOf(entry.school);
    if (quota !== undefined && unfinished >= quota) {
      throw new GatewayError("AT_CAPACITY", `school ${entry.school} has too many unfinished documents`, {
        retryable: true,
        details: { unfinished, quota, retryAfter: 30 },
      });
    }
    if (entry.replaces != null) checkReplaceable(entry.replaces, entry.school);
    const now = clock();
    sql.insert.run(
      entry.id,
      entry.sha256,
      entry.size,
      entry.format,
      entry.profile,
      entry.school,
      entry.externalId,
      entry.idempotencyKey,
      entry.className,
      entry.batchId,
      entry.replaces ?? null,
      entry.sha256,
      now,
      now,
    );
    sql.count.run("received", 1);
    sql.countOfSchool.run(entry.school, 1);
    audit({
      actor: entry.actor,
      action: "document.received",
      documentId: entry.id,
      batchId: entry.batchId,
      details: { sha256: entry.sha256, size: entry.size, profile: entry.profile, school: entry.school },
    });
    return { document: current(entry.id), created: true, rank: unfinished + 1 };
  }

  /** @throws GatewayError NOT_FOUND, LEDGER_TRANSITION_FORBIDDEN */
  function checkReplaceable(id: string, school: string): void {
    const earlier = current(id);
    if (earlier.school !== school) throw new GatewayError("NOT_FOUND", `no document ${id}`);
    checkTransition(earlier.state, "superseded");
  }

  /** Part of the transaction in which its successor is signed. One that was withdrawn meanwhile stays withdrawn. */
  function supersede(id: string, successor: string, actor: string): void {
    const earlier = current(id);
    if (earlier.state !== "signed") return;
    count(
      earlier,
      move(earlier, "superseded", {
        actor,
        details: { replacedBy: successor },
        status: { kind: "superseded", reason: null, replacedBy: successor },
      }),
    );
  }

  /** Counts a document that went from one state to another, over however many between. */
  function count(from: DocumentRecord, to: DocumentRecord): void {
    sql.count.run(from.state, -1);
    sql.count.run(to.state, 1);
    const worked = Number(workingStates.includes(to.state)) - Number(workingStates.includes(from.state));
    if (worked !== 0) sql.countOfSchool.run(from.school, worked);
  }

  /** Writes one move of a document that is `from` now, all but the counts. */
  function move(from: DocumentRecord, to: DocumentState, change: TransitionChange): DocumentRecord {
    checkTransition(from.state, to);
    for (const step of change.steps ?? []) {
      sql.insertStep.run(from.id, step.id, step.position, step.role, step.order, step.key, step.bindingId);
    }
    for (const stepId of change.discarded ?? []) {
      if (sql.discard.run(from.id, stepId).changes !== 1) {
        throw new GatewayError("LEDGER_CONFLICT", `step ${stepId} of ${from.id} has nothing to discard`, {
          details: { step: stepId },
        });
      }
    }
    for (const intent of change.intents ?? []) {
      const { changes } = sql.putIntent.run(
        from.id,
        intent.stepId,
        intent.bindingId,
        intent.algorithm,
        intent.signingTime,
        intent.inputSha256,
        intent.toBeSignedSha256,
      );
      if (changes !== 1) {
        throw new GatewayError("LEDGER_CONFLICT", `step ${intent.stepId} of ${from.id} is signed already`, {
          details: { step: intent.stepId },
        });
      }
    }
    for (const { stepId, value } of change.values ?? []) {
      if (sql.putValue.run(value, from.id, stepId).changes !== 1) {
        throw new GatewayError("LEDGER_CONFLICT", `step ${stepId} of ${from.id} has no open intent`, {
          details: { step: stepId },
        });
      }
    }
    const currentSha256 = change.currentSha256 ?? from.currentSha256;
    for (const done of change.completed ?? []) {
      if (sql.complete.run(done.level, done.stampedAt, done.tsa, currentSha256, from.id, done.stepId).changes !== 1) {
        throw new GatewayError("LEDGER_CONFLICT", `step ${done.stepId} of ${from.id} has no value to complete`, {
          details: { step: done.stepId },
        });
      }
    }
    const now = clock();
    if (change.status !== undefined) {
      sql.insertStatus.run(
        from.id,
        change.status.kind,
        now,
        change.status.reason,
        change.status.replacedBy,
        change.actor,
      );
    }
    const error = change.error ?? null;
    // What is recalled or replaced is raised no more.
    const waitingFor = to === "signed" ? (change.waitingFor ?? null) : null;
    const waitingSince = waitingFor === null ? null : now;
    sql.move.run(
      to,
      currentSha256,
      error === null ? null : JSON.stringify(error),
      change.receipt ?? null,
      now,
      change.level ?? null,
      waitingFor,
      waitingSince,
      waitingSince,
      from.id,
      from.version,
    );
    if (to === "signed" && from.replaces !== null) supersede(from.replaces, from.id, change.actor);
    audit({
      actor: change.actor,
      action: `document.${to}`,
      documentId: from.id,
      batchId: from.batchId,
      details: {
        from: from.state,
        ...(change.details ?? {}),
        ...(error === null ? {} : { code: error.code }),
        ...(currentSha256 === from.currentSha256 ? {} : { sha256: currentSha256 }),
        ...(change.completed === undefined ? {} : { steps: change.completed.map((done) => done.stepId) }),
        ...(change.intents === undefined ? {} : { intents: change.intents.map((intent) => intent.stepId) }),
      },
    });
    return {
      ...from,
      state: to,
      version: from.version + 1,
      currentSha256,
      level: change.level ?? from.level,
      waitingFor,
      attempts: 0,
      nextAttemptAt: null,
      error,
      updatedAt: now,
    };
  }

  const { byEarlierIssue, ...waiting } = waitingDocuments(database, group, audit, clock, currentAt);
  return {
    ...waiting,
    accept: (entry, quota) => group.write(() => accept(entry, quota)),
    unfinishedOf: async (school) => unfinishedOf(school),
    get: async (id) => {
      const row = sql.byId.get(id);
      return row === undefined ? null : toDocument(row);
    },
    byIssuedHash: async (sha256) => {
      const row = sql.byIssuedHash.get(sha256) ?? byEarlierIssue(sha256);
      return row === undefined ? null : toDocument(row);
    },
    byLookup: async (prefix) => {
      // "g" comes after every hexadecimal digit.
      const row = sql.byLookup.get(prefix, `${prefix}g`);
      return row === undefined ? null : toDocument(row);
    },
    dossier: async (id) => {
      const row = sql.byId.get(id);
      if (row === undefined) return null;
      return {
        document: toDocument(row),
        steps: sql.steps.all(id).map(toStep),
        signatures: sql.signatures.all(id).map(toSignature),
        receipt: row.receipt,
      };
    },
    transition: (seen, to, { before, ...change }) =>
      group.write(() => {
        const first = currentAt(seen);
        let from = first;
        for (const each of before ?? []) from = move(from, each.to, each.change);
        const last = move(from, to, change);
        count(first, last);
        return last;
      }),
    postpone: (seen, attempt) =>
      group.write(() => {
        const from = currentAt(seen);
        const now = clock();
        const error = { code: attempt.code, details: attempt.details };
        sql.postpone.run(attempt.nextAttemptAt, JSON.stringify(error), now, from.id);
        audit({
          actor: attempt.actor,
          action: "document.postponed",
          documentId: from.id,
          batchId: from.batchId,
          details: { state: from.state, code: attempt.code, attempt: from.attempts + 1 },
        });
        return {
          ...from,
          version: from.version + 1,
          attempts: from.attempts + 1,
          nextAttemptAt: attempt.nextAttemptAt,
          error,
          updatedAt: now,
        };
      }),
    unfinished: async (now, limit, cursor) => sql.unfinished.all(cursor ?? "", now, limit),
    countByState: async () =>
      new Map(sql.counts.all().flatMap((row) => (row.n === 0 ? [] : [[row.state as DocumentState, row.n] as const]))),
    statusChanges: async (id) => sql.statusChanges.all(id),
    list: async ({ school, state, externalId, before, limit }) =>
      sql.list
        .all({
          school: school ?? null,
          state: state ?? null,
          externalId: externalId ?? null,
          before: before ?? null,
          limit,
        })
        .map(toDocument),
  };
}
