import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { parseConfig } from "../config/index.ts";
import { openSqliteLedger } from "../ledger/index.ts";
import { createLogger } from "../observability/index.ts";
import { type RedisServer, startRedisServer } from "../testing/index.ts";
import { bullConsumer } from "./bull-consumer.ts";
import { bullWorkList } from "./bull-work-list.ts";
import { reconcile, startReconciler } from "./reconciler.ts";
import type { Outcome, WorkList } from "./work-list.ts";

describe("the work list, on a real Redis", () => {
  const root = mkdtempSync(join(tmpdir(), "hocba-queue-"));
  const log = createLogger({ log: { level: "silent" } }, "test");
  let redis: RedisServer;
  let count = 0;
  beforeAll(async () => {
    redis = await startRedisServer(join(root, "redis"));
  });
  afterAll(async () => {
    await redis.stop();
    rmSync(root, { recursive: true });
  });
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of open.splice(0).reverse()) await each.close();
  });
  function parts(look: (id: string) => Promise<Outcome>, lockMs?: number) {
    const config = parseConfig({ dataDir: root, redis: { url: redis.url, prefix: `t${++count}` } }).redis;
    const list = bullWorkList(config);
    open.push(list);
    const consume = () => {
      const consumer = bullConsumer(config, { concurrency: 4, log, ...(lockMs ? { lockMs } : {}) }, look);
      open.push(consumer);
      return consumer;
    };
    return { list, consume };
  }

  it("gives each document to the consumer once, however often it is added", async () => {
    const seen: string[] = [];
    const { list, consume } = parts(async (id) => {
      seen.push(id);
      return { kind: "done" };
    });
    await list.add(["a", "b", "a"]);
    await list.add(["a"]);
    expect(await list.depth()).toBe(2);
    consume();
    await vi.waitFor(() => expect(seen.sort()).toEqual(["a", "b"]), 5000);
    await vi.waitFor(async () => expect(await list.depth()).toBe(0), 5000);
  });

  it("lets schools take turns: few documents do not wait for many; who waited long goes first", async () => {
    const seen: string[] = [];
    const { list, consume } = parts(async (id) => {
      seen.push(id);
      return { kind: "done" };
    });
    const large = Array.from({ length: 200 }, (_, i) => `large-${String(i + 1).padStart(3, "0")}`);
    await list.add(large, new Map(large.map((id, i) => [id, i + 1])));
    const small = ["small-1", "small-2", "small-3"];
    await list.add(small, new Map(small.map((id, i) => [id, i + 1])));
    await list.promote(["large-200", "nobody"]);
    expect(await list.depth()).toBe(203);
    consume();
    await vi.waitFor(() => expect(seen).toHaveLength(203), 10_000);
    for (const id of small) expect(seen.indexOf(id), id).toBeLessThan(20);
    expect(seen.indexOf("large-200")).toBeLessThan(20);
    expect(seen.indexOf("large-199")).toBeGreaterThan(180);
  });

  it("fills an empty list so that schools take turns, and puts first who waited long", async () => {
    const ledger = openSqliteLedger({ path: join(root, "fair.sqlite"), clock: () => 1000 });
    open.push(ledger);
    for (const [school, documents] of [
      ["large", 30],
      ["small", 2],
    ] as const) {
      await ledger.registry.putSchool({ code: school, name: school }, "test");
      for (let i = 0; i < documents; i++) {
        await ledger.documents.accept({
          id: `${school}-${String(i).padStart(2, "0")}`,
          sha256: "a".repeat(64),
          size: 1,
          format: "pdf",
          profile: "hocba-pdf",
          school,
          externalId: null,
          idempotencyKey: null,
          className: null,
          batchId: null,
          actor: "test",
        });
      }
    }
    const added = new Map<string, number>();
    let promoted: readonly string[] = [];
    const list: WorkList = {
      add: async (_, ranks) => {
        for (const [id, rank] of ranks!) added.set(id, rank);
      },
      promote: async (ids) => {
        promoted = ids;
      },
      depth: async () => 0,
      ping: async () => {},
      close: async () => {},
    };
    expect(await reconcile(ledger, list, 2000)).toBe(32);
    expect([added.get("large-00"), added.get("large-29"), added.get("small-00"), added.get("small-01")]).toEqual([
      1, 30, 1, 2,
    ]);
    expect(promoted).toEqual([]);
    await reconcile(ledger, list, 1000 + 60_001);
    expect(promoted.slice(0, 2)).toEqual(["large-00", "large-01"]);
  });

  it("takes a document again after it was done", async () => {
    const seen: string[] = [];
    const { list, consume } = parts(async (id) => {
      seen.push(id);
      return { kind: "done" };
    });
    consume();
    await list.add(["a"]);
    await vi.waitFor(() => expect(seen).toHaveLength(1), 5000);
    await vi.waitFor(async () => expect(await list.depth()).toBe(0), 5000);
    await list.add(["a"]);
    await vi.waitFor(() => expect(seen).toHaveLength(2), 5000);
  });

  it("brings a document back at the time it asked for", async () => {
    const times: number[] = [];
    const { list, consume } = parts(async () => {
      times.push(Date.now());
      return times.length === 1 ? { kind: "again", at: Date.now() + 300 } : { kind: "done" };
    });
    consume();
    await list.add(["a"]);
    await vi.waitFor(() => expect(times).toHaveLength(2), 5000);
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(290);
  });

  it("refuses at once when Redis is gone, and works again after its return", async () => {
    const seen: string[] = [];
    const { list, consume } = parts(async (id) => {
      seen.push(id);
      return { kind: "done" };
    });
    consume();
    await list.add(["a"]);
    await vi.waitFor(() => expect(seen).toEqual(["a"]), 5000);
    await redis.stop("SIGKILL");
    await vi.waitFor(() => expect(list.ping()).rejects.toMatchObject({ code: "QUEUE_UNAVAILABLE" }), 5000);
    await expect(list.add(["b"])).rejects.toMatchObject({ code: "QUEUE_UNAVAILABLE", retryable: true });
    await redis.start();
    await vi.waitFor(() => list.add(["c"]), { timeout: 10_000, interval: 50 });
    await vi.waitFor(() => expect(seen).toContain("c"), { timeout: 20_000, interval: 50 });
  }, 40_000);

  it("works in the end when Redis dies while the parts connect to it", async () => {
    for (const afterMs of [2, 4, 6, 8, 10, 15, 20, 30]) {
      const seen: string[] = [];
      const { list, consume } = parts(async (id) => {
        seen.push(id);
        return { kind: "done" };
      });
      consume();
      list.add(["a"]).catch(() => {});
      await delay(afterMs);
      await redis.stop("SIGKILL");
      redis.forget();
      await redis.start();
      await vi.waitFor(() => list.add(["b"]), { timeout: 10_000, interval: 50 });
      await vi.waitFor(() => expect(seen, `${afterMs} ms`).toContain("b"), { timeout: 10_000, interval: 50 });
    }
  }, 90_000);

  it("is filled again from the ledger after Redis has lost everything", async () => {
    const ledger = openSqliteLedger({ path: join(root, `ledger${++count}.sqlite`), clock: Date.now });
    open.push(ledger);
    await ledger.registry.putSchool({ code: "S", name: "Trường" }, "test");
    const ids = Array.from({ length: 25 }, (_, i) => `doc_${String(i).padStart(2, "0")}`);
    for (const id of ids) {
      await ledger.documents.accept({
        id,
        sha256: "a".repeat(64),
        size: 1,
        format: "pdf",
        profile: "p",
        school: "S",
        externalId: null,
        idempotencyKey: null,
        className: null,
        batchId: null,
        actor: "test",
      });
    }
    const seen = new Set<string>();
    const { list, consume } = parts(async (id) => {
      seen.add(id);
      return { kind: "done" };
    });
    const reconciler = startReconciler({ ledger, list, everyMs: 60_000, clock: Date.now, log });
    consume();
    await vi.waitFor(() => expect([...seen].sort()).toEqual(ids), 5000);
    await reconciler.stop();
  });
});
