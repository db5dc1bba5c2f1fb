import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { failpoints } from "@hocba/gateway";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DemoSite, MAIN, startDemoSite } from "../end-to-end/demo-site.ts";

const arrows = failpoints.filter((point) => point.startsWith("raise."));
const formats = ["pdf", "xml", "cms"] as const;

/**
 * Documents that were issued without a time stamp, and a worker that is killed with SIGKILL at each arrow of raising them. What is
 * left must be taken up by its successor, also when the work list was wiped in between.
 */
describe("kill -9 at every arrow of raising", () => {
  let site: DemoSite;
  beforeAll(async () => {
    const timestamps = {
      patienceMs: 1000,
      breakerRestMs: 300,
      raising: { concurrency: 1, everyMs: 100, retryInitialMs: 100, retryMaxMs: 300 },
    };
    const worker = { retryInitialMs: 100, retryMaxMs: 1000, reconcileEveryMs: 500, lockMs: 1000 };
    site = await startDemoSite({ pupils: 1, config: { timestamps, worker } });
  }, 120_000);
  afterAll(() => site?.close(), 60_000);

  async function restart(failpoint: string | null): Promise<void> {
    await site.demo.parts.get("worker")!.stop(0);
    if (failpoint !== null) process.env.HOCBA_FAILPOINT = failpoint;
    try {
      // With documents waiting, it may meet its end before it is seen to be ready.
      await site.demo.restart("worker").catch((error: { code?: string }) => {
        if (failpoint === null || error.code !== "PART_FAILED") throw error;
      });
    } finally {
      delete process.env.HOCBA_FAILPOINT;
    }
  }
  const content = async (format: (typeof formats)[number]) =>
    format === "pdf" ? site.pdf() : format === "xml" ? site.xml() : Buffer.from("gói tin");

  it("ends with one raised revision, by the signatures of before", async () => {
    site.demo.pki.faults.tsa = { refuse: true };
    const ids: string[] = [];
    for (let round = 0; round < 2; round++) {
      for (const format of formats) {
        const profile = format === "cms" ? "detached" : `hocba-${format}`;
        ids.push(await site.accept({ content: await content(format), profile, externalId: `${format} ${round}` }));
      }
    }
    const values = new Map<string, unknown>();
    const valuesOf = async (id: string) =>
      (await site.ledger.documents.dossier(id))!.signatures.map(({ stepId, value }) => [stepId, value]);
    for (const id of ids) {
      expect(await site.until(id, ({ state }) => state === "signed")).toMatchObject({ level: "B", waitingFor: "T" });
      values.set(id, await valuesOf(id));
    }
    await site.demo.parts.get("worker")!.stop(0);
    site.demo.pki.faults.tsa = {};
    for (const arrow of [...arrows, ...arrows.slice(0, 1)]) {
      const before = (await site.ledger.documents.waiting()).documents;
      expect(before, "something is left to raise").toBeGreaterThan(0);
      await restart(arrow);
      const ended = site.demo.parts.get("worker")!.exited.then(() => true);
      expect(await Promise.race([ended, delay(20_000, false)]), `the worker was killed at ${arrow}`).toBe(true);
      const after = (await site.ledger.documents.waiting()).documents;
      expect(before - after, arrow).toBe(arrow === "raise.written" ? 1 : 0);
      if (arrow === "raise.stored") await wipeWorkList();
    }
    await restart(null);
    for (const id of ids) {
      await site.expectRaisedOnce(id);
      expect(await valuesOf(id), "the values of then").toEqual(values.get(id));
    }
    await site.expectAuditIntact();
    const args = [MAIN, "doctor", "--json", "--config", site.demo.configFile];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const { summary } = JSON.parse(stdout.trim().split("\n").at(-1)!) as { summary: object };
    expect(summary).toMatchObject({
      states: { signed: ids.length },
      waiting: { documents: 0 },
      errors: 0,
      warnings: 0,
    });
    console.log(
      `kill -9 at ${arrows.length + 1} arrows of raising: ${ids.length} documents, each raised once; doctor: no difference`,
    );
  }, 180_000);

  async function wipeWorkList(): Promise<void> {
    const { redis } = JSON.parse(readFileSync(site.demo.configFile, "utf8")) as { redis: { url: string } };
    const client = createClient({ socket: { path: redis.url, tls: false } });
    await client.connect();
    await client.flushAll();
    client.destroy();
  }
});
