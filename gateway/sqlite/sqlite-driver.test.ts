import { describe, expect, it } from "vitest";
import { driverFor, openDatabase } from "./index.ts";

describe("the SQLite driver", () => {
  it("is the Node-API one where that is supported, and nowhere else", () => {
    expect(driverFor("9")).toBe("better-sqlite3");
    expect(driverFor(undefined)).toBe("better-sqlite3");
    expect(driverFor("10")).toBe("better-sqlite3-napi");
    expect(driverFor("137")).toBe("better-sqlite3-napi");
  });

  it("survives the collection of thousands of statements while the process is idle", async () => {
    const database = openDatabase(":memory:");
    database.exec("CREATE TABLE t (n INTEGER) STRICT");
    for (let round = 0; round < 5; round++) {
      for (let n = 0; n < 2000; n++) database.prepare(`INSERT INTO t VALUES (${n}) -- ${round}`).run();
      await new Promise(setImmediate);
    }
    expect(database.prepare("SELECT count(*) AS n FROM t").get()).toEqual({ n: 10_000 });
    database.close();
  });
});
