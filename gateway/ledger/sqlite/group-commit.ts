import { HocbaError } from "@hocba/certs";
import type { Database, Statement } from "better-sqlite3";
import { GatewayError } from "../../errors.ts";

interface Pending {
  run(): unknown;
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

/** Bounds the time one commit holds the write lock and the event loop. */
const LARGEST_GROUP = 256;

/**
 * Joins writes that are asked for at the same time into one durable commit, since a commit costs a flush of the disk and
 * a write does not. A promise resolves after the commit. One that throws undoes only itself: the group is rolled back and each write
 * tried again by itself, so `run` may be called twice and must touch nothing but the database. Savepoints would do without the second
 * try and cost every group a journal of the pages it changes. If a commit fails, every write in it is rejected and none has happened.
 */
export class GroupCommit {
  readonly #database: Database;
  #pending: Pending[] = [];
  #scheduled = false;

  readonly #begin: Statement;
  readonly #commitAll: Statement;
  readonly #rollback: Statement;

  constructor(database: Database) {
    this.#database = database;
    this.#begin = database.prepare("BEGIN IMMEDIATE");
    this.#commitAll = database.prepare("COMMIT");
    this.#rollback = database.prepare("ROLLBACK");
  }

  write<T>(run: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#pending.push({ run, resolve: resolve as (value: unknown) => void, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(() => this.#commitNext());
    });
  }

  /** Commits what is pending now. */
  flush(): void {
    while (this.#pending.length > 0) this.#commitNext();
  }

  #commitNext(): void {
    this.#scheduled = false;
    const group = this.#pending.splice(0, LARGEST_GROUP);
    if (this.#pending.length > 0) {
      this.#scheduled = true;
      setImmediate(() => this.#commitNext());
    }
    if (group.length > 0) this.#commit(group);
  }

  #commit(group: readonly Pending[]): void {
    const values: unknown[] = [];
    let failed: Pending | null = null;
    try {
      this.#begin.run();
      for (const entry of group) {
        failed = entry;
        values.push(entry.run());
        failed = null;
      }
      this.#commitAll.run();
    } catch (error) {
      if (this.#database.inTransaction) this.#rollback.run();
      // With more than one, an error of a single write is told to its caller alone; a full disk meets them all again.
      if (failed !== null && group.length > 1) for (const entry of group) this.#commit([entry]);
      else for (const entry of group) entry.reject(asLedgerError(error));
      return;
    }
    for (const [i, entry] of group.entries()) entry.resolve(values[i]);
  }
}

/** SQLite's own failures: full disk, busy beyond patience, damage. All but damage may pass. */
export function asLedgerError(error: unknown): unknown {
  if (error instanceof HocbaError) return error;
  const code = (error as { code?: unknown }).code;
  if (typeof code !== "string" || !code.startsWith("SQLITE_")) return error;
  if (code === "SQLITE_FULL") {
    return new GatewayError("STORE_FULL", "no space left for the ledger", { retryable: true, cause: error });
  }
  if (code.startsWith("SQLITE_CONSTRAINT_PRIMARYKEY") || code.startsWith("SQLITE_CONSTRAINT_UNIQUE")) {
    return new GatewayError("LEDGER_DUPLICATE", "such an entry exists", { cause: error });
  }
  const damaged = code.startsWith("SQLITE_CORRUPT") || code.startsWith("SQLITE_NOTADB");
  return new GatewayError("LEDGER_UNAVAILABLE", `ledger: ${code}`, {
    retryable: !damaged,
    details: { sqlite: code },
    cause: error,
  });
}
