import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { type Failpoint, failpoints } from "@hocba/gateway";
import { fileObject, parseEvidenceRecord, verifyEvidenceRecord } from "@hocba/signatures/evidence-records";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type DemoSite, MAIN, startDemoSite } from "../end-to-end/demo-site.ts";

/** In the worker the second and third time matter as well: between two signatures of one document. */
const inWorker = failpoints.filter((point) => !/^(intake|raise|evidence)\./.test(point));
const again = [
  "sign.value-made:2",
  "sign.value-written:3",
  "stamp.received:2",
  "complete.stored:2",
  "complete.written:3",
];
const inGateway = failpoints.filter((point) => point.startsWith("intake."));
const inEvidence = failpoints.filter((point) => point.startsWith("evidence."));
const formats = ["pdf", "xml", "cms"] as const;
type Format = (typeof formats)[number];
/** A window a second, so that the walk need not wait for it; who is killed keeps nobody waiting either. */
const evidenceRecords = {
  profiles: "all" as const,
  window: { documents: 1000, seconds: 1 },
  everyMs: 100,
  retryMs: 200,
  leaseMs: 1000,
};

/**
 * Real processes, killed with SIGKILL at each named arrow, one after the other: each successor finds what its predecessor
 * left, and is killed at the next arrow. At the end everything is asked for once more and held against the ledger.
 */
describe("kill -9 at every arrow", () => {
  let site: DemoSite;
  const submitted = new Map<string, string>();
  beforeAll(async () => {
    site = await startDemoSite({ pupils: 1, config: { evidenceRecords } });
  }, 120_000);
  afterAll(() => site?.close(), 60_000);

  /** Starts a part that kills itself where it is told to. */
  async function restart(part: "worker" | "gateway", failpoint: string | null): Promise<void> {
    if (failpoint !== null) process.env.HOCBA_FAILPOINT = failpoint;
    try {
      // A worker may meet its end in the work its predecessor left, before it is seen to be ready.
      await site.demo.restart(part).catch((error: { code?: string }) => {
        if (failpoint === null || error.code !== "PART_FAILED") throw error;
      });
    } finally {
      delete process.env.HOCBA_FAILPOINT;
    }
  }

  const ended = (part: string, within = 20_000) =>
    Promise.race([
      site.demo.parts.get(part)!.exited.then(() => true),
      new Promise<false>((resolve) => setTimeout(() => resolve(false), within).unref()),
    ]);

  async function submit(key: string, format: Format): Promise<string | null> {
    const content = format === "pdf" ? await site.pdf() : format === "xml" ? site.xml() : Buffer.from(`package ${key}`);
    const profile = format === "cms" ? "detached" : `hocba-${format}`;
    const answer = await site.submit({ content, profile, idempotencyKey: key }).catch(() => null);
    if (answer === null) return null;
    expect([200, 202], JSON.stringify(answer.body)).toContain(answer.status);
    const known = submitted.get(key);
    if (known !== undefined) expect(answer.body.id).toBe(known);
    submitted.set(key, answer.body.id);
    return answer.body.id;
  }

  it("in the worker: every document ends signed once by each signer", async () => {
    for (const [i, point] of [...inWorker, ...again].entries()) {
      await site.demo.parts.get("worker")!.stop(0);
      await restart("worker", point);
      // Each format comes first at some arrows: that is the one whose worker dies.
      for (const k of formats.keys()) {
        const format = formats[(i + k) % formats.length]!;
        await submit(`${point}-${format}`, format);
      }
      expect(await ended("worker"), `the worker was killed at ${point}`).toBe(true);
    }
    await restart("worker", null);
    for (const id of submitted.values()) await site.expectSignedOnce(id);
  }, 900_000);

  it("in the gateway: a sender who asks again gets the one document", async () => {
    const before = submitted.size;
    for (const point of inGateway) {
      await site.demo.parts.get("gateway")!.stop();
      await restart("gateway", point);
      expect(await submit(point, "pdf"), `an answer from a gateway killed at ${point}`).toBeNull();
      expect(await ended("gateway"), `the gateway was killed at ${point}`).toBe(true);
    }
    await restart("gateway", null);
    for (const point of inGateway) await submit(point, "pdf");
    expect(submitted.size).toBe(before + inGateway.length);
    for (const point of inGateway) await site.expectSignedOnce(submitted.get(point satisfies Failpoint)!);
    expect((await site.ledger.documents.countByState()).get("signed"), "nothing twice").toBe(submitted.size);
  }, 120_000);

  it("in the keeping of evidence records: every document has its record in the end", async () => {
    for (const point of inEvidence) {
      await site.demo.parts.get("gateway")!.stop();
      await restart("gateway", point);
      // What waits for a window may be its end before anybody is heard.
      await submit(point, "cms");
      expect(await ended("gateway"), `the gateway was killed at ${point}`).toBe(true);
    }
    await restart("gateway", null);
    for (const point of inEvidence) await submit(point, "cms");
    for (const id of submitted.values()) {
      const content = await site.expectSignedOnce(id);
      const record = await vi.waitFor(() => site.evidenceRecord(id), { timeout: 20_000, interval: 100 });
      const { verdict } = verifyEvidenceRecord(parseEvidenceRecord(record), [fileObject(nodeCrypto, content)], {
        crypto: nodeCrypto,
      });
      expect(`${id} ${verdict}`).toBe(`${id} intact`);
    }
  }, 120_000);

  it("leaves everything in agreement: the doctor has nothing to say", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      MAIN,
      "doctor",
      "--json",
      "--config",
      site.demo.configFile,
    ]);
    const { summary } = JSON.parse(stdout.trim().split("\n").at(-1)!) as { summary: object };
    expect(summary).toMatchObject({
      documents: submitted.size,
      states: { signed: submitted.size },
      errors: 0,
      warnings: 0,
      problems: {},
    });
    console.log(
      `kill -9 at ${inWorker.length + again.length + inGateway.length + inEvidence.length} arrows: ${submitted.size} documents, each signed once, each with its evidence record; doctor: no difference`,
    );
  }, 60_000);
});
