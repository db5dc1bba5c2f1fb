import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Database } from "better-sqlite3";
import { sqliteDriver } from "./sqlite-driver.ts";

/**
 * Upper bound, in KiB. With SQLite's two megabytes the pages a commit touches are dropped and allocated anew each time once the database has
 * outgrown them: the cost of a write grew fourfold over the first ten thousand documents.
 */
const CACHE_KIB = 65_536;

/**
 * Opens a database that several processes of one machine share: WAL, flushed at each commit, foreign keys enforced. Makes its folder.
 * `busyTimeoutMs`: how long a write waits for another process's.
 * @throws SqliteError, or the file system's error
 */
export function openDatabase(path: string, busyTimeoutMs = 10_000): Database {
  if (path !== ":memory:") mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const database = new sqliteDriver(path, { timeout: busyTimeoutMs });
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  database.pragma("foreign_keys = ON");
  database.pragma(`cache_size = -${CACHE_KIB}`);
  return database;
}
