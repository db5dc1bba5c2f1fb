import type { Database } from "better-sqlite3";
import type { DocumentRecord, SignatureRecord, StatusChange, StepRecord } from "../records.ts";
import type { DocumentState } from "../states.ts";

export interface DocumentRow {
  id: string;
  sha256: string;
  size: number;
  format: string;
  profile: string;
  school: string;
  external_id: string | null;
  class_name: string | null;
  batch_id: string | null;
  replaces: string | null;
  state: string;
  version: number;
  current_sha256: string;
  attempts: number;
  next_attempt_at: number | null;
  error: string | null;
  receipt: string | null;
  level: string | null;
  waiting_for: string | null;
  created_at: number;
  updated_at: number;
}

interface StepRow {
  id: string;
  position: number;
  role: string;
  step_order: number;
  step_key: string | null;
  binding_id: string;
}

interface SignatureRow {
  step_id: string;
  binding_id: string;
  state: string;
  algorithm: string;
  signing_time: number;
  input_sha256: string;
  tbs_sha256: string;
  value: Buffer | null;
  level: string | null;
  stamped_at: number | null;
  tsa: string | null;
  output_sha256: string | null;
}

/** What is used of a prepared statement: parameters `P`, rows `R`. */
interface Prepared<P extends unknown[], R> {
  run(...parameters: unknown[]): { changes: number };
  get(...parameters: P): R | undefined;
  all(...parameters: P): R[];
}

/** The statements over documents, prepared once. */
export function documentStatements(database: Database) {
  const prepare = <P extends unknown[] = never[], R = never>(sql: string): Prepared<P, R> =>
    database.prepare<unknown[], R>(sql);
  return {
    insert: prepare(
      `INSERT INTO documents (id, sha256, size, format, profile, school, external_id, idempotency_key, class_name, batch_id,
        replaces, state, version, current_sha256, created_at, updated_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,'received',1,?,?,?)`,
    ),
    byId: prepare<[string], DocumentRow>("SELECT * FROM documents WHERE id = ?"),
    byIssuedHash: prepare<[string], DocumentRow>(
      `SELECT * FROM documents WHERE current_sha256 = ? AND state IN ('signed', 'withdrawn', 'superseded') ORDER BY id LIMIT 1`,
    ),
    byLookup: prepare<[string, string], DocumentRow>(
      `SELECT * FROM documents WHERE sha256 >= ? AND sha256 < ? AND state IN ('signed', 'withdrawn', 'superseded')
        ORDER BY created_at DESC LIMIT 1`,
    ),
    byIdempotency: prepare<[string, string], DocumentRow>(
      "SELECT * FROM documents WHERE school = ? AND idempotency_key = ?",
    ),
    move: prepare(
      `UPDATE documents SET state = ?, current_sha256 = ?, error = ?, receipt = coalesce(?, receipt), updated_at = ?,
        version = version + 1, attempts = 0, next_attempt_at = NULL, level = coalesce(?, level), waiting_for = ?,
        waiting_since = ?, raise_at = ? WHERE id = ? AND version = ?`,
    ),
    postpone: prepare(
      `UPDATE documents SET attempts = attempts + 1, next_attempt_at = ?, error = ?, updated_at = ?, version = version + 1
       WHERE id = ?`,
    ),
    // Kept by hand: counting a million rows for each scrape of the metrics would not be constant.
    count: prepare(
      "INSERT INTO document_counts (state, n) VALUES (?, ?) ON CONFLICT (state) DO UPDATE SET n = n + excluded.n",
    ),
    counts: prepare<[], { state: string; n: number }>("SELECT state, n FROM document_counts"),
    countOfSchool: prepare(
      `INSERT INTO school_counts (school, unfinished) VALUES (?, ?)
       ON CONFLICT (school) DO UPDATE SET unfinished = unfinished + excluded.unfinished`,
    ),
    unfinishedOf: prepare<[string], { unfinished: number }>("SELECT unfinished FROM school_counts WHERE school = ?"),
    unfinished: prepare<[string, number, number], { id: string; school: string; createdAt: number }>(
      `SELECT id, school, created_at AS createdAt FROM documents WHERE state IN ('received', 'preparing', 'signing', 'stamping', 'verifying')
       AND id > ? AND (next_attempt_at IS NULL OR next_attempt_at <= ?) ORDER BY id LIMIT ?`,
    ),
    insertStep: prepare(
      "INSERT INTO steps (document_id, id, position, role, step_order, step_key, binding_id) VALUES (?,?,?,?,?,?,?)",
    ),
    steps: prepare<[string], StepRow>("SELECT * FROM steps WHERE document_id = ? ORDER BY position"),
    // A step that holds a value is never overwritten: the key would have been used for nothing.
    putIntent: prepare(
      `INSERT INTO signatures (document_id, step_id, binding_id, state, algorithm, signing_time, input_sha256, tbs_sha256)
       VALUES (?,?,?,'intent',?,?,?,?)
       ON CONFLICT (document_id, step_id) DO UPDATE SET binding_id = excluded.binding_id, algorithm = excluded.algorithm,
        signing_time = excluded.signing_time, input_sha256 = excluded.input_sha256, tbs_sha256 = excluded.tbs_sha256
       WHERE signatures.state = 'intent'`,
    ),
    discard: prepare("DELETE FROM signatures WHERE document_id = ? AND step_id = ? AND state <> 'complete'"),
    putValue: prepare(
      "UPDATE signatures SET value = ?, state = 'signed' WHERE document_id = ? AND step_id = ? AND state = 'intent'",
    ),
    complete: prepare(
      `UPDATE signatures SET state = 'complete', level = ?, stamped_at = ?, tsa = ?, output_sha256 = ?
       WHERE document_id = ? AND step_id = ? AND state = 'signed'`,
    ),
    signatures: prepare<[string], SignatureRow>("SELECT * FROM signatures WHERE document_id = ?"),
    insertStatus: prepare(
      "INSERT INTO status_changes (document_id, kind, at, reason, replaced_by, actor) VALUES (?,?,?,?,?,?)",
    ),
    statusChanges: prepare<[string], StatusChange>(
      `SELECT document_id AS documentId, kind, at, reason, replaced_by AS replacedBy, actor FROM status_changes
       WHERE document_id = ? ORDER BY id`,
    ),
    list: prepare<
      [
        {
          school: string | null;
          state: string | null;
          externalId: string | null;
          before: string | null;
          limit: number;
        },
      ],
      DocumentRow
    >(
      `SELECT * FROM documents WHERE (@school IS NULL OR school = @school) AND (@state IS NULL OR state = @state)
       AND (@externalId IS NULL OR external_id = @externalId) AND (@before IS NULL OR id < @before)
       ORDER BY id DESC LIMIT @limit`,
    ),
  };
}

