import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { openPdf, signatureFields } from "@hocba/signatures/pdf";
import { findXmlSignatures, parseXml } from "@hocba/signatures/xml";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type DemoSite, MAIN, startDemoSite } from "../end-to-end/demo-site.ts";
import { callReferees } from "../end-to-end/referees.ts";

vi.setConfig({ testTimeout: 90_000 });

describe("a time-stamping authority that does not do its duty", () => {
  let site: DemoSite;
  beforeAll(async () => {
    site = await startDemoSite({
      pupils: 2,
      timestampTimeoutMs: 1500,
      config: {
        worker: { retryInitialMs: 100, retryMaxMs: 1000, reconcileEveryMs: 500, lockMs: 2000 },
        timestamps: {
          breakerRestMs: 500,
          patienceMs: 1000,
          raising: { everyMs: 100, retryInitialMs: 100, retryMaxMs: 500 },
        },
      },
    });
  }, 120_000);
  afterEach(() => {
    site.demo.pki.faults.tsa = {};
  });
  afterAll(() => site?.close());

  type Faults = DemoSite["demo"]["pki"]["faults"]["tsa"];
  const bad: readonly [string, Faults][] = [
    ["answers after 131 s", { latencyMs: 131_000 }],
    ["refuses connections", { refuse: true }],
    ["answers another nonce", { wrongNonce: true }],
    ["stamps something else", { wrongImprint: true }],
    ["has a clock that is 759 s slow", { clockSkewMs: -759_000 }],
    ["has a clock that is 22,846 s fast", { clockSkewMs: 22_846_000 }],
    ["cuts its answers off", { truncate: true }],
    ["has spent its quota", { quota: 0, quotaAnswer: "rejection" }],
    ["is a stranger of the same name", { wrongCertificate: true }],
  ];
  const issued = (id: string) =>
    site.until(id, ({ state }) => {
      expect(["failed", "rejected"], id).not.toContain(state);
      return state === "signed";
    });
  const values = async (id: string) =>
    (await site.ledger.documents.dossier(id))!.signatures.map(({ stepId, value }) => [stepId, value]);
  const statusOf = async (bytes: Uint8Array) => {
    const digest = createHash("sha256").update(bytes).digest("hex");
    return (await (await fetch(`${site.demo.baseUrl}/v1/status/${digest}`)).json()) as { status: string };
  };

  it.each(bad)(
    "that %s: signing goes on, nothing counts as stamped, and everything is raised once it is back",
    async (name, faults) => {
      site.demo.pki.faults.tsa = faults;
      const ids = await site.acceptClass(name);
      const before = new Map<string, { bytes: Uint8Array; values: unknown }>();
      for (const id of ids) {
        expect(await issued(id)).toMatchObject({ level: "B", waitingFor: "T", error: null });
        const { bytes } = await site.content(id);
        before.set(id, { bytes, values: await values(id) });
        const report = await site.verdict(bytes);
        expect(report.indication).toBe("TOTAL-PASSED");
        for (const { level, bestSignatureTime, timestamps } of report.signatures) {
          expect({ level, bestSignatureTime, timestamps }).toEqual({
            level: "B",
            bestSignatureTime: null,
            timestamps: [],
          });
        }
      }
      expect(await site.view(ids[0]!)).toMatchObject({ level: "B", waitingFor: "T" });
      // Long enough for late stamps to be tried, in vain.
      await delay(700);
      expect((await site.ledger.documents.waiting()).failing).toBe(0);
      for (const id of ids) expect((await site.ledger.documents.get(id))!.waitingFor).toBe("T");
      for (const [id, { bytes }] of before) expect((await site.content(id)).bytes).toEqual(bytes);

      site.demo.pki.faults.tsa = {};
      for (const [id, { bytes, values: then }] of before) {
        const raised = await site.expectRaisedOnce(id);
        expect(await values(id), "the values of then").toEqual(then);
        const document = (await site.ledger.documents.get(id))!;
        if (document.format === "pdf") {
          expect(Buffer.from(raised.subarray(0, bytes.length)).equals(Buffer.from(bytes)), "a revision more").toBe(
            true,
          );
        }
        for (const file of [bytes, raised]) expect(await statusOf(file)).toMatchObject({ status: "current" });
      }
    },
  );

  it("that is slow: documents take longer and come back stamped", async () => {
    site.demo.pki.faults.tsa = { latencyMs: 600 };
    // What the faults before have taught is forgotten.
    await site.demo.parts.get("worker")!.stop();
    await site.demo.restart("worker");
    const id = await site.accept({ content: await site.pdf(), profile: "hocba-pdf" });
    const started = Date.now();
    await site.expectSignedOnce(id);
    expect(Date.now() - started, "three signers one after the other").toBeGreaterThan(1500);
  });

  it("that fails now and then: every document ends stamped", async () => {
    site.demo.pki.faults.tsa = { http500: true, skip: 5, times: 9 };
    for (const id of await site.acceptClass("now and then")) {
      await site.until(id, ({ state, waitingFor }) => state === "signed" && waitingFor === null);
      const { level } = (await site.ledger.documents.get(id))!;
      const report = await site.judge((await site.content(id)).bytes);
      expect([level, report.indication]).toEqual(["T", "TOTAL-PASSED"]);
    }
  });

  it("leaves raised documents that foreign programs accept: pdfsig, qpdf, openssl ts, xmlsec1", async () => {
    site.demo.pki.faults.tsa = { refuse: true };
    const pdf = await site.accept({ content: await site.pdf(), profile: "hocba-pdf" });
    const xml = await site.accept({ content: site.xml(), profile: "hocba-xml" });
    for (const id of [pdf, xml]) expect((await issued(id)).level).toBe("B");
    site.demo.pki.faults.tsa = {};
    const { root, issuing } = site.demo.pki;
    const referees = callReferees(root.certificate, [issuing.certificate]);
    try {
      const raised = await site.expectRaisedOnce(pdf);
      expect(await referees.qpdf(raised)).toBe("");
      const { verdicts, wholeFile } = await referees.pdfsig(raised);
      // Poppler does not judge document time stamps: openssl does, below.
      expect(verdicts.slice(0, 3)).toEqual(Array.from({ length: 3 }, () => "Signature is Valid."));
      expect(wholeFile).toEqual([false, false, false, true]);
      const { contents, byteRange } = signatureFields(openPdf(raised)).at(-1)!;
      const [a, b, c, d] = byteRange!;
      const covered = Buffer.concat([raised.subarray(a, a! + b!), raised.subarray(c, c! + d!)]);
      expect(await referees.opensslTs(contents, covered)).toBe("");
      const text = await site.expectRaisedOnce(xml);
      const count = findXmlSignatures(parseXml(text)).length;
      expect(await referees.xmlsec1(text, count)).toEqual(Array.from({ length: count }, () => true));
    } finally {
      referees.close();
    }
  });

  it("does not slow down signing", async () => {
    const rate = async (name: string): Promise<number> => {
      const started = Date.now();
      const ids = [...(await site.acceptClass(`${name} 1`)), ...(await site.acceptClass(`${name} 2`))];
      for (const id of ids) await issued(id);
      return (1000 * ids.length) / (Date.now() - started);
    };
    await rate("warm");
    const ratios: string[] = [];
    for (const [name, faults] of [
      ["refusing", { refuse: true }],
      ["131 s late", { latencyMs: 131_000 }],
    ] as const) {
      const up = await rate(`before ${name}`);
      site.demo.pki.faults.tsa = faults;
      // The first ones find out; the rate is that of those who come after.
      for (const id of await site.acceptClass(`found out ${name}`)) await issued(id);
      ratios.push(`${name} ${((await rate(name)) / up).toFixed(2)}`);
      site.demo.pki.faults.tsa = {};
      const waiting = async () => (await site.ledger.documents.waiting()).documents;
      await vi.waitFor(async () => expect(await waiting()).toBe(0), { timeout: 60_000 });
    }
    console.log(`signing without time stamps, documents a second as a ratio to stamping: ${ratios.join(", ")}`);
  });

  it("leaves an audit log that is whole, and the doctor nothing to say", async () => {
    await site.expectAuditIntact();
    const args = [MAIN, "doctor", "--json", "--config", site.demo.configFile];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const { summary } = JSON.parse(stdout.trim().split("\n").at(-1)!) as { summary: object };
    expect(summary).toMatchObject({ errors: 0, warnings: 0, waiting: { documents: 0, oldestSeconds: 0 } });
  });
});
