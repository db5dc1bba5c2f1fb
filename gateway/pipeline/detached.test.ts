import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { contextConstructed } from "@hocba/certs/der";
import { certificatePem } from "@hocba/certs/x509";
import { CmsOid, parseSignedData } from "@hocba/signatures/cms";
import { unzipSync, zipSync } from "fflate";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { examine } from "../doctor/index.ts";
import { loadProfiles, readProfile } from "../profiles/index.ts";
import { openReceiptIssuer, readReceipt } from "../receipts/index.ts";
import { type SigningSite, startSigningSite } from "../testing/index.ts";
import { createVerifier, loadTrust } from "../verification/index.ts";

const MAIN = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

describe("a package of any kind, signed from outside", () => {
  let site: SigningSite;
  const text = (line: string) => new TextEncoder().encode(line);
  const content = zipSync({ "a.xml": text("<HOC_BA/>"), "b.xml": text("<HOC_BA/>") });
  beforeAll(async () => {
    site = await startSigningSite({ pupils: 1 });
  }, 120_000);
  afterAll(() => site?.close());
  afterEach(() => site.stopParts());
  const headers = () => ({ authorization: `Bearer ${site.apiKey}` });
  type App = Awaited<ReturnType<SigningSite["gateway"]>>["app"];

  async function submit(app: App, body: Uint8Array, profile: string, key?: string) {
    const answer = await app.request(`/v1/documents?profile=${profile}`, {
      method: "POST",
      body: body as Uint8Array<ArrayBuffer>,
      headers: { ...headers(), ...(key ? { "idempotency-key": key } : {}) },
    });
    return { status: answer.status, body: (await answer.json()) as { id: string; format: string; code?: string } };
  }
  async function signed(app: App, id: string) {
    return vi.waitFor(
      async () => {
        const view = (await (await app.request(`/v1/documents/${id}`, { headers: headers() })).json()) as {
          state: string;
          problem: unknown;
          sha256: string;
          currentSha256: string;
        };
        expect(`${view.state} ${JSON.stringify(view.problem)}`).toBe("signed null");
        return view;
      },
      { timeout: 20_000, interval: 50 },
    );
  }
  async function download(app: App, id: string, query = "") {
    const answer = await app.request(`/v1/documents/${id}/content${query}`, { headers: headers() });
    return { answer, bytes: new Uint8Array(await answer.arrayBuffer()) };
  }
  async function verdict(app: App, file: Uint8Array, beside: Record<string, Uint8Array> = {}) {
    const form = new FormData();
    for (const [field, bytes] of Object.entries({ file, ...beside })) {
      form.append(field, new Blob([bytes as Uint8Array<ArrayBuffer>]), `${field}.bin`);
    }
    const answer = await app.request("/v1/verifications", { method: "POST", body: form });
    return { status: answer.status, body: await answer.json() };
  }

  it("becomes a .p7s that openssl accepts over the content as it was sent, its time stamp as well", async () => {
    const { app } = await site.gateway();
    await (await site.worker()).start();
    const { status, body } = await submit(app, content, "detached");
    expect(status).toBe(202);
    expect(body.format).toBe("cms");
    const view = await signed(app, body.id);
    const { answer, bytes: cms } = await download(app, body.id);
    expect(answer.headers.get("content-type")).toBe("application/pkcs7-signature");
    expect(answer.headers.get("content-disposition")).toContain(`${body.id}.bin.p7s`);
    const original = await download(app, body.id, "?revision=original");
    expect(Buffer.from(original.bytes).equals(content), "the content stays as it came").toBe(true);
    expect(original.answer.headers.get("content-type")).toBe("application/octet-stream");

    const parsed = parseSignedData(cms);
    expect(parsed.content).toBeNull();
    const [signer] = parsed.signerInfos;
    const mime = signer!.signedAttributes!.single(CmsOid.mimeType)!;
    expect(new TextDecoder().decode(mime.content)).toBe("application/zip");

    const folder = mkdtempSync(join(site.root, "referees-"));
    const openssl = (...args: string[]) =>
      execFileSync("openssl", args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    writeFileSync(join(folder, "ca.pem"), certificatePem(site.pki.root.certificate, site.pki.issuing.certificate));
    writeFileSync(join(folder, "a.zip"), content);
    writeFileSync(join(folder, "a.zip.p7s"), cms);
    const common = ["-CAfile", "ca.pem", "-purpose", "any", "-out", "/dev/null"];
    const verify = ["cms", "-verify", "-binary", "-inform", "DER", "-in", "a.zip.p7s", "-content"];
    openssl(...verify, "a.zip", ...common);
    writeFileSync(join(folder, "other.zip"), content.with(40, content[40]! ^ 1));
    expect(() => openssl(...verify, "other.zip", ...common)).toThrow(/verification failure|digest/i);
    const token = signer!.unsignedAttributes!.single(CmsOid.signatureTimestamp)!;
    writeFileSync(join(folder, "token.der"), token.raw);
    writeFileSync(join(folder, "value.bin"), signer!.signature);
    const ts = ["ts", "-verify", "-token_in", "-in", "token.der", "-data", "value.bin", "-CAfile", "ca.pem"];
    expect(openssl(...ts)).toMatch(/Verification: OK/);

    const { receipt } = (await site.ledger.documents.dossier(body.id))!;
    expect(readReceipt(receipt!, openReceiptIssuer(site.root).key)).toMatchObject({
      received: { sha256: view.sha256 },
      signed: { sha256: view.currentSha256, verdict: "TOTAL-PASSED" },
    });
  }, 60_000);

  it("is judged by the public endpoint with its content, and by nothing else", async () => {
    const { app } = await site.gateway();
    await (await site.worker()).start();
    const { body } = await submit(app, content, "detached");
    await signed(app, body.id);
    const { bytes: cms } = await download(app, body.id);
    expect((await verdict(app, cms, { content })).body).toMatchObject({
      indication: "TOTAL-PASSED",
      format: "cms",
      registry: { status: "current" },
      signatures: [{ format: "CAdES", level: "T", integrity: "intact", coverage: "whole-file" }],
    });
    const other = content.with(40, content[40]! ^ 1);
    expect((await verdict(app, cms, { content: other })).body).toMatchObject({
      indication: "TOTAL-FAILED",
      subIndication: "HASH_FAILURE",
    });
    expect((await verdict(app, cms)).body).toMatchObject({
      indication: "INDETERMINATE",
      subIndication: "SIGNED_DATA_NOT_FOUND",
    });
    const junk = (await verdict(app, cms, { content, evidenceRecord: text("0") })).body as {
      indication: string;
      signatures: { findings: { code: string }[] }[];
    };
    expect(junk.indication).toBe("TOTAL-PASSED");
    expect(junk.signatures[0]!.findings.map(({ code }) => code)).toContain("EVIDENCE_RECORD_MALFORMED");
    const twice = new FormData();
    for (const field of ["file", "content", "content"]) twice.append(field, new Blob(["a"]), "a");
    expect((await app.request("/v1/verifications", { method: "POST", body: twice })).status).toBe(400);
  }, 60_000);

  it.skipIf(!existsSync(MAIN))(
    "is judged by hocba verify beside its content, by its name alone",
    async () => {
      const { app } = await site.gateway();
      await (await site.worker()).start();
      const { body } = await submit(app, content, "detached");
      await signed(app, body.id);
      const folder = mkdtempSync(join(site.root, "cli-"));
      writeFileSync(join(folder, "goi.zip.p7s"), (await download(app, body.id)).bytes);
      writeFileSync(join(folder, "root.crt"), site.pki.root.certificate);
      const verify = async () => {
        const args = [MAIN, "verify", "--json", "--trust", "root.crt", "--allow", new URL(site.pki.baseUrl).host];
        const run = promisify(execFile)(process.execPath, [...args, "goi.zip.p7s"], { cwd: folder });
        const { stdout } = await run.catch((error: { stdout: string }) => error);
        return JSON.parse(stdout) as object;
      };
      expect(await verify()).toMatchObject({ indication: "INDETERMINATE", subIndication: "SIGNED_DATA_NOT_FOUND" });
      writeFileSync(join(folder, "goi.zip"), content);
      expect(await verify()).toMatchObject({ indication: "TOTAL-PASSED", signatures: [{ level: "T" }] });
      writeFileSync(join(folder, "goi.zip"), "another");
      expect(await verify()).toMatchObject({ indication: "TOTAL-FAILED", subIndication: "HASH_FAILURE" });
    },
    60_000,
  );

  it("may be anything but empty, and is bound to its idempotency key as any document", async () => {
    const { app } = await site.gateway();
    await (await site.worker()).start();
    const ids: string[] = [];
    // A signature may be signed as well, and what looks like half a PDF.
    for (const [i, body] of [text("x"), text("%PDF-1.7 half"), Uint8Array.of(contextConstructed(0), 0)].entries()) {
      const { status, body: taken } = await submit(app, body, "detached", `key-${i}`);
      expect(status).toBe(202);
      ids.push(taken.id);
    }
    expect((await submit(app, text("x"), "detached", "key-0")).body.id).toBe(ids[0]);
    expect((await submit(app, text("y"), "detached", "key-0")).status).toBe(409);
    expect((await submit(app, new Uint8Array(0), "detached")).status).toBe(400);
    for (const id of ids) await signed(app, id);
  }, 60_000);

  it("comes in batches of files of any kind, by the profile named for all of them", async () => {
    const { app } = await site.gateway({ webhooks: { pollMs: 100 } });
    await (await site.worker()).start();
    const files = zipSync({ "a.xml": text("<a/>"), "b.docx": text("PK"), "c.bin": text("c") });
    const answer = await app.request("/v1/batches?profile=detached", {
      method: "POST",
      body: files as Uint8Array<ArrayBuffer>,
      headers: { ...headers(), "content-type": "application/zip" },
    });
    expect(answer.status).toBe(202);
    const { id, refused } = (await answer.json()) as { id: string; refused: number };
    expect(refused).toBe(0);
    await vi.waitFor(
      async () => {
        const entries = await site.ledger.audit.entries({ after: 0, limit: 1000, batchId: id });
        expect(entries.at(-1)).toMatchObject({
          action: "batch.finished",
          details: { items: 3, refused: 0, states: { signed: 3 } },
        });
      },
      { timeout: 20_000, interval: 100 },
    );
    const zip = await app.request(`/v1/batches/${id}/content`, { headers: headers() });
    const signatures = Object.entries(unzipSync(new Uint8Array(await zip.arrayBuffer())));
    expect(signatures).toHaveLength(3);
    for (const [name, cms] of signatures) {
      expect(name).toMatch(/^doc_\w+\.bin\.p7s$/);
      expect(parseSignedData(cms).signerInfos).toHaveLength(1);
    }
    const unnamed = await app.request("/v1/batches", {
      method: "POST",
      body: files as Uint8Array<ArrayBuffer>,
      headers: { ...headers(), "content-type": "application/zip" },
    });
    expect(await unnamed.json(), "nobody guesses that a file is to be signed from outside").toMatchObject({
      refused: 3,
    });
  }, 60_000);

  it("reaches LTA where its profile says so, and the doctor finds nothing amiss", async () => {
    const lasting = { ...loadProfiles(null).get("detached")!, name: "detached-lta", level: "LTA" as const };
    const profiles = new Map([...loadProfiles(null), [lasting.name, lasting] as const]);
    const { app } = await site.gateway({}, { profiles });
    await (await site.worker({}, { profiles })).start();
    const { body } = await submit(app, content, "detached-lta");
    await signed(app, body.id);
    const { bytes: cms } = await download(app, body.id);
    expect((await verdict(app, cms, { content })).body).toMatchObject({
      indication: "TOTAL-PASSED",
      signatures: [{ level: "LTA" }],
    });
    const config = site.config();
    const trust = loadTrust(config.trust);
    const { verify } = createVerifier(config.verification, {
      trust,
      allowedHosts: config.trust.allowedHosts,
      clock: Date.now,
    });
    const found = [];
    for await (const complaint of examine({
      ledger: site.ledger,
      store: site.store,
      receiptKey: openReceiptIssuer(site.root).key,
      profiles,
      verify,
    })) {
      found.push(complaint);
    }
    expect(found).toEqual([]);
  }, 60_000);
});

describe("a profile for detached signatures", () => {
  const with_ = (changes: object) => JSON.stringify({ ...loadProfiles(null).get("detached"), ...changes });
  const [step] = loadProfiles(null).get("detached")!.steps;

  it("names one step, and no place in the file", () => {
    expect(() => readProfile(with_({ steps: [step, { ...step, id: "second" }] }), "p.json")).toThrow(/one signer/);
    expect(() => readProfile(with_({ pdf: {} }), "p.json")).toThrow(/from outside/);
    expect(() => readProfile(with_({ steps: [{ ...step, pdf: { fieldName: "A", reason: "b" } }] }), "p.json")).toThrow(
      /no place in the file/,
    );
    expect(readProfile(with_({ name: "goi-tin" }), "p.json").format).toBe("cms");
  });
});
