import type { Database } from "better-sqlite3";
import { openDatabase } from "../../sqlite/index.ts";
import type { Ledger } from "../ledger.ts";
import { auditWriter, sqliteAudit } from "./audit.ts";
import { sqliteBatches } from "./batches.ts";
import { sqliteDocuments } from "./documents.ts";
import { asLedgerError, GroupCommit } from "./group-commit.ts";
import { migrate } from "./migrations.ts";
import { sqliteRegistry } from "./registry.ts";

/**
 * The embedded ledger: one SQLite file in WAL mode, flushed at each commit, shared by the processes of one machine.
 * @throws GatewayError LEDGER_UNAVAILABLE
 */
export function openSqliteLedger(options: { path: string; clock: () => number; busyTimeoutMs?: number }): Ledger {
  const database = open(options.path, options.busyTimeoutMs);
  const group = new GroupCommit(database);
  const audit = auditWriter(database, options.clock);
  let closed = false;
  return {
    documents: sqliteDocuments(database, group, audit, options.clock),
    registry: sqliteRegistry(database, group, audit, options.clock),
    batches: sqliteBatches(database, group, audit, options.clock),
    audit: sqliteAudit(database, group, audit),
    ping: () =>
      group.write(() => void database.prepare("UPDATE document_counts SET n = n WHERE state = 'received'").run()),
    close: async () => {
      if (closed) return;
      closed = true;
      group.flush();
      database.close();
    },
  };
}

function open(path: string, busyTimeoutMs?: number): Database {
  try {
    const database = openDatabase(path, busyTimeoutMs);
    database.pragma("journal_size_limit = 67108864");
    migrate(database);
    return database;
  } catch (error) {
    throw asLedgerError(error);
  }
}
