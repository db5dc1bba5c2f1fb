import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { openPdf, signatureFields } from "@hocba/signatures/pdf";
import { type Profile, shippedProfiles } from "@hocba/signatures/profiles";
import { findXmlSignatures, parseXml, readXadesProperties, readXmlSignature } from "@hocba/signatures/xml";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { ConfigInput } from "../config/index.ts";
import { transcriptPdf, transcriptXml } from "../demo/sample-class/index.ts";
import { examine } from "../doctor/index.ts";
import { signaturesIn } from "../doctor/signatures-in.ts";
import { newId } from "../new-id.ts";
import type { SharedDeps } from "../open-parts.ts";
import { openReceiptIssuer, readReceipt } from "../receipts/index.ts";
import { statusOf } from "../status/index.ts";
import { type SigningSite, startSigningSite } from "../testing/index.ts";
import { createVerifier, loadTrust } from "../verification/index.ts";

type Format = "pdf" | "xml" | "cms";

describe("documents whose time stamp is late", () => {
  let site: SigningSite;
  let originals: Record<Format, Uint8Array>;
  let used = 0;
  beforeAll(async () => {
    site = await startSigningSite({ pupils: 1 });
    const [pupil] = site.sample.pupils;
    originals = {
      pdf: await transcriptPdf(pupil!),
      xml: transcriptXml(pupil!),
      cms: new TextEncoder().encode("Gói tin"),
    };
  }, 120_000);
  afterAll(() => site?.close());
  afterEach(async () => {
    site.pki.faults.tsa = {};
    await site.stopParts();
  });

  const profileOf = { pdf: "hocba-pdf", xml: "hocba-xml", cms: "detached" } as const;
  const withProfiles = (changes: Partial<Profile>) =>
    new Map([...shippedProfiles].map(([name, profile]) => [name, { ...profile, ...changes }]));
  const quick = (): Partial<ConfigInput> => ({
    timestamps: {
      endpoints: [{ name: "dev", url: site.pki.tsa.url, concurrency: 8, timeoutMs: 2000 }],
      patienceMs: 1500,
      breakerFailures: 2,
      breakerRestMs: 50,
      raising: { retryInitialMs: 1, retryMaxMs: 2 },
    },
  });
  const counting = () => ({
    ...site.signer,
    close: () => site.signer.close(),
    sign: (...args: Parameters<typeof site.signer.sign>) => {
      used++;
      return site.signer.sign(...args);
    },
  });
  const worker = (deps: SharedDeps = {}) => site.worker(quick(), { signer: counting() as never, ...deps });
  async function accept(format: Format): Promise<string> {
    const bytes = originals[format];
    const { document } = await site.ledger.documents.accept({
      id: newId("doc", Date.now()),
      sha256: await site.store.put(bytes),
      size: bytes.length,
      format,
      profile: profileOf[format],
      school: site.sample.school.code,
      externalId: null,
      idempotencyKey: null,
      className: site.sample.className,
      batchId: null,
      actor: "test",
    });
    return document.id;
  }
  const dossier = async (id: string) => (await site.ledger.documents.dossier(id))!;
  const content = async (id: string) => site.store.get((await dossier(id)).document.currentSha256);
  const audited = async (id: string, action: string) =>
    (await site.ledger.audit.entries({ after: 0, limit: 10_000, documentId: id })).filter((e) => e.action === action);
  async function verdict(id: string) {
    const config = site.config();
    const { allowedHosts } = config.trust;
    const { verify } = createVerifier(config.verification, {
      trust: loadTrust(config.trust),
      allowedHosts,
      clock: Date.now,
    });
    const { document } = await dossier(id);
    const detached = document.format === "cms" ? originals.cms : undefined;
    return verify(await content(id), `x.${document.format}`, shippedProfiles.get(document.profile), { detached });
  }
  /** Signed while no time stamp was to be had. */
  async function issuedBare(format: Format, deps: SharedDeps = {}): Promise<string> {
    if (Object.keys(site.pki.faults.tsa).length === 0) site.pki.faults.tsa = { refuse: true };
    const id = await accept(format);
    expect(await (await worker(deps)).pipeline.advance(id)).toEqual({ kind: "done" });
    return id;
  }
  async function raised(id: string, deps: SharedDeps = {}): Promise<void> {
    const { raiser } = await worker(deps);
    for (let turn = 0; turn < 100 && (await dossier(id)).document.waitingFor !== null; turn++) {
      await delay(Math.min(20, await raiser.turn()));
    }
    expect((await dossier(id)).document.waitingFor).toBeNull();
  }
  async function complaints(): Promise<unknown[]> {
    const config = site.config();
    const { allowedHosts } = config.trust;
    const { verify } = createVerifier(config.verification, {
      trust: loadTrust(config.trust),
      allowedHosts,
      clock: Date.now,
    });
    const found = [];
    const receiptKey = openReceiptIssuer(site.root).key;
    const { ledger, store } = site;
    for await (const each of examine({ ledger, store, receiptKey, profiles: shippedProfiles, verify }))
      found.push(each);
    return found;
  }
  const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  const receiptOf = async (id: string) => readReceipt((await dossier(id)).receipt!, openReceiptIssuer(site.root).key)!;

  it.each(["pdf", "xml", "cms"] as const)(
    "are issued at level B, say so, and are raised when it comes: the same signatures, the file of before still current (%s)",
    async (format) => {
      used = 0;
      const id = await issuedBare(format);
      const before = await dossier(id);
      const bare = await content(id);
      expect(before.document).toMatchObject({ state: "signed", level: "B", waitingFor: "T", error: null });
      expect(before.signatures.map(({ level, stampedAt }) => [level, stampedAt])).toEqual(
        before.steps.map(() => ["B", null]),
      );
      expect((await receiptOf(id)).signed).toMatchObject({ sha256: sha256(bare), level: "B", waitingFor: "T" });
      expect((await verdict(id)).signatures.map(({ level }) => level)).toEqual(before.steps.map(() => "B"));
      expect(await complaints()).toEqual([]);

      const { raiser } = await worker();
      for (let turn = 0; turn < 3; turn++) await raiser.turn();
      expect(await dossier(id), "nothing happens while no stamp is to be had").toEqual(before);

      site.pki.faults.tsa = {};
      await raised(id);
      const after = await dossier(id);
      const whole = await content(id);
      expect(after.document).toMatchObject({ state: "signed", level: "T", waitingFor: null });
      expect(used, "keys used, once for each step").toBe(before.steps.length);
      expect(signaturesIn(whole, format)).toEqual(signaturesIn(bare, format));
      expect(after.signatures.map(({ value }) => value)).toEqual(before.signatures.map(({ value }) => value));
      expect((await receiptOf(id)).signed).toMatchObject({ sha256: sha256(whole), level: "T", waitingFor: null });
      for (const bytes of [bare, whole]) {
        expect(await statusOf(site.ledger, sha256(bytes), Date.now() + 1000)).toMatchObject({ status: "current" });
      }
      expect(await audited(id, "document.raised")).toHaveLength(1);
      expect(await audited(id, "document.signed")).toHaveLength(1);

      const report = await verdict(id);
      expect(report.indication).toBe("TOTAL-PASSED");
      const proven = report.signatures.filter((s) => s.level === "T" && s.bestSignatureTime !== null);
      const stamped = after.signatures.filter((signature) => signature.level === "T");
      expect(stamped.map(({ stampedAt }) => typeof stampedAt)).toEqual(stamped.map(() => "number"));
      if (format === "pdf") {
        expect(Buffer.from(whole.subarray(0, bare.length)).equals(Buffer.from(bare)), "an appended revision").toBe(
          true,
        );
        expect(signatureFields(openPdf(whole)).map((field) => field.subFilter)).toEqual([
          ...before.steps.map(() => "ETSI.CAdES.detached"),
          "ETSI.RFC3161",
        ]);
        expect(stamped).toHaveLength(3);
      } else if (format === "xml") {
        // A stamp in a teacher's signature would break the principal's, which covers it.
        expect(stamped.map(({ stepId }) => stepId).sort()).toEqual(["principal", "seal"]);
      } else expect(stamped).toHaveLength(1);
      expect(proven.filter((each) => each.format !== "DocTimeStamp").length).toBe(stamped.length);
      expect(await complaints()).toEqual([]);
      await (await worker()).raiser.turn();
      expect(await dossier(id), "nothing is raised twice").toEqual(after);
    },
    60_000,
  );

  it.each([
    ["answers after 131 s", { latencyMs: 131_000 }],
    ["refuses connections", { refuse: true }],
    ["answers another nonce", { wrongNonce: true }],
    ["stamps something else", { wrongImprint: true }],
    ["is 759 s slow", { clockSkewMs: -759_000 }],
    ["is 22,846 s fast", { clockSkewMs: 22_846_000 }],
    ["is cut off", { truncate: true }],
    ["has spent its quota", { quota: 0 }],
    ["has spent its quota, and rejects by status", { quota: 0, quotaAnswer: "rejection" as const }],
    ["is a stranger of the same name", { wrongCertificate: true }],
  ])(
    "are never called stamped by an authority that %s, at the issue or later",
    async (_, faults) => {
      site.pki.faults.tsa = faults;
      const id = await issuedBare("pdf");
      const { raiser } = await worker();
      if (!("latencyMs" in faults)) for (let turn = 0; turn < 2; turn++) await raiser.turn();
      const { document, signatures } = await dossier(id);
      expect(document).toMatchObject({ state: "signed", level: "B", waitingFor: "T" });
      expect(signatures.filter(({ level, stampedAt }) => level !== "B" || stampedAt !== null)).toEqual([]);
      expect((await verdict(id)).signatures.map(({ level }) => level)).toEqual(["B", "B", "B"]);
      site.pki.faults.tsa = {};
      await raised(id);
      expect((await dossier(id)).document.level).toBe("T");
    },
    60_000,
  );

  it("go out at T when only such stamps are lacking as would break a later signature", async () => {
    const subjects = site.sample.pupils[0]!.results.length;
    site.pki.faults.tsa = { refuse: true };
    let signed = 0;
    const mending = {
      ...counting(),
      async sign(...args: Parameters<typeof site.signer.sign>) {
        // The authority comes back between the homeroom teacher and the principal.
        if (++signed === subjects + 2) {
          site.pki.faults.tsa = {};
          await delay(60);
        }
        return site.signer.sign(...args);
      },
    };
    const id = await accept("xml");
    await (await worker({ signer: mending as never })).pipeline.advance(id);
    const { document, signatures } = await dossier(id);
    expect(document).toMatchObject({ state: "signed", level: "T", waitingFor: null });
    const stamped = signatures.filter((signature) => signature.level === "T").map(({ stepId }) => stepId);
    expect(stamped.sort()).toEqual(["principal", "seal"]);
    expect((await verdict(id)).indication).toBe("TOTAL-PASSED");
    expect(await complaints()).toEqual([]);
  }, 60_000);

  it("of a profile that stamps the seal only get one stamp, for the seal", async () => {
    const xml = shippedProfiles.get("hocba-xml")!;
    const steps = xml.steps.map((step) => (step.id === "seal" ? step : { ...step, level: "B" as const }));
    const profiles = new Map([...shippedProfiles, ["hocba-xml", { ...xml, steps }] as const]);
    const id = await issuedBare("xml", { profiles });
    site.pki.faults.tsa = {};
    await raised(id, { profiles });
    const { signatures } = await dossier(id);
    expect(signatures.filter(({ level }) => level === "T").map(({ stepId }) => stepId)).toEqual(["seal"]);
    const parsed = parseXml(await content(id));
    const stamps = findXmlSignatures(parsed).map(
      (e) => readXadesProperties(readXmlSignature(parsed, e, { crypto: nodeCrypto }))!.signatureTimestamps.length,
    );
    expect(stamps.reduce((a, b) => a + b)).toBe(1);
  }, 60_000);

  it.each([
    ["pdf", "LT"],
    ["xml", "LTA"],
    ["cms", "LTA"],
  ] as const)(
    "of a profile with a long-term level reach it later (%s, %s)",
    async (format, level) => {
      const profiles = withProfiles({ level });
      const id = await issuedBare(format, { profiles });
      const bare = await content(id);
      expect((await dossier(id)).document).toMatchObject({ state: "signed", level: "B", waitingFor: level });
      site.pki.faults.tsa = {};
      await raised(id, { profiles });
      expect((await dossier(id)).document).toMatchObject({ level, waitingFor: null });
      const { indication, signatures } = await verdict(id);
      expect(indication).toBe("TOTAL-PASSED");
      expect(signatures.filter((s) => s.format !== "DocTimeStamp").at(-1)!.level).toBe(level);
      const whole = await content(id);
      if (format === "pdf") expect(Buffer.from(whole.subarray(0, bare.length)).equals(Buffer.from(bare))).toBe(true);
      expect((await site.ledger.documents.byIssuedHash(sha256(bare)))?.id).toBe(id);
    },
    60_000,
  );

  it("cost no second time stamp while they fail their verification", async () => {
    const id = await issuedBare("pdf");
    site.pki.faults.tsa = {};
    const asked = vi.spyOn(site.pki.faults as { strike(service: string): unknown }, "strike");
    const stamps = () => asked.mock.calls.filter(([service]) => service === "tsa").length;
    const failing = { verify: async () => ({ ...(await verdict(id)), indication: "INDETERMINATE" as const }) };
    const { raiser } = await worker({ verifier: failing as never });
    for (let turn = 0; turn < 5; turn++) {
      await raiser.turn();
      await delay(5);
    }
    expect(stamps()).toBe(1);
    asked.mockRestore();
    expect((await dossier(id)).document).toMatchObject({ level: "B", waitingFor: "T" });
    expect(await site.ledger.documents.waiting()).toMatchObject({ documents: 1, failing: 1 });
    await raised(id);
  }, 60_000);

  it("stay as they are when they were withdrawn meanwhile, even in the last moment", async () => {
    const id = await issuedBare("pdf");
    const { document } = await dossier(id);
    site.pki.faults.tsa = {};
    const { ledger } = site;
    const withdrawing = {
      ...ledger,
      documents: {
        ...ledger.documents,
        async raise(...args: Parameters<typeof ledger.documents.raise>) {
          const status = { kind: "withdrawn" as const, reason: "sai điểm", replacedBy: null };
          await ledger.documents.transition(document, "withdrawn", { actor: "key_1", status });
          return ledger.documents.raise(...args);
        },
      },
    };
    await (await worker({ ledger: withdrawing })).raiser.turn();
    expect((await dossier(id)).document).toMatchObject({
      state: "withdrawn",
      level: "B",
      waitingFor: null,
      currentSha256: document.currentSha256,
    });
    expect(await site.ledger.documents.waiting()).toMatchObject({ documents: 0 });
  }, 60_000);

  it("are raised once when several workers look at the same time", async () => {
    const ids = [await issuedBare("pdf"), await issuedBare("xml"), await issuedBare("pdf")];
    site.pki.faults.tsa = {};
    const raisers = await Promise.all([worker(), worker(), worker()]);
    for (let turn = 0; turn < 20; turn++) await Promise.all(raisers.map(({ raiser }) => raiser.turn()));
    for (const id of ids) {
      expect((await dossier(id)).document).toMatchObject({ level: "T", waitingFor: null });
      expect(await audited(id, "document.raised")).toHaveLength(1);
    }
    expect(await complaints()).toEqual([]);
  }, 60_000);

  it("keep a reason of their own to themselves: the others are raised", async () => {
    // Of two formats: two signatures of one file within one second are the same octets.
    const [broken, fine] = [await issuedBare("xml"), await issuedBare("pdf")];
    site.pki.faults.tsa = {};
    const gone = (await dossier(broken)).document.currentSha256;
    const store = {
      ...site.store,
      put: (bytes: Uint8Array, known?: string) => site.store.put(bytes, known),
      close: () => Promise.resolve(),
      get: (digest: string) => (digest === gone ? site.store.get("0".repeat(64)) : site.store.get(digest)),
    };
    const { raiser } = await worker({ store: store as never });
    for (let turn = 0; turn < 3; turn++) await raiser.turn();
    expect((await dossier(fine)).document.level).toBe("T");
    expect((await dossier(broken)).document).toMatchObject({ level: "B", waitingFor: "T" });
    expect(await site.ledger.documents.waiting()).toMatchObject({ documents: 1, failing: 1 });
    await raised(broken);
  }, 60_000);

  it("that are certified against every change are raised all the same: a document time stamp is none (ISO 32000-2 §12.8.2.2)", async () => {
    const pdf = shippedProfiles.get("hocba-pdf")!;
    const steps = pdf.steps.filter((step) => step.id === "seal").map((step) => ({ ...step, order: 1 }));
    const profile = { ...pdf, steps, pdf: { ...pdf.pdf, docMdp: 1 as const } };
    const profiles = new Map([...shippedProfiles, ["hocba-pdf", profile] as const]);
    const id = await issuedBare("pdf", { profiles });
    site.pki.faults.tsa = {};
    await raised(id, { profiles });
    expect((await dossier(id)).document).toMatchObject({ level: "T", waitingFor: null });
  }, 60_000);
});
