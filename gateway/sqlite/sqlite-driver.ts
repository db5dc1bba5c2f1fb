import { createRequire } from "node:module";
import type BetterSqlite3 from "better-sqlite3";

/** The Node-API version that better-sqlite3 13 is built for: Node 22.14 and later have it, no Node 20 does. */
const NODE_API = 10;

/**
 * The package of better-sqlite3 that fits a Node release, which names its Node-API version. No single one fits all that are supported: 13 crashes at the first open
 * where Node-API 10 is missing, and 12 derives its objects from `node::ObjectWrap`, which since Node 24.19 ends the process when
 * one of them is collected by an idle garbage collection. Both are installed where both can be.
 */
export function driverFor(nodeApi: string | undefined): "better-sqlite3" | "better-sqlite3-napi" {
  return Number(nodeApi ?? 0) >= NODE_API ? "better-sqlite3-napi" : "better-sqlite3";
}

/**
 * SQLite for this process, always the same: two copies of the library in one process would undo each other's file locks.
 * @throws Error MODULE_NOT_FOUND when the optional package was left out of the installation
 */
export const sqliteDriver = createRequire(import.meta.url)(driverFor(process.versions.napi)) as typeof BetterSqlite3;
