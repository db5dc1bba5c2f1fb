import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { parseConfig } from "../config/index.ts";
import { openSqliteLedger } from "../ledger/index.ts";
import { createLogger } from "../observability/index.ts";
import { type RedisServer, startRedisServer } from "../testing/index.ts";
import { bullConsumer } from "./bull-consumer.ts";
import { bullWorkList } from "./bull-work-list.ts";
import { startReconciler } from "./reconciler.ts";
import type { Outcome } from "./work-list.ts";

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
