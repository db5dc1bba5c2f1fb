import { execFileSync } from "node:child_process";
import { sign } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { certificatePem } from "@hocba/certs/x509";
import { SignerError } from "@hocba/hsm-adapters";
import { unzipSync, zipSync } from "fflate";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { mintApiKey } from "./access/index.ts";
import { lookupCode } from "./appearance/index.ts";
import { transcriptPdf, transcriptXml } from "./demo/sample-class/index.ts";
import { examine } from "./doctor/index.ts";
import { type ReceiptKey, readReceipt } from "./receipts/index.ts";
import type { DocumentView } from "./routes/document-view.ts";
import { type SigningSite, startSigningSite } from "./testing/index.ts";

describe("the main job, over HTTP, with a real token, Redis and time stamps", () => {
  let site: SigningSite;
  let pdf: Uint8Array;
  let xml: Uint8Array;
  beforeAll(async () => {
    site = await startSigningSite();
    const [transcript] = site.sample.pupils;
    pdf = await transcriptPdf(transcript!);
    xml = transcriptXml(transcript!);
  }, 120_000);
  afterAll(() => site?.close());
  afterEach(async () => {
    site.pki.faults.tsa = {};
    site.pki.faults.crl = {};
    site.pki.faults.ocsp = {};
    await site.stopParts();
  });

  const authorization = () => ({ authorization: `Bearer ${site.apiKey}` });
  type App = Awaited<ReturnType<SigningSite["gateway"]>>["app"];
  async function submit(app: App, body: Uint8Array, profile: string, className = site.sample.className) {
    const answer = await app.request(`/v1/documents?profile=${profile}&className=${encodeURIComponent(className)}`, {
      method: "POST",
      body: body as Uint8Array<ArrayBuffer>,
      headers: authorization(),
    });
    expect(answer.status, await answer.clone().text()).toBe(202);
    return ((await answer.json()) as DocumentView).id;
  }
  async function view(app: App, id: string): Promise<DocumentView> {
    const answer = await app.request(`/v1/documents/${id}`, { headers: authorization() });
    return (await answer.json()) as DocumentView;
  }
  async function reaches(app: App, id: string, state: string, timeout = 20_000): Promise<DocumentView> {
    return vi.waitFor(
      async () => {
        const found = await view(app, id);
        expect(`${found.state} ${JSON.stringify(found.problem)}`).toBe(`${state} null`);
        return found;
      },
      { timeout, interval: 50 },
    );
  }

  it("signs a PDF by homeroom teacher, principal and seal", async () => {
    const { app } = await site.gateway();
    await (await site.worker()).start();
    const id = await submit(app, pdf, "hocba-pdf");
    const signed = await reaches(app, id, "signed");
    expect(signed.steps.map(({ role, level, state }) => ({ role, level, state }))).toEqual([
      { role: "homeroom-teacher", level: "T", state: "complete" },
      { role: "principal", level: "T", state: "complete" },
      { role: "seal", level: "T", state: "complete" },
    ]);
  }, 40_000);

  it("signs an XML transcript by every subject teacher, homeroom teacher, principal and seal", async () => {
    const { app } = await site.gateway();
    await (await site.worker()).start();
    const id = await submit(app, xml, "hocba-xml");
    const signed = await reaches(app, id, "signed");
    expect(signed.steps.length).toBeGreaterThan(10);
    expect(signed.steps.every(({ level, state }) => level === "T" && state === "complete")).toBe(true);
  }, 40_000);

  it("makes what foreign verifiers accept, to the octet", async () => {
    const { app } = await site.gateway();
    await (await site.worker()).start();
    const folder = mkdtempSync(join(site.root, "referees-"));
    const run = (command: string, ...args: string[]) =>
      execFileSync(command, args, { cwd: folder, encoding: "utf8", stdio: "pipe" });
    const save = async (id: string, name: string) => {
      await reaches(app, id, "signed");
      const answer = await app.request(`/v1/documents/${id}/content`, { headers: authorization() });
      writeFileSync(join(folder, name), new Uint8Array(await answer.arrayBuffer()));
    };
    await save(await submit(app, pdf, "hocba-pdf"), "a.pdf");
    await save(await submit(app, xml, "hocba-xml"), "a.xml");
    writeFileSync(join(folder, "ca.pem"), certificatePem(site.pki.root.certificate, site.pki.issuing.certificate));

    expect(run("qpdf", "--check", "a.pdf")).toMatch(/No syntax or stream encoding errors/);
    const seen = run("pdfsig", "-nocert", "a.pdf");
    expect(seen.match(/Signature Validation: Signature is Valid/g)).toHaveLength(3);
    expect(seen).toMatch(/Total document signed/);

    const text = readFileSync(join(folder, "a.xml"), "utf8");
    const signatureIds = [...text.matchAll(/<(?:\w+:)?Signature\b[^>]* Id="([^"]+)"/g)].map((match) => match[1]!);
    expect(signatureIds.length).toBe(site.sample.staff.teachers.size + 3);
    const ids = ["DU_LIEU_HOC_BA", "THONG_TIN_HOC_BA", "DIEM_TONG_KET", "GVBM"].flatMap((name) => [
      "--id-attr:Id",
      name,
    ]);
    const verify = (file: string, id: string) =>
      run(
        "xmlsec1",
        "--verify",
        ...ids,
        "--id-attr:Id",
        "http://uri.etsi.org/01903/v1.3.2#:SignedProperties",
        "--id-attr:Id",
        "http://www.w3.org/2000/09/xmldsig#:Signature",
        "--trusted-pem",
        "ca.pem",
        "--enabled-key-data",
        "x509",
        "--node-id",
        id,
        file,
      );
    for (const id of signatureIds) expect(() => verify("a.xml", id), id).not.toThrow();

    writeFileSync(
      join(folder, "b.xml"),
      text.replace(/<CA_NAM>([0-9])/, (_, digit: string) => `<CA_NAM>${(Number(digit) + 1) % 10}`),
    );
    expect(() => verify("b.xml", signatureIds.at(-1)!)).toThrow();
    const changed = readFileSync(join(folder, "a.pdf"));
    changed[200] = changed[200]! ^ 1;
    writeFileSync(join(folder, "b.pdf"), changed);
    expect(run("pdfsig", "-nocert", "b.pdf")).not.toMatch(/Signature Validation: Signature is Valid/);
    const verdict = await app.request("/v1/verifications", { method: "POST", body: changed });
    expect(((await verdict.json()) as { indication: string }).indication).toBe("TOTAL-FAILED");
  }, 60_000);

  it("says of a withdrawn or corrected document that it is not current, though its signatures hold", async () => {
    const { app } = await site.gateway();
    await (await site.worker()).start();
    const first = await submit(app, xml, "hocba-xml");
    await reaches(app, first, "signed");
    const content = async (id: string) =>
      new Uint8Array(
        await (await app.request(`/v1/documents/${id}/content`, { headers: authorization() })).arrayBuffer(),
      );
    const judged = async (file: Uint8Array) =>
      (await (
        await app.request("/v1/verifications", { method: "POST", body: file as Uint8Array<ArrayBuffer> })
      ).json()) as {
        indication: string;
        sha256: string;
        sentence: { vi: string };
        registry: { status: string; reason: string | null; replacedBySha256: string | null };
      };
    const old = await content(first);
    expect(await judged(old)).toMatchObject({ indication: "TOTAL-PASSED", registry: { status: "current" } });
    const issuedAt = new Date().toISOString();

    const corrected = new TextEncoder().encode(new TextDecoder().decode(xml).replace("<CA_NAM>", "<CA_NAM> "));
    const answer = await app.request(`/v1/documents?profile=hocba-xml&replaces=${first}`, {
      method: "POST",
      body: corrected,
      headers: authorization(),
    });
    const second = ((await answer.json()) as DocumentView).id;
    await reaches(app, second, "signed");
    const now = await judged(await content(second));
    expect(now.registry.status).toBe("current");
    const before = await judged(old);
    expect(before).toMatchObject({
      indication: "TOTAL-PASSED",
      registry: { status: "superseded", replacedBySha256: now.sha256 },
    });
    expect(before.sentence.vi).toMatch(/^KHÔNG DÙNG/);

    const withdraw = (id: string, reason: string) =>
      app.request(`/v1/documents/${id}/withdrawal`, {
        method: "POST",
        body: JSON.stringify({ reason }),
        headers: { ...authorization(), "content-type": "application/json" },
      });
    expect((await withdraw(second, "")).status).toBe(400);
    expect((await withdraw(second, "nhập sai điểm Toán")).status).toBe(200);
    expect((await withdraw(second, "lần nữa")).status).toBe(409);
    expect((await judged(await content(second))).registry).toMatchObject({
      status: "withdrawn",
      reason: "nhập sai điểm Toán",
    });

    const status = async (query = "") =>
      (await (await app.request(`/v1/status/${before.sha256}${query}`)).json()) as {
        status: string;
        statement: string;
      };
    expect((await status()).status).toBe("superseded");
    const then = await status(`?at=${issuedAt}`);
    expect(then.status).toBe("current");
    const { keys } = (await (await app.request("/.well-known/jwks.json")).json()) as { keys: [ReceiptKey] };
    expect(readReceipt(then.statement, keys[0])).toMatchObject({ sha256: before.sha256, status: "current" });
    expect(await (await app.request(`/v1/status/${"0".repeat(64)}`)).json()).toMatchObject({ status: "unknown" });

    const original = (await site.ledger.documents.get(second))!.sha256;
    const byCode = (code: string) => app.request(`/v1/status/code/${code}`);
    expect(await (await byCode(lookupCode(original))).json()).toMatchObject({ status: "withdrawn" });
    expect((await byCode(lookupCode("0".repeat(64)))).status).toBe(404);
    expect((await byCode(lookupCode(original).replace(/.$/, "U"))).status).toBe(400);
  }, 60_000);

  it("waits for persons who sign with tokens of their own, and goes on through a restart", async () => {
    const school = site.sample.school.code;
    const people = new Map<string, Awaited<ReturnType<typeof site.pki.issueLeaf>>>();
    await site.ledger.registry.putSchool({ code: "P1", name: "Trường của người ký sau" }, "test");
    for (const role of ["homeroom-teacher", "principal", "seal"] as const) {
      const [own] = await site.ledger.registry.bindingsFor(school, role, Date.now());
      const leaf = await site.pki.issueLeaf({ subject: { commonName: `Người ${role}` } });
      people.set(role, leaf);
      await site.ledger.registry.putSigner({ id: `p1-${role}`, kind: "person", name: role, school: "P1" }, "test");
      const late = role === "seal" ? {} : { certificate: leaf.certificate, key: null };
      const binding = { ...own!, id: `p1/${role}`, school: "P1", signerId: `p1-${role}`, classes: null };
      await site.ledger.registry.addBinding({ ...binding, ...late }, "test");
    }
    const { secret } = await mintApiKey(site.ledger, {
      school: "P1",
      scopes: ["documents:write", "documents:read"],
      label: "p1",
      actor: "test",
      now: Date.now(),
    });
    const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
    let { app } = await site.gateway();
    await (await site.worker()).start();
    const submitted = await app.request("/v1/documents?profile=hocba-pdf", {
      method: "POST",
      body: pdf as Uint8Array<ArrayBuffer>,
      headers,
    });
    const { id } = (await submitted.json()) as DocumentView;
    const state = async () =>
      ((await (await app.request(`/v1/documents/${id}`, { headers })).json()) as DocumentView).state;
    const awaits = (wanted: string) => vi.waitFor(async () => expect(await state()).toBe(wanted), { timeout: 10_000 });
    const call = (step: string, what: string, body?: object) =>
      app.request(`/v1/documents/${id}/steps/${step}/${what}`, {
        method: "POST",
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    const task = async (step: string) => {
      const answer = await call(step, "preparation");
      expect(answer.status, await answer.clone().text()).toBe(200);
      return Buffer.from(((await answer.json()) as { toBeSigned: string }).toBeSigned, "base64");
    };
    const signed = (role: string, octets: Uint8Array) => ({
      value: sign("sha256", octets, people.get(role)!.privateKey).toString("base64"),
    });

    await awaits("awaiting-signature");
    expect((await call("principal", "preparation")).status, "not the principal's turn").toBe(409);
    expect((await call("homeroom-teacher", "signature", { value: "AAAA" })).status, "nothing was prepared").toBe(409);
    const octets = await task("homeroom-teacher");
    const wrong = await call("homeroom-teacher", "signature", signed("principal", octets));
    expect([wrong.status, ((await wrong.json()) as { code: string }).code]).toEqual([422, "CERTIFICATE_KEY_MISMATCH"]);
    const foreign = await app.request(`/v1/documents/${id}/steps/homeroom-teacher/preparation`, {
      method: "POST",
      headers: authorization(),
    });
    expect(foreign.status).toBe(404);

    await site.stopParts();
    ({ app } = await site.gateway());
    await (await site.worker()).start();
    expect((await call("homeroom-teacher", "signature", signed("homeroom-teacher", octets))).status).toBe(202);
    await vi.waitFor(async () => expect((await call("principal", "preparation")).status).toBe(200), {
      timeout: 10_000,
    });
    expect((await call("principal", "signature", signed("principal", await task("principal")))).status).toBe(202);
    await awaits("signed");
    expect((await call("principal", "refusal", { reason: "đã muộn" })).status).toBe(409);
  }, 60_000);

  it.each([
    ["ecdsa-p256-sha256" as const, "ec-p256" as const],
    ["rsa-pkcs1-sha256" as const, "rsa-3072" as const],
  ])(
    "seals an XML transcript with %s by a key of kind %s outside the token",
    async (algorithm, keyType) => {
      const code = `X-${keyType}`;
      const leaf = await site.pki.issueLeaf({ subject: { commonName: "Con dấu" }, keyType });
      await site.ledger.registry.putSchool({ code, name: "Trường khác" }, "test");
      await site.ledger.registry.putSigner({ id: code, kind: "seal", name: "Con dấu", school: code }, "test");
      for (const own of await site.ledger.registry.bindings(site.sample.school.code)) {
        const seal = own.role === "seal" ? { certificate: leaf.certificate, key: null, algorithm } : {};
        await site.ledger.registry.addBinding(
          { ...own, ...seal, id: `${code}/${own.id}`, school: code, signerId: code },
          "test",
        );
      }
      const { secret } = await mintApiKey(site.ledger, {
        school: code,
        scopes: ["documents:write", "documents:read"],
        label: code,
        actor: "test",
        now: Date.now(),
      });
      const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
      const { app } = await site.gateway();
      await (await site.worker()).start();
      const body = new TextDecoder().decode(xml).replace(/<MA_TRUONG>[^<]*/, `<MA_TRUONG>${code}`);
      const submitted = await app.request("/v1/documents?profile=hocba-xml", { method: "POST", body, headers });
      const { id } = (await submitted.json()) as DocumentView;
      const found = async () => (await (await app.request(`/v1/documents/${id}`, { headers })).json()) as DocumentView;
      await vi.waitFor(async () => expect((await found()).state).toBe("awaiting-signature"), { timeout: 10_000 });
      const step = `/v1/documents/${id}/steps/seal`;
      const prepared = await app.request(`${step}/preparation`, { method: "POST", headers });
      const octets = Buffer.from(((await prepared.json()) as { toBeSigned: string }).toBeSigned, "base64");
      const value = sign("sha256", octets, leaf.privateKey).toString("base64");
      await app.request(`${step}/signature`, { method: "POST", headers, body: JSON.stringify({ value }) });
      await vi.waitFor(
        async () => {
          const { state, problem } = await found();
          expect(`${state} ${JSON.stringify(problem)}`).toBe("signed null");
        },
        { timeout: 10_000 },
      );
    },
    60_000,
  );

  it("measures in the worker what it does with token and time stamps", async () => {
    const { app } = await site.gateway();
    const port = await (await site.worker({ worker: { metrics: { port: 0 } } })).start();
    await reaches(app, await submit(app, pdf, "hocba-pdf"), "signed");
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(text).toMatch(/hocba_token_sign_seconds_count\{outcome="ok"\} 3/);
    expect(text).toMatch(/hocba_tsa_seconds_count\{endpoint="dev",outcome="ok"\} 3/);
    expect(text).toMatch(/hocba_tsa_skew_seconds\{endpoint="dev"\} -?\d/);
    expect(text).toMatch(/hocba_step_seconds_count\{state="verifying",outcome="ok"\} 1/);
  }, 40_000);

  it("loses nothing and signs nothing twice when Redis is killed in the middle and comes back empty", async () => {
    const { app } = await site.gateway({ worker: { reconcileEveryMs: 300, retryInitialMs: 50, retryMaxMs: 200 } });
    await (await site.worker({ worker: { reconcileEveryMs: 300, retryInitialMs: 50, retryMaxMs: 200 } })).start();
    const ids: string[] = [];
    for (let i = 0; i < 6; i++) ids.push(await submit(app, pdf, "hocba-pdf"));
    await site.redis.stop("SIGKILL");
    for (let i = 0; i < 6; i++) ids.push(await submit(app, pdf, "hocba-pdf"));
    site.redis.forget();
    await site.redis.start();
    for (const id of ids) {
      const signed = await reaches(app, id, "signed", 40_000);
      expect(signed.steps.map((step) => step.state)).toEqual(["complete", "complete", "complete"]);
    }
  }, 90_000);

  it("starts without Redis, takes documents, and signs them when Redis comes", async () => {
    await site.redis.stop();
    const quick = { worker: { reconcileEveryMs: 300, retryInitialMs: 50, retryMaxMs: 200 } };
    const { app } = await site.gateway(quick);
    await (await site.worker(quick)).start();
    const id = await submit(app, pdf, "hocba-pdf");
    expect(((await (await app.request("/readyz")).json()) as { checks: object }).checks).toMatchObject({
      redis: { ok: false, code: "QUEUE_UNAVAILABLE" },
      token: { ok: true },
      tsa: { ok: true },
    });
    await site.redis.start();
    await reaches(app, id, "signed", 30_000);
  }, 60_000);

  it("waits for a token that is gone and goes on when it is back", async () => {
    const { app } = await site.gateway();
    let gone = true;
    const signer = {
      keys: () => site.signer.keys(),
      ping: () => site.signer.ping(),
      close: async () => {},
      sign: (...args: Parameters<typeof site.signer.sign>) =>
        gone
          ? Promise.reject(new SignerError("TOKEN_ABSENT", "pulled out", { retryable: true }))
          : site.signer.sign(...args),
    };
    await (await site.worker({}, { signer })).start();
    const id = await submit(app, pdf, "hocba-pdf");
    await vi.waitFor(async () => expect((await view(app, id)).problem?.code).toBe("TOKEN_ABSENT"), 10_000);
    gone = false;
    await reaches(app, id, "signed");
  }, 40_000);

  it("signs a batch sent as a ZIP and gives it back as one", async () => {
    const { app } = await site.gateway();
    await (await site.worker()).start();
    const body = zipSync({ "1.pdf": pdf, "2.xml": xml, "3.pdf": new Uint8Array(5) }) as Uint8Array<ArrayBuffer>;
    const answer = await app.request(`/v1/batches?className=${encodeURIComponent(site.sample.className)}`, {
      method: "POST",
      body,
      headers: { ...authorization(), "content-type": "application/zip" },
    });
    const batch = (await answer.json()) as { id: string };
    const events = await (await app.request(`/v1/batches/${batch.id}/events`, { headers: authorization() })).text();
    expect(events).toMatch(/event: finished\ndata: .*"refused":1,"states":\{"signed":2\}/);
    const download = await app.request(`/v1/batches/${batch.id}/content`, { headers: authorization() });
    const files = unzipSync(new Uint8Array(await download.arrayBuffer()));
    expect(
      Object.keys(files)
        .map((name) => name.slice(-4))
        .sort(),
    ).toEqual([".pdf", ".xml"]);
  }, 40_000);

  it("leaves ledger, documents and audit log in agreement, and the doctor sees when they are not", async () => {
    const complaints = async () => {
      const found = [];
      const parts = { ...site, receiptKey: null, profiles: new Map(), verify: null };
      for await (const complaint of examine(parts)) found.push(complaint);
      return found;
    };
    expect(await complaints()).toEqual([]);
    const { app } = await site.gateway();
    await (await site.worker()).start();
    const id = await submit(app, pdf, "hocba-pdf");
    const { currentSha256 } = await reaches(app, id, "signed");
    const file = join(site.root, "documents", currentSha256.slice(0, 2), currentSha256.slice(2));
    const content = readFileSync(file);
    rmSync(file);
    expect(await complaints()).toMatchObject([{ about: id, problem: "content-missing" }]);
    content[0] = 0;
    writeFileSync(file, content);
    expect(await complaints()).toMatchObject([{ about: id, problem: "content-damaged" }]);
  }, 60_000);
});
