import type { Database } from "better-sqlite3";
import { auditGenesis, auditHash } from "../audit-hash.ts";
import type { AuditLedger } from "../ledger.ts";
import type { AuditEntry } from "../records.ts";
import type { GroupCommit } from "./group-commit.ts";

interface AuditRow {
  seq: number;
  at: number;
  actor: string;
  action: string;
  document_id: string | null;
  batch_id: string | null;
  details: string;
  previous: string;
  hash: string;
}

export type AuditWriter = (entry: {
  actor: string;
  action: string;
  documentId?: string | null;
  batchId?: string | null;
  details?: Record<string, unknown>;
}) => AuditEntry;

/** Writes one entry; only to be called inside a write transaction, which is what keeps the chain without forks. */
export function auditWriter(database: Database, clock: () => number): AuditWriter {
  const tail = database.prepare<[], { seq: number; hash: string }>(
    "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1",
  );
  const insert = database.prepare(
    "INSERT INTO audit (seq, at, actor, action, document_id, batch_id, details, previous, hash) VALUES (?,?,?,?,?,?,?,?,?)",
  );
  return ({ actor, action, documentId = null, batchId = null, details = {} }) => {
    const last = tail.get();
    // Written and hashed as it will be read back.
    const text = JSON.stringify(details);
    const body = {
      seq: (last?.seq ?? 0) + 1,
      at: clock(),
      actor,
      action,
      documentId,
      batchId,
      details: JSON.parse(text) as Record<string, unknown>,
      previous: last?.hash ?? auditGenesis,
    };
    const hash = auditHash(body);
    insert.run(body.seq, body.at, actor, action, documentId, batchId, text, body.previous, hash);
    return { ...body, hash };
  };
}

export function sqliteAudit(database: Database, group: GroupCommit, write: AuditWriter): AuditLedger {
  const columns = "seq, at, actor, action, document_id, batch_id, details, previous, hash";
  const all = database.prepare<[number, number], AuditRow>(
    `SELECT ${columns} FROM audit WHERE seq > ? ORDER BY seq LIMIT ?`,
  );
  const ofDocument = database.prepare<[string, number, number], AuditRow>(
    `SELECT ${columns} FROM audit WHERE document_id = ? AND seq > ? ORDER BY seq LIMIT ?`,
  );
  const ofBatch = database.prepare<[string, number, number], AuditRow>(
    `SELECT ${columns} FROM audit WHERE batch_id = ? AND seq > ? ORDER BY seq LIMIT ?`,
  );
  const newest = database.prepare<[], AuditRow>(`SELECT ${columns} FROM audit ORDER BY seq DESC LIMIT 1`);
  return {
    append: (entry) => group.write(() => write(entry)),
    entries: async ({ after, limit, documentId, batchId }) => {
      const rows =
        documentId !== undefined
          ? ofDocument.all(documentId, after, limit)
          : batchId !== undefined
            ? ofBatch.all(batchId, after, limit)
            : all.all(after, limit);
      return rows.map(toEntry);
    },
    last: async () => {
      const row = newest.get();
      return row === undefined ? null : toEntry(row);
    },
  };
}

function toEntry(row: AuditRow): AuditEntry {
  return {
    seq: row.seq,
    at: row.at,
    actor: row.actor,
    action: row.action,
    documentId: row.document_id,
    batchId: row.batch_id,
    details: JSON.parse(row.details) as Record<string, unknown>,
    previous: row.previous,
    hash: row.hash,
  };
}
