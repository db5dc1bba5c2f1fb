/** Tables of the record book. `windows.state`: `closing` while its tree is written, `closed` without its first token, `stamped` with it. */
export const schema = `
  CREATE TABLE IF NOT EXISTS windows (
    id INTEGER PRIMARY KEY, state TEXT NOT NULL DEFAULT 'closing', closed_at INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    due_at INTEGER NOT NULL, error TEXT
  ) STRICT;
  CREATE INDEX IF NOT EXISTS windows_due ON windows (state, due_at);
  CREATE TABLE IF NOT EXISTS leaves (
    id INTEGER PRIMARY KEY, document_id TEXT NOT NULL, sha256 TEXT NOT NULL, content_sha256 TEXT, taken_at INTEGER NOT NULL,
    window_id INTEGER REFERENCES windows(id), UNIQUE (document_id, sha256)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS leaves_waiting ON leaves (id) WHERE window_id IS NULL;
  CREATE INDEX IF NOT EXISTS leaves_by_window ON leaves (window_id, id) WHERE window_id IS NOT NULL;
  CREATE INDEX IF NOT EXISTS leaves_by_file ON leaves (sha256);
  CREATE TABLE IF NOT EXISTS chains (
    window_id INTEGER NOT NULL REFERENCES windows(id), chain INTEGER NOT NULL, digest_algorithm TEXT NOT NULL, root BLOB NOT NULL,
    PRIMARY KEY (window_id, chain)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS paths (
    leaf_id INTEGER NOT NULL REFERENCES leaves(id), chain INTEGER NOT NULL, path BLOB NOT NULL, PRIMARY KEY (leaf_id, chain)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS tokens (
    window_id INTEGER NOT NULL, chain INTEGER NOT NULL, seq INTEGER NOT NULL, path BLOB, root BLOB NOT NULL, token BLOB NOT NULL,
    gen_time INTEGER NOT NULL, PRIMARY KEY (window_id, chain, seq), FOREIGN KEY (window_id, chain) REFERENCES chains(window_id, chain)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS embedded (sha256 TEXT PRIMARY KEY, document_id TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS cursor (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS wanted (one INTEGER PRIMARY KEY CHECK (one = 1), profiles TEXT NOT NULL) STRICT;
  INSERT OR IGNORE INTO cursor (one, seq) VALUES (1, 0);
`;
