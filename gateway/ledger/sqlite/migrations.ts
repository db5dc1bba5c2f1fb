import type { Database } from "better-sqlite3";

/** One entry per schema version, applied in order, each in one transaction. Never change an entry that has been released. */
const migrations: readonly string[] = [
  `
  CREATE TABLE schools (code TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE api_keys (
    id TEXT PRIMARY KEY, secret_hash TEXT NOT NULL UNIQUE, school TEXT REFERENCES schools(code), scopes TEXT NOT NULL,
    label TEXT NOT NULL, created_at INTEGER NOT NULL, revoked_at INTEGER
  ) WITHOUT ROWID;
  CREATE TABLE signers (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('person', 'seal')), name TEXT NOT NULL,
    school TEXT NOT NULL REFERENCES schools(code)
  ) WITHOUT ROWID;
  CREATE TABLE bindings (
    id TEXT PRIMARY KEY, signer_id TEXT NOT NULL REFERENCES signers(id), school TEXT NOT NULL REFERENCES schools(code),
    role TEXT NOT NULL, subjects TEXT, classes TEXT, certificate BLOB NOT NULL, chain TEXT NOT NULL, algorithm TEXT NOT NULL,
    token TEXT, cka_id TEXT, valid_from INTEGER NOT NULL, valid_to INTEGER NOT NULL, revoked_at INTEGER
  ) WITHOUT ROWID;
  CREATE INDEX bindings_by_role ON bindings (school, role);
  CREATE TABLE batches (
    id TEXT PRIMARY KEY, school TEXT NOT NULL, external_id TEXT, created_at INTEGER NOT NULL, sealed INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
  CREATE TABLE documents (
    id TEXT PRIMARY KEY, sha256 TEXT NOT NULL, size INTEGER NOT NULL, format TEXT NOT NULL, profile TEXT NOT NULL,
    school TEXT NOT NULL REFERENCES schools(code), external_id TEXT, idempotency_key TEXT, class_name TEXT,
    batch_id TEXT REFERENCES batches(id), state TEXT NOT NULL, version INTEGER NOT NULL, current_sha256 TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, next_attempt_at INTEGER, error TEXT, receipt TEXT,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE UNIQUE INDEX documents_by_idempotency ON documents (school, idempotency_key) WHERE idempotency_key IS NOT NULL;
  CREATE INDEX documents_unfinished ON documents (id)
    WHERE state IN ('received', 'preparing', 'signing', 'stamping', 'verifying');
  CREATE INDEX documents_by_external ON documents (school, external_id) WHERE external_id IS NOT NULL;
  CREATE INDEX documents_by_batch ON documents (batch_id, state) WHERE batch_id IS NOT NULL;
  CREATE INDEX documents_by_school ON documents (school, id);
  CREATE TABLE document_counts (state TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE batch_items (
    batch_id TEXT NOT NULL REFERENCES batches(id), position INTEGER NOT NULL, name TEXT NOT NULL, document_id TEXT,
    error TEXT, PRIMARY KEY (batch_id, position)
  ) WITHOUT ROWID;
  CREATE TABLE steps (
    document_id TEXT NOT NULL REFERENCES documents(id), id TEXT NOT NULL, position INTEGER NOT NULL, role TEXT NOT NULL,
    step_order INTEGER NOT NULL, step_key TEXT, binding_id TEXT NOT NULL REFERENCES bindings(id),
    PRIMARY KEY (document_id, id)
  ) WITHOUT ROWID;
  CREATE TABLE signatures (
    document_id TEXT NOT NULL, step_id TEXT NOT NULL, binding_id TEXT NOT NULL, state TEXT NOT NULL,
    algorithm TEXT NOT NULL, signing_time INTEGER NOT NULL, input_sha256 TEXT NOT NULL, tbs_sha256 TEXT NOT NULL,
    value BLOB, level TEXT, stamped_at INTEGER, tsa TEXT, output_sha256 TEXT,
    PRIMARY KEY (document_id, step_id), FOREIGN KEY (document_id, step_id) REFERENCES steps (document_id, id)
  ) WITHOUT ROWID;
  CREATE TABLE status_changes (
    id INTEGER PRIMARY KEY, document_id TEXT NOT NULL REFERENCES documents(id), kind TEXT NOT NULL, at INTEGER NOT NULL,
    reason TEXT, replaced_by TEXT, actor TEXT NOT NULL
  );
  CREATE INDEX status_changes_by_document ON status_changes (document_id);
  CREATE TABLE audit (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, document_id TEXT,
    batch_id TEXT, details TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL
  );
  CREATE INDEX audit_by_document ON audit (document_id, seq) WHERE document_id IS NOT NULL;
  CREATE INDEX audit_by_batch ON audit (batch_id, seq) WHERE batch_id IS NOT NULL;
  CREATE TRIGGER audit_is_append_only_1 BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
  CREATE TRIGGER audit_is_append_only_2 BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
  `,
  `
  ALTER TABLE documents ADD COLUMN replaces TEXT REFERENCES documents(id);
  CREATE INDEX documents_by_issued_hash ON documents (current_sha256) WHERE state IN ('signed', 'withdrawn', 'superseded');
  `,
  `
  CREATE TABLE school_counts (school TEXT PRIMARY KEY, unfinished INTEGER NOT NULL) WITHOUT ROWID;
  INSERT INTO school_counts (school, unfinished) SELECT school, count(*) FROM documents
    WHERE state IN ('received', 'preparing', 'signing', 'stamping', 'verifying') GROUP BY school;
  `,
  `
  CREATE INDEX documents_by_lookup ON documents (sha256) WHERE state IN ('signed', 'withdrawn', 'superseded');
  `,
  `
  ALTER TABLE documents ADD COLUMN level TEXT;
  ALTER TABLE documents ADD COLUMN waiting_for TEXT;
  ALTER TABLE documents ADD COLUMN waiting_since INTEGER;
  ALTER TABLE documents ADD COLUMN raise_at INTEGER;
  ALTER TABLE documents ADD COLUMN raise_attempts INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE documents ADD COLUMN raise_error TEXT;
  CREATE INDEX documents_waiting ON documents (raise_at) WHERE waiting_for IS NOT NULL;
  CREATE INDEX documents_waiting_since ON documents (waiting_since) WHERE waiting_for IS NOT NULL;
  CREATE INDEX documents_not_raised ON documents (id) WHERE waiting_for IS NOT NULL AND raise_error IS NOT NULL;
  CREATE TABLE earlier_issues (
    sha256 TEXT NOT NULL, document_id TEXT NOT NULL REFERENCES documents(id), version INTEGER NOT NULL,
    PRIMARY KEY (sha256, document_id)
  ) WITHOUT ROWID;
  CREATE INDEX earlier_issues_by_document ON earlier_issues (document_id, version);
  `,
  `
  ALTER TABLE batches ADD COLUMN finished_at INTEGER;
  UPDATE batches SET finished_at = created_at WHERE sealed = 1 AND NOT EXISTS (
    SELECT 1 FROM batch_items i JOIN documents d ON d.id = i.document_id WHERE i.batch_id = batches.id
    AND d.state IN ('received', 'preparing', 'awaiting-signature', 'signing', 'stamping', 'verifying'));
  CREATE INDEX batches_unfinished ON batches (id) WHERE sealed = 1 AND finished_at IS NULL;
  `,
];

/** Brings the database to the newest schema. Several processes may start at once: the write lock orders them. */
export function migrate(database: Database): void {
  const apply = database.transaction(() => {
    const version = database.pragma("user_version", { simple: true }) as number;
    if (version > migrations.length) {
      throw new Error(`the ledger has schema ${version}, this program knows ${migrations.length}: it is too old`);
    }
    for (const sql of migrations.slice(version)) database.exec(sql);
    if (version < migrations.length) database.pragma(`user_version = ${migrations.length}`);
  });
  apply.immediate();
}