export function toDocument(row: DocumentRow): DocumentRecord {
  return {
    id: row.id,
    sha256: row.sha256,
    size: row.size,
    format: row.format as DocumentRecord["format"],
    profile: row.profile,
    school: row.school,
    externalId: row.external_id,
    className: row.class_name,
    batchId: row.batch_id,
    replaces: row.replaces,
    state: row.state as DocumentState,
    version: row.version,
    currentSha256: row.current_sha256,
    level: row.level as DocumentRecord["level"],
    waitingFor: row.waiting_for as DocumentRecord["waitingFor"],
    attempts: row.attempts,
    nextAttemptAt: row.next_attempt_at,
    error: row.error === null ? null : (JSON.parse(row.error) as DocumentRecord["error"]),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export function toStep(row: StepRow): StepRecord {
  return {
    id: row.id,
    position: row.position,
    role: row.role as StepRecord["role"],
    order: row.step_order,
    key: row.step_key,
    bindingId: row.binding_id,
  };
}

export function toSignature(row: SignatureRow): SignatureRecord {
  return {
    stepId: row.step_id,
    bindingId: row.binding_id,
    state: row.state as SignatureRecord["state"],
    algorithm: row.algorithm as SignatureRecord["algorithm"],
    signingTime: row.signing_time,
    inputSha256: row.input_sha256,
    toBeSignedSha256: row.tbs_sha256,
    value: row.value === null ? null : new Uint8Array(row.value),
    level: row.level as SignatureRecord["level"],
    stampedAt: row.stamped_at,
    tsa: row.tsa,
    outputSha256: row.output_sha256,
  };
}
