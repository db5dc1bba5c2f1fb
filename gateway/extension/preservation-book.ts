import { openDatabase } from "../sqlite/index.ts";
import type { ExtensionLevel } from "./level-format.ts";

/** A document that is kept valid, and its newest preserved revision. Times in ms since 1970. */
export interface PreservedDocument {
  documentId: string;
  /** SHA-256 of the newest revision, lower-case hex. */
  sha256: string;
  level: ExtensionLevel;
  /** When it must be looked at again. */
  renewAt: number;
  /** Failed tries since the last success. */
  attempts: number;
}

/**
 * Which documents are kept valid over the years. Apart from the ledger of signing, which it never changes: a document is issued
 * once, and every later revision leads back to it here. Several processes may share one.
 */
export interface PreservationBook {
  /** Notes a revision: the first, or a renewed one. The same again is no error. */
  keep(entry: Omit<PreservedDocument, "attempts">, at: number): void;
  get(documentId: string): PreservedDocument | null;
  /** The document of which this is a revision. */
  documentOf(sha256: string): string | null;
  /** Takes what is due until `leaseUntil`, so that no other process renews it at the same time; oldest first. */
  claim(now: number, leaseUntil: number, limit: number): PreservedDocument[];
  postpone(documentId: string, until: number): void;
  /** No longer kept: withdrawn or superseded. Its revisions still lead back to it. */
  forget(documentId: string): void;
  /** How many are kept, how many should have been renewed by now, how many could not be at the last try. */
  counts(now: number): { kept: number; overdue: number; failing: number };
  /** Digests of all revisions after `after`, in their order. */
  revisions(after: string, limit: number): string[];
  close(): void;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS preserved (
    document_id TEXT PRIMARY KEY, sha256 TEXT NOT NULL, level TEXT NOT NULL, renew_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX IF NOT EXISTS preserved_due ON preserved (renew_at);
  CREATE TABLE IF NOT EXISTS revisions (
    sha256 TEXT PRIMARY KEY, document_id TEXT NOT NULL, level TEXT NOT NULL, made_at INTEGER NOT NULL
  ) STRICT;`;

const COLUMNS = "document_id AS documentId, sha256, level, renew_at AS renewAt, attempts";

export function openPreservationBook(path: string): PreservationBook {
  const database = openDatabase(path);
  database.exec(SCHEMA);
  const sql = {
    keep: database.prepare(
      `INSERT INTO preserved (document_id, sha256, level, renew_at) VALUES (@documentId, @sha256, @level, @renewAt)
       ON CONFLICT (document_id) DO UPDATE SET sha256 = @sha256, level = @level, renew_at = @renewAt, attempts = 0`,
    ),
    revision: database.prepare(
      "INSERT INTO revisions (sha256, document_id, level, made_at) VALUES (?,?,?,?) ON CONFLICT DO NOTHING",
    ),
    get: database.prepare<[string], PreservedDocument>(`SELECT ${COLUMNS} FROM preserved WHERE document_id = ?`),
    documentOf: database.prepare<[string], { id: string }>("SELECT document_id AS id FROM revisions WHERE sha256 = ?"),
    claim: database.prepare<[number, number, number], PreservedDocument>(
      `UPDATE preserved SET renew_at = ? WHERE document_id IN
        (SELECT document_id FROM preserved WHERE renew_at <= ? ORDER BY renew_at LIMIT ?) RETURNING ${COLUMNS}`,
    ),
    postpone: database.prepare("UPDATE preserved SET renew_at = ?, attempts = attempts + 1 WHERE document_id = ?"),
    counts: database.prepare<[{ now: number }], { kept: number; overdue: number; failing: number }>(
      `SELECT count(*) AS kept, count(*) FILTER (WHERE renew_at <= @now) AS overdue,
        count(*) FILTER (WHERE attempts > 0) AS failing FROM preserved`,
    ),
    revisions: database.prepare<[string, number], { sha256: string }>(
      "SELECT sha256 FROM revisions WHERE sha256 > ? ORDER BY sha256 LIMIT ?",
    ),
    forget: database.prepare("DELETE FROM preserved WHERE document_id = ?"),
  };
  const keep = database.transaction((entry: Omit<PreservedDocument, "attempts">, at: number) => {
    sql.revision.run(entry.sha256, entry.documentId, entry.level, at);
    sql.keep.run(entry);
  });
  return {
    keep: (entry, at) => void keep.immediate(entry, at),
    get: (documentId) => sql.get.get(documentId) ?? null,
    documentOf: (sha256) => sql.documentOf.get(sha256)?.id ?? null,
    claim: (now, leaseUntil, limit) => sql.claim.all(leaseUntil, now, limit),
    postpone: (documentId, until) => void sql.postpone.run(until, documentId),
    counts: (now) => sql.counts.get({ now })!,
    revisions: (after, limit) => sql.revisions.all(after, limit).map(({ sha256 }) => sha256),
    forget: (documentId) => void sql.forget.run(documentId),
    close: () => database.close(),
  };
}
