import { createHash } from "node:crypto";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { trustAnchor } from "@hocba/certs/trust";
import { parseCertificate } from "@hocba/certs/x509";
import { parseSignedData } from "@hocba/signatures/cms";
import { fileObject, parseEvidenceRecord, verifyEvidenceRecord } from "@hocba/signatures/evidence-records";
import type { Profile } from "@hocba/signatures/profiles";
import { type VerificationReport, verifyDocument } from "@hocba/signatures/verify";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { transcriptPdf } from "../demo/sample-class/index.ts";
import { loadProfiles } from "../profiles/index.ts";
import { openReceiptIssuer, readReceipt } from "../receipts/index.ts";
import type { DocumentView } from "../routes/document-view.ts";
import { type SigningSite, startSigningSite } from "../testing/index.ts";

const evidence = {
  evidenceRecords: { profiles: "all" as const, window: { documents: 1000, seconds: 1 }, everyMs: 100 },
};

/** Signatures of level B: nothing but the evidence record proves when they were made. */
function atLevelB(name: string): Profile {
  const profile = loadProfiles(null).get(name)!;
  return { ...profile, name: `${name}-b`, steps: profile.steps.map((step) => ({ ...step, level: "B" })) };
}

describe("evidence records, over HTTP", () => {
  let site: SigningSite;
  let pdf: Uint8Array;
  const profiles = new Map(loadProfiles(null));
  for (const profile of [atLevelB("hocba-pdf"), atLevelB("detached")]) profiles.set(profile.name, profile);
  beforeAll(async () => {
    site = await startSigningSite({ pupils: 1 });
    pdf = await transcriptPdf(site.sample.pupils[0]!);
  }, 120_000);
  afterAll(() => site?.close());
  afterEach(() => site.stopParts());

  const headers = () => ({ authorization: `Bearer ${site.apiKey}` });
  type App = Awaited<ReturnType<SigningSite["gateway"]>>["app"];
  async function start(): Promise<App> {
    const { app } = await site.gateway(evidence, { profiles });
    await (await site.worker({}, { profiles })).start();
    return app;
  }
  const get = (app: App, path: string) => app.request(path, { headers: headers() });
  async function octets(app: App, path: string) {
    const answer = await get(app, path);
    expect(answer.status, path).toBe(200);
    return { headers: answer.headers, bytes: new Uint8Array(await answer.arrayBuffer()) };
  }
  async function proven(app: App, body: Uint8Array, profile: string): Promise<DocumentView> {
    const query = `profile=${profile}&className=${encodeURIComponent(site.sample.className)}`;
    const answer = await app.request(`/v1/documents?${query}`, {
      method: "POST",
      body: body as Uint8Array<ArrayBuffer>,
      headers: headers(),
    });
    const { id } = (await answer.json()) as DocumentView;
    return vi.waitFor(
      async () => {
        const view = (await (await get(app, `/v1/documents/${id}`)).json()) as DocumentView;
        expect(`${view.state} ${JSON.stringify(view.problem)}`).toBe("signed null");
        expect(view.evidenceRecord?.state).toBe("proven");
        return view;
      },
      { timeout: 20_000, interval: 50 },
    );
  }
  async function judged(bytes: Uint8Array, records: Uint8Array[], content?: Uint8Array): Promise<VerificationReport> {
    return verifyDocument(bytes, {
      crypto: nodeCrypto,
      policy: "etsi-baseline",
      time: new Date(),
      anchors: [trustAnchor(parseCertificate(site.pki.root.certificate))],
      certificates: [site.pki.issuing.certificate],
      crls: [await site.pki.crl("root"), await site.pki.crl("issuing")],
      ocspResponses: [],
      evidenceRecords: records,
      fileName: "",
      ...(content ? { detachedContent: content } : {}),
    }).report;
  }

  it("come with the receipt and by themselves, over the file as it was issued", async () => {
    const app = await start();
    const { id, currentSha256, evidenceRecord } = await proven(app, pdf, "hocba-pdf");
    expect(evidenceRecord).toMatchObject({ sha256: currentSha256, state: "proven" });
    const { bytes: record, headers: told } = await octets(app, `/v1/documents/${id}/evidence-record`);
    expect(told.get("x-evidence-sha256")).toBe(currentSha256);
    expect(told.get("content-disposition")).toContain(`${id}.pdf.ers`);
    const { bytes: content } = await octets(app, `/v1/documents/${id}/content`);
    const { verdict } = verifyEvidenceRecord(parseEvidenceRecord(record), [fileObject(nodeCrypto, content)], {
      crypto: nodeCrypto,
    });
    expect(verdict).toBe("intact");
    const { bytes: receipt } = await octets(app, `/v1/documents/${id}/receipt`);
    const payload = readReceipt(new TextDecoder().decode(receipt), openReceiptIssuer(site.root).key);
    expect(payload).toMatchObject({
      sub: id,
      signed: { sha256: currentSha256 },
      evidenceRecord: {
        sha256: currentSha256,
        provenAt: evidenceRecord!.provenAt,
        der: Buffer.from(record).toString("base64"),
      },
    });
  }, 60_000);

  it("are not to be had before their time, nor by another school", async () => {
    const { app } = await site.gateway({ evidenceRecords: { profiles: [] } }, { profiles });
    const { app: later } = await site.gateway(
      { evidenceRecords: { profiles: "all", window: { documents: 1000, seconds: 3600 }, everyMs: 50 } },
      { profiles },
    );
    await (await site.worker({}, { profiles })).start();
    const answer = await later.request("/v1/documents?profile=detached", {
      method: "POST",
      body: "x",
      headers: headers(),
    });
    const { id } = (await answer.json()) as DocumentView;
    await vi.waitFor(
      async () => {
        const view = (await (await get(later, `/v1/documents/${id}`)).json()) as DocumentView;
        expect(view.evidenceRecord).toMatchObject({ state: "waiting", provenAt: null });
      },
      { timeout: 10_000 },
    );
    const early = await get(later, `/v1/documents/${id}/evidence-record`);
    expect(early.status).toBe(409);
    expect(await early.json()).toMatchObject({ code: "CONTENT_NOT_READY" });
    expect((await get(app, "/v1/documents/doc_none/evidence-record")).status).toBe(404);
    expect((await later.request(`/v1/documents/${id}/evidence-record`)).status).toBe(401);
  }, 60_000);

  it("are had by a package issued before its late time stamp, and by the one raised afterwards", async () => {
    const timestamps = {
      endpoints: [{ name: "dev", url: site.pki.tsa.url, timeoutMs: 2000 }],
      patienceMs: 200,
      breakerRestMs: 200,
    };
    site.pki.faults.tsa = { refuse: true };
    const late = { ...evidence, evidenceRecords: { ...evidence.evidenceRecords, retryMs: 200 }, timestamps };
    const { app } = await site.gateway(late, { profiles });
    await (await site.worker({ timestamps }, { profiles })).start();
    const content = new TextEncoder().encode("gói tin, dấu thời gian đến sau");
    const answer = await app.request("/v1/documents?profile=detached", {
      method: "POST",
      body: content,
      headers: headers(),
    });
    const { id } = (await answer.json()) as DocumentView;
    const until = (seen: (view: DocumentView & { level?: string | null }) => void) =>
      vi.waitFor(
        async () => {
          const view = (await (await get(app, `/v1/documents/${id}`)).json()) as DocumentView;
          seen(view);
          return view;
        },
        { timeout: 30_000, interval: 100 },
      );
    const issued = await until((view) => expect(view).toMatchObject({ state: "signed", level: "B" }));
    const { bytes: early } = await octets(app, `/v1/documents/${id}/content`);
    site.pki.faults.tsa = {};
    const raised = await until((view) => {
      expect(view).toMatchObject({ state: "signed", level: "T" });
      expect(view.evidenceRecord).toMatchObject({ state: "proven", sha256: view.currentSha256 });
    });
    expect(raised.currentSha256).not.toBe(issued.currentSha256);
    const { bytes: now } = await octets(app, `/v1/documents/${id}/content`);
    for (const cms of [early, now]) {
      const form = new FormData();
      form.append("file", new Blob([cms as Uint8Array<ArrayBuffer>]), "a.p7s");
      form.append("content", new Blob([content]), "a");
      // The window of the one may come after that of the other.
      await vi.waitFor(
        async () => {
          const verdict = await (await app.request("/v1/verifications", { method: "POST", body: form })).json();
          expect(verdict).toMatchObject({
            indication: "TOTAL-PASSED",
            registry: { status: "current" },
            signatures: [
              { timestamps: expect.arrayContaining([expect.objectContaining({ type: "evidence-record" })]) },
            ],
          });
        },
        { timeout: 10_000, interval: 200 },
      );
    }
  }, 60_000);

  it("keep a signature of level B valid when its certificate is revoked later, and nothing else does", async () => {
    const app = await start();
    const { id } = await proven(app, pdf, "hocba-pdf-b");
    const { bytes: content } = await octets(app, `/v1/documents/${id}/content`);
    const { bytes: record } = await octets(app, `/v1/documents/${id}/evidence-record`);
    expect((await judged(content, [])).signatures.map((s) => s.bestSignatureTime)).toEqual([null, null, null]);
    // Detached, made in the same run: the record of a file that was signed before the revocation and stamped in the same window.
    const package_ = new TextEncoder().encode("gói tin");
    const detached = await proven(app, package_, "detached-b");
    const { bytes: cms } = await octets(app, `/v1/documents/${detached.id}/content`);
    const { bytes: embedded } = await octets(app, `/v1/documents/${detached.id}/content?revision=preserved`);
    const { bytes: beside } = await octets(app, `/v1/documents/${detached.id}/evidence-record`);

    await new Promise((resolve) => setTimeout(resolve, 1100));
    const bindings = await site.ledger.registry.bindings(site.sample.school.code);
    const serials = new Set(bindings.map((binding) => parseCertificate(binding.certificate).serial));
    for (const serial of serials) site.pki.revoke(serial, "keyCompromise");

    const without = await judged(content, []);
    expect(without.indication).toBe("INDETERMINATE");
    expect(without.signatures.map((s) => s.subIndication)).toEqual(Array(3).fill("REVOKED_NO_POE"));
    const report = await judged(content, [record]);
    expect(report.indication).toBe("TOTAL-PASSED");
    for (const signature of report.signatures) {
      expect(signature).toMatchObject({
        indication: "TOTAL-PASSED",
        timestamps: [{ type: "evidence-record", integrity: "intact", imprintMatches: true }],
      });
      expect(signature.bestSignatureTime).not.toBeNull();
    }
    expect(await judged(content, [beside])).toMatchObject({ indication: "INDETERMINATE" });

    expect(await judged(cms, [], package_)).toMatchObject({ subIndication: "REVOKED_NO_POE" });
    expect(await judged(cms, [beside], package_)).toMatchObject({ indication: "TOTAL-PASSED" });
    expect(await judged(embedded, [], package_)).toMatchObject({ indication: "TOTAL-PASSED" });
    // What was not stamped before the revocation gains nothing from what was.
    const other = new TextEncoder().encode("gói tin khác");
    expect(await judged(embedded, [], other)).toMatchObject({ indication: "TOTAL-FAILED" });

    // The file with its record in it is known to the registry as the one it was made of.
    const form = new FormData();
    form.append("file", new Blob([embedded as Uint8Array<ArrayBuffer>]), "a.p7s");
    form.append("content", new Blob([package_]), "a");
    const public_ = await (await app.request("/v1/verifications", { method: "POST", body: form })).json();
    expect(public_).toMatchObject({ indication: "TOTAL-PASSED", registry: { status: "current" } });
    // And of the file as it was issued the gateway has the record itself.
    const plain = await app.request("/v1/verifications", { method: "POST", body: content as Uint8Array<ArrayBuffer> });
    expect(await plain.json()).toMatchObject({ indication: "TOTAL-PASSED", registry: { status: "current" } });
  }, 60_000);

  it("stand in a detached signature as an unsigned attribute: what was signed stays as it was", async () => {
    // Certificates were revoked above; the seal's signature before that is what counts here.
    const list = await site.ledger.documents.list({ limit: 10 });
    const { id, currentSha256 } = list.find(({ profile }) => profile === "detached-b")!;
    const { app } = await site.gateway(evidence, { profiles });
    const [{ bytes: cms }, first, second] = await Promise.all([
      octets(app, `/v1/documents/${id}/content`),
      octets(app, `/v1/documents/${id}/content?revision=preserved`),
      octets(app, `/v1/documents/${id}/content?revision=preserved`),
    ]);
    expect(createHash("sha256").update(cms).digest("hex")).toBe(currentSha256);
    expect(Buffer.from(first.bytes).equals(second.bytes), "the same each time").toBe(true);
    const [before, after] = [cms, first.bytes].map((bytes) => parseSignedData(bytes).signerInfos[0]!);
    expect(after!.signature).toEqual(before!.signature);
    expect(after!.signedAttributes!.element.raw).toEqual(before!.signedAttributes!.element.raw);
    expect(before!.unsignedAttributes).toBeNull();
    expect(after!.unsignedAttributes!.list.map(({ type }) => type)).toEqual(["1.2.840.113549.1.9.16.2.50"]);
    expect((await get(app, "/metrics")).status).toBe(200);
    const metrics = await (await get(app, "/metrics")).text();
    expect(metrics).toMatch(/hocba_kept\{kind="evidence-window",state="kept"\} [1-9]/);
    expect(metrics).toMatch(/hocba_evidence_waiting_documents \d/);
  }, 60_000);
});
