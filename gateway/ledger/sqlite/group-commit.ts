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
 * a write does not. Each write stands in a savepoint of its own: one that throws undoes only itself. A promise resolves
 * after the commit. If the commit itself fails, every write of the group is rejected and none has happened.
 */
export class GroupCommit {
  readonly #database: Database;
  #pending: Pending[] = [];
  #scheduled = false;

  readonly #begin: Statement;
  readonly #commitAll: Statement;
  readonly #rollback: Statement;
  readonly #savepoint: Statement;
  readonly #release: Statement;
  readonly #rollbackTo: Statement;

  constructor(database: Database) {
    this.#database = database;
    this.#begin = database.prepare("BEGIN IMMEDIATE");
    this.#commitAll = database.prepare("COMMIT");
    this.#rollback = database.prepare("ROLLBACK");
    this.#savepoint = database.prepare("SAVEPOINT one");
    this.#release = database.prepare("RELEASE one");
    this.#rollbackTo = database.prepare("ROLLBACK TO one");
  }

  write<T>(run: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#pending.push({ run, resolve: resolve as (value: unknown) => void, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(() => this.#commit());
    });
  }

  /** Commits what is pending now. */
  flush(): void {
    while (this.#pending.length > 0) this.#commit();
  }

  #commit(): void {
    this.#scheduled = false;
    const group = this.#pending.splice(0, LARGEST_GROUP);
    if (this.#pending.length > 0) {
      this.#scheduled = true;
      setImmediate(() => this.#commit());
    }
    if (group.length === 0) return;
    const settle: (() => void)[] = [];
    try {
      this.#begin.run();
      // A write that is alone needs no savepoint: the transaction is its own.
      if (group.length === 1) settle.push(this.#one(group[0]!));
      else for (const entry of group) settle.push(this.#oneOfMany(entry));
      if (this.#database.inTransaction) this.#commitAll.run();
    } catch (error) {
      if (this.#database.inTransaction) this.#rollback.run();
      for (const entry of group) entry.reject(asLedgerError(error));
      return;
    }
    for (const step of settle) step();
  }

  #one(entry: Pending): () => void {
    try {
      const value = entry.run();
      return () => entry.resolve(value);
    } catch (error) {
      if (this.#database.inTransaction) this.#rollback.run();
      return () => entry.reject(asLedgerError(error));
    }
  }

  #oneOfMany(entry: Pending): () => void {
    this.#savepoint.run();
    try {
      const value = entry.run();
      this.#release.run();
      return () => entry.resolve(value);
    } catch (error) {
      // A full disk or the like ends the whole transaction; then nobody's write has happened.
      if (!this.#database.inTransaction) throw error;
      this.#rollbackTo.run();
      this.#release.run();
      return () => entry.reject(asLedgerError(error));
    }
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
