import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { openDatabase } from "@hocba/gateway/sqlite";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type DemoSite, FINAL, MAIN, startDemoSite } from "../end-to-end/demo-site.ts";

vi.setConfig({ testTimeout: 120_000 });

type Part = "redis" | "token-host" | "gateway" | "worker";

/** Each fault strikes while a class is being signed; the class is looked at as a whole afterwards. */
describe("processes that are killed in the middle of a class", () => {
  let site: DemoSite;
  beforeAll(async () => {
    site = await startDemoSite({ pupils: 4 });
  }, 120_000);
  afterAll(() => site?.close());

  const kill = (part: Part) => process.kill(site.demo.parts.get(part)!.pid, "SIGKILL");

  async function killAndRestart(part: Part): Promise<void> {
    kill(part);
    await site.demo.restart(part);
  }

  async function states(ids: readonly string[]): Promise<string[]> {
    return Promise.all(ids.map(async (id) => (await site.ledger.documents.get(id))!.state));
  }

  /** Waits until at least `n` of the steps of these documents have their signature in place. */
  async function untilCompleted(ids: readonly string[], n: number): Promise<void> {
    for (const end = Date.now() + 60_000; ; await delay(5)) {
      let complete = 0;
      for (const id of ids) {
        const dossier = (await site.ledger.documents.dossier(id))!;
        complete += dossier.signatures.filter((signature) => signature.state === "complete").length;
      }
      if (complete >= n) return;
      if (Date.now() > end) throw new Error(`only ${complete} of ${n}: ${await states(ids)}`);
    }
  }

  /** Some are unfinished: what struck now struck in the middle. */
  async function expectInTheMiddle(ids: readonly string[]): Promise<void> {
    expect((await states(ids)).some((state) => !FINAL.has(state))).toBe(true);
  }

  async function expectAllSignedOnce(ids: readonly string[]): Promise<void> {
    for (const id of ids) await site.expectSignedOnce(id);
    await site.expectAuditIntact();
  }

  it("the worker, three times: every document ends signed, once", async () => {
    const ids = await site.acceptClass("worker");
    let caught = 0;
    for (const progress of [4, 24, 48]) {
      await untilCompleted(ids, progress);
      kill("worker");
      await site.demo.parts.get("worker")!.exited;
      // What makes this a test of the middle: some were unfinished when it died.
      if ((await states(ids)).some((state) => !FINAL.has(state))) caught++;
      await site.demo.restart("worker");
    }
    expect(caught).toBeGreaterThan(0);
    await expectAllSignedOnce(ids);
    console.log(`crashes.test.ts: worker killed 3 times, ${caught} in the middle, ${ids.length} documents signed once`);
  });

  it("an upgrade between signing and stamping that writes other octets: values are discarded, steps signed anew", async () => {
    site.demo.pki.faults.tsa = { hang: true };
    const ids = await site.acceptClass("upgrade");
    const signed = async (id: string) =>
      (await site.ledger.documents.dossier(id))!.signatures.some((signature) => signature.state === "signed");
    await vi.waitFor(async () => expect(await Promise.all(ids.map(signed))).not.toContain(false), { timeout: 60_000 });
    kill("worker");
    await site.demo.parts.get("worker")!.exited;
    // What the old release prepared is not what this one prepares.
    const ledger = openDatabase(join(JSON.parse(readFileSync(site.demo.configFile, "utf8")).dataDir, "ledger.sqlite"));
    ledger.prepare("UPDATE signatures SET tbs_sha256 = ? WHERE state = 'signed'").run("0".repeat(64));
    ledger.close();
    site.demo.pki.faults.tsa = {};
    await site.demo.restart("worker");
    await expectAllSignedOnce(ids);
  });

  it("one worker of two: the other takes over what it held, and both together sign nothing twice", async () => {
    const other = spawn(process.execPath, [MAIN, "worker", "--config", site.demo.configFile], { stdio: "ignore" });
    const gone = once(other, "exit");
    try {
      const ids = await site.acceptClass("two workers");
      await untilCompleted(ids, 12);
      kill("worker");
      await expectInTheMiddle(ids);
      await expectAllSignedOnce(ids);
    } finally {
      other.kill("SIGTERM");
    }
    expect(await gone, "a worker told to stop ends in good order").toEqual([0, null]);
    await site.demo.restart("worker");
  });

  it("the token host, and the process that owns the module: every document ends signed, once", async () => {
    const ids = await site.acceptClass("token host");
    await untilCompleted(ids, 2);
    const host = site.demo.parts.get("token-host")!.pid;
    const [child] = readFileSync(`/proc/${host}/task/${host}/children`, "utf8").trim().split(" ").map(Number);
    process.kill(child!, "SIGKILL");
    await expectInTheMiddle(ids);
    await untilCompleted(ids, 12);
    await killAndRestart("token-host");
    await expectAllSignedOnce(ids);
  });

  it("Redis, killed and started again: every document ends signed, once", async () => {
    const ids = await site.acceptClass("redis");
    await untilCompleted(ids, 2);
    kill("redis");
    await site.demo.parts.get("redis")!.exited;
    await expectInTheMiddle(ids);
    // Documents are taken in while there is no work list: the ledger knows them.
    const late = await site.accept({ content: await site.pdf(), profile: "hocba-pdf", externalId: "late" });
    expect((await fetch(`${site.demo.baseUrl}/readyz`)).status).toBe(503);
    await site.demo.restart("redis");
    await expectAllSignedOnce([...ids, late]);
  });

  it("Redis, wiped: every document ends signed, once", async () => {
    const ids = await site.acceptClass("wiped");
    await untilCompleted(ids, 2);
    const config = JSON.parse(readFileSync(site.demo.configFile, "utf8")) as { redis: { url: string } };
    const client = createClient({ socket: { path: config.redis.url, tls: false } });
    await client.connect();
    await client.flushAll();
    await expectInTheMiddle(ids);
    await untilCompleted(ids, 12);
    await client.flushAll();
    client.destroy();
    await expectAllSignedOnce(ids);
  });

  it("the gateway during submission: who asks again with the same key gets the same document, none twice", async () => {
    const contents = await Promise.all(site.sample.pupils.map((_, i) => site.pdf(i)));
    const jobs = Array.from({ length: 24 }, (_, i) => ({
      content: contents[i % contents.length]!,
      key: `submission-${i}`,
    }));
    let broken = 0;
    let answered = 0;
    const submit = async ({ content, key }: (typeof jobs)[number]): Promise<string> => {
      for (const end = Date.now() + 60_000; ; await delay(50)) {
        try {
          const { status, body } = await site.submit({
            content,
            profile: "hocba-pdf",
            externalId: key,
            idempotencyKey: key,
          });
          expect([200, 202], JSON.stringify(body)).toContain(status);
          answered++;
          return body.id;
        } catch (error) {
          if (!(error instanceof TypeError) || Date.now() > end) throw error;
          broken++; // the connection broke: the client cannot know whether it was taken in
        }
      }
    };
    const lanes = Promise.all(
      Array.from({ length: 6 }, async (_, lane) => {
        const ids: string[] = [];
        for (let i = lane; i < jobs.length; i += 6) ids.push(await submit(jobs[i]!));
        return ids;
      }),
    );
    for (const at of [3, 12]) {
      while (answered < at) await delay(1);
      await killAndRestart("gateway");
    }
    const ids = (await lanes).flat();
    expect(broken).toBeGreaterThan(0);
    expect(new Set(ids).size).toBe(jobs.length);
    for (const { key } of jobs) {
      const found = await site.ledger.documents.list({ externalId: key, limit: 10 });
      expect(found.length, `documents of ${key}`).toBe(1);
    }
    await expectAllSignedOnce(ids);
    console.log(`crashes.test.ts: ${broken} submissions broke off, ${jobs.length} documents, none twice`);
  });

  it("everything at once, as in a power cut: every document ends signed, once", async () => {
    const ids = await site.acceptClass("power cut");
    await untilCompleted(ids, 8);
    const parts = ["worker", "gateway", "token-host", "redis"] as const;
    for (const part of parts) kill(part);
    await expectInTheMiddle(ids);
    for (const part of [...parts].reverse()) await site.demo.restart(part);
    await expectAllSignedOnce(ids);
  });

  it("no part says a PIN, and no document has a receipt of its own twice", async () => {
    const pin = readFileSync(join(site.root, "token.pin"), "utf8");
    for (const part of ["gateway", "worker", "token-host", "redis"]) expect(site.log(part)).not.toContain(pin);
    const signed = await site.ledger.documents.list({ state: "signed", limit: 500 });
    for (const { id } of signed) {
      const changes = await site.ledger.documents.statusChanges(id);
      expect(changes.map(({ kind }) => kind)).toEqual(["issued"]);
    }
    expect((await site.ledger.documents.list({ limit: 500 })).length).toBe(signed.length);
  });
});
