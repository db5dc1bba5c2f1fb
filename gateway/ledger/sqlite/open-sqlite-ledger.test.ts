import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { openDatabase } from "../../sqlite/index.ts";
import { findAuditBreak } from "../audit-hash.ts";
import { ledgerContract } from "../contract.test-suite.ts";
import { openSqliteLedger } from "./open-sqlite-ledger.ts";

const root = mkdtempSync(join(tmpdir(), "hocba-ledger-"));
let count = 0;
let path: string;
beforeEach(() => {
  path = join(root, `${++count}`, "ledger.sqlite");
});
afterAll(() => rmSync(root, { recursive: true }));

ledgerContract("SQLite", (clock) => openSqliteLedger({ path, clock }));

describe("the SQLite ledger", () => {
  it("is the same after it was closed and opened again", async () => {
    const first = openSqliteLedger({ path, clock: () => 1 });
    await first.registry.putSchool({ code: "S1", name: "Một" }, "test");
    await first.close();
    const second = openSqliteLedger({ path, clock: () => 2 });
    expect(await second.registry.schools()).toEqual([{ code: "S1", name: "Một" }]);
    await second.close();
  });

  it("keeps one audit chain when two connections write", async () => {
    const one = openSqliteLedger({ path, clock: () => 1 });
    const two = openSqliteLedger({ path, clock: () => 2 });
    await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        (i % 2 === 0 ? one : two).registry.putSchool({ code: `S${i}`, name: "Trường" }, "test"),
      ),
    );
    const entries = await one.audit.entries({ after: 0, limit: 1000 });
    expect(entries).toHaveLength(100);
    expect(findAuditBreak(entries)).toBeNull();
    await Promise.all([one.close(), two.close()]);
  });

  it("undoes only the write that failed when several are committed together", async () => {
    const ledger = openSqliteLedger({ path, clock: () => 1 });
    const results = await Promise.allSettled([
      ledger.registry.putSchool({ code: "S1", name: "Một" }, "test"),
      ledger.registry.putSigner({ id: "p", kind: "person", name: "Ai", school: "nowhere" }, "test"),
      ledger.registry.putSchool({ code: "S2", name: "Hai" }, "test"),
    ]);
    expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect((await ledger.registry.schools()).map((school) => school.code)).toEqual(["S1", "S2"]);
    expect(await ledger.audit.entries({ after: 0, limit: 10 })).toHaveLength(2);
    await ledger.close();
  });

  it("refuses changes to the audit log", async () => {
    const ledger = openSqliteLedger({ path, clock: () => 1 });
    await ledger.registry.putSchool({ code: "S1", name: "Một" }, "test");
    await ledger.close();
    const database = openDatabase(path);
    expect(() => database.exec("UPDATE audit SET actor = 'x'")).toThrow(/append-only/);
    expect(() => database.exec("DELETE FROM audit")).toThrow(/append-only/);
    database.close();
  });

  it("refuses a ledger of a newer program", () => {
    openSqliteLedger({ path, clock: () => 1 }).close();
    const database = openDatabase(path);
    database.pragma("user_version = 999");
    database.close();
    expect(() => openSqliteLedger({ path, clock: () => 1 })).toThrow(/too old/);
  });

  it("is readable by the sqlite3 integrity check", async () => {
    const ledger = openSqliteLedger({ path, clock: () => 1 });
    await ledger.registry.putSchool({ code: "S1", name: "Một" }, "test");
    await ledger.close();
    const database = openDatabase(path);
    expect(database.pragma("integrity_check", { simple: true })).toBe("ok");
    database.close();
  });
});
