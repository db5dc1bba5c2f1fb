import type { Database } from "better-sqlite3";
import type { BatchLedger } from "../ledger.ts";
import type { BatchRecord } from "../records.ts";
import type { DocumentState } from "../states.ts";
import type { AuditWriter } from "./audit.ts";
import type { GroupCommit } from "./group-commit.ts";

interface BatchRow {
  id: string;
  school: string;
  external_id: string | null;
  created_at: number;
  sealed: number;
}

interface ItemRow {
  position: number;
  name: string;
  document_id: string | null;
  error: string | null;
  state: string | null;
}

/** Batches and what became of each of their items. */
export function sqliteBatches(
  database: Database,
  group: GroupCommit,
  audit: AuditWriter,
  clock: () => number,
): BatchLedger {
  const insert = database.prepare("INSERT INTO batches (id, school, external_id, created_at) VALUES (?, ?, ?, ?)");
  const byId = database.prepare<[string], BatchRow>("SELECT * FROM batches WHERE id = ?");
  const seal = database.prepare("UPDATE batches SET sealed = 1 WHERE id = ?");
  const insertItem = database.prepare(
    "INSERT INTO batch_items (batch_id, position, name, document_id, error) VALUES (?, ?, ?, ?, ?)",
  );
  const items = database.prepare<[string, number, number], ItemRow>(
    `SELECT i.position, i.name, i.document_id, i.error, d.state FROM batch_items i
     LEFT JOIN documents d ON d.id = i.document_id WHERE i.batch_id = ? AND i.position > ? ORDER BY i.position LIMIT ?`,
  );
  // Over the items, not documents.batch_id: an item may name a document that an earlier batch brought in.
  const counts = database.prepare<[string], { state: string | null; n: number }>(
    `SELECT d.state, count(*) AS n FROM batch_items i LEFT JOIN documents d ON d.id = i.document_id
     WHERE i.batch_id = ? GROUP BY d.state`,
  );
  const unfinished = database.prepare<[], { id: string }>(
    "SELECT id FROM batches WHERE sealed = 1 AND finished_at IS NULL ORDER BY id",
  );
  const open = "('received', 'preparing', 'awaiting-signature', 'signing', 'stamping', 'verifying')";
  // Answered by the index at once; the items, which may name documents of an earlier batch, are looked at only then.
  const hasOpenDocument = database.prepare<[string]>(
    `SELECT 1 FROM documents WHERE batch_id = ? AND state IN ${open} LIMIT 1`,
  );
  const hasOpenItem = database.prepare<[string]>(
    `SELECT 1 FROM batch_items i JOIN documents d ON d.id = i.document_id WHERE i.batch_id = ? AND d.state IN ${open} LIMIT 1`,
  );
  const finish = database.prepare("UPDATE batches SET finished_at = ? WHERE id = ? AND finished_at IS NULL");
  const isOpen = (id: string) => hasOpenDocument.get(id) !== undefined || hasOpenItem.get(id) !== undefined;

  function countsOf(id: string): { items: number; refused: number; byState: Map<DocumentState, number> } {
    const byState = new Map<DocumentState, number>();
    let total = 0;
    let refused = 0;
    for (const row of counts.all(id)) {
      total += row.n;
      if (row.state === null) refused += row.n;
      else byState.set(row.state as DocumentState, row.n);
    }
    return { items: total, refused, byState };
  }

  /** In the transaction: another process may have been quicker, and a document taken up again. */
  function finishOne(id: string, actor: string): boolean {
    if (isOpen(id) || finish.run(clock(), id).changes !== 1) return false;
    const { items: total, refused, byState } = countsOf(id);
    const details = { school: byId.get(id)!.school, items: total, refused, states: Object.fromEntries(byState) };
    audit({ actor, action: "batch.finished", batchId: id, details });
    return true;
  }

  const toBatch = (row: BatchRow): BatchRecord => ({
    id: row.id,
    school: row.school,
    externalId: row.external_id,
    createdAt: row.created_at,
    sealed: row.sealed === 1,
  });
  return {
    create: (batch, actor) =>
      group.write(() => {
        const createdAt = clock();
        insert.run(batch.id, batch.school, batch.externalId, createdAt);
        audit({ actor, action: "batch.created", batchId: batch.id, details: { school: batch.school } });
        return { ...batch, createdAt, sealed: false };
      }),
    addItem: (batchId, item) =>
      group.write(() => {
        const error = item.error === null ? null : JSON.stringify(item.error);
        insertItem.run(batchId, item.position, item.name, item.documentId, error);
      }),
    seal: (batchId, actor) =>
      group.write(() => {
        seal.run(batchId);
        audit({ actor, action: "batch.sealed", batchId });
      }),
    get: async (id) => {
      const row = byId.get(id);
      return row === undefined ? null : toBatch(row);
    },
    items: async (id, after, limit) =>
      items.all(id, after, limit).map((row) => ({
        position: row.position,
        name: row.name,
        documentId: row.document_id,
        error:
          row.error === null ? null : (JSON.parse(row.error) as { code: string; details: Record<string, unknown> }),
        state: row.state as DocumentState | null,
      })),
    finish: async (actor) => {
      const finished: string[] = [];
      for (const { id } of unfinished.all()) {
        if (!isOpen(id) && (await group.write(() => finishOne(id, actor)))) finished.push(id);
      }
      return finished;
    },
    counts: async (id) => countsOf(id),
  };
}
