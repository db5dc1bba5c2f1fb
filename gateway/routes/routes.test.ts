import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipSync } from "fflate";
import { PDFDocument } from "pdf-lib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { mintApiKey } from "../access/index.ts";
import { parseConfig } from "../config/index.ts";
import { createGateway, type Gateway } from "../create-gateway.ts";
import { makeClass, transcriptXml } from "../demo/sample-class/index.ts";
import { GatewayError } from "../errors.ts";
import { type Ledger, openSqliteLedger } from "../ledger/index.ts";
import { createLogger } from "../observability/index.ts";
import type { Problem } from "../problems/index.ts";
import type { WorkList } from "../queue/index.ts";
import { type BlobStore, openFileStore } from "../store/index.ts";

describe("the HTTP API", () => {
  const root = mkdtempSync(join(tmpdir(), "hocba-routes-"));
  let ledger: Ledger;
  let store: BlobStore;
  let gateway: Gateway;
  let secret: string;
  let otherSecret: string;
  let readerSecret: string;
  let pdf: Uint8Array;
  let xml: Uint8Array;
  let now = Date.now();
  let fed: string[];
  let redisIsGone = false;
  const sample = makeClass({ pupils: 1 });
  const school = sample.school.code;
  const list: WorkList = {
    add: async (ids) => {
      if (redisIsGone) throw new GatewayError("QUEUE_UNAVAILABLE", "gone", { retryable: true });
      fed.push(...ids);
    },
    promote: async () => {},
    depth: async () => fed.length,
    ping: async () => {
      if (redisIsGone) throw new GatewayError("QUEUE_UNAVAILABLE", "gone", { retryable: true });
    },
    close: async () => {},
  };

  beforeAll(async () => {
    const document = await PDFDocument.create();
    document.addPage();
    pdf = await document.save({ useObjectStreams: false });
    xml = transcriptXml(sample.pupils[0]!);
    ledger = openSqliteLedger({ path: join(root, "ledger.sqlite"), clock: () => now });
    store = await openFileStore(join(root, "documents"));
    await ledger.registry.putSchool({ code: school, name: "Trường thử" }, "test");
    await ledger.registry.putSchool({ code: "S2", name: "Trường khác" }, "test");
    const mint = async (of: string, scopes: ("documents:write" | "documents:read")[]) =>
      (await mintApiKey(ledger, { school: of, scopes, label: "test", actor: "test", now })).secret;
    secret = await mint(school, ["documents:write", "documents:read"]);
    otherSecret = await mint("S2", ["documents:write", "documents:read"]);
    readerSecret = await mint(school, ["documents:read"]);
    gateway = await createGateway(
      parseConfig({ dataDir: root, limits: { documentBytes: 200_000 }, verification: { perMinute: 5, online: false } }),
      { ledger, store, list, signer: null, clock: () => now, log: createLogger({ log: { level: "silent" } }, "test") },
    );
  });
  afterAll(async () => {
    await gateway.stop();
    await store.close();
    await ledger.close();
    rmSync(root, { recursive: true });
  });
  beforeEach(() => {
    fed = [];
    redisIsGone = false;
  });

  const bearer = (key = secret) => ({ authorization: `Bearer ${key}` });
  const post = (
    body: Uint8Array | string | FormData | ReadableStream,
    query = "profile=hocba-pdf",
    headers: Record<string, string> = {},
  ) =>
    gateway.app.request(`/v1/documents?${query}`, {
      method: "POST",
      body: body as never,
      headers: { ...bearer(), ...headers },
      ...(body instanceof ReadableStream ? ({ duplex: "half" } as object) : {}),
    });
  async function problem(answer: Response | Promise<Response>): Promise<Problem> {
    const response = await answer;
    expect(response.headers.get("content-type")).toMatch(/^application\/problem\+json/);
    const body = (await response.json()) as Problem;
    expect(body.status).toBe(response.status);
    expect(body.titles.vi).not.toBe("");
    expect(body.whatToDo.en).not.toBe("");
    return body;
  }
  const documents = async () => (await ledger.documents.list({ limit: 500 })).length;

  describe("submission", () => {
    it("takes a PDF as the body: stored, in the ledger, on the work list", async () => {
      const answer = await post(pdf, "profile=hocba-pdf&externalId=HS-1");
      expect(answer.status).toBe(202);
      const view = (await answer.json()) as { id: string; sha256: string };
      expect(answer.headers.get("location")).toBe(`/v1/documents/${view.id}`);
      expect(view).toMatchObject({ state: "received", externalId: "HS-1", school, format: "pdf" });
      expect(await store.has(view.sha256)).toBe(true);
      await new Promise((resolve) => setImmediate(resolve));
      expect(fed).toEqual([view.id]);
      const entries = await ledger.audit.entries({ after: 0, limit: 10, documentId: view.id });
      expect(entries).toMatchObject([{ action: "document.received", details: { sha256: view.sha256 } }]);
    });

    it("refuses a school beyond its quota with the seconds to wait; what it sent before is known, other schools go on", async () => {
      const small = await createGateway(
        parseConfig({
          dataDir: root,
          limits: { unfinishedPerSchool: (await ledger.documents.unfinishedOf(school)) + 1 },
          verification: { online: false },
        }),
        {
          ledger,
          store,
          list,
          signer: null,
          clock: () => now,
          log: createLogger({ log: { level: "silent" } }, "test"),
        },
      );
      const send = (key: string, secretOf = secret) =>
        small.app.request("/v1/documents?profile=hocba-pdf", {
          method: "POST",
          body: pdf as Uint8Array<ArrayBuffer>,
          headers: { authorization: `Bearer ${secretOf}`, "idempotency-key": key },
        });
      try {
        expect((await send("quota-1")).status).toBe(202);
        const refused = await send("quota-2");
        expect(refused.headers.get("retry-after")).toBe("30");
        expect(await problem(refused)).toMatchObject({ status: 429, code: "AT_CAPACITY" });
        expect((await send("quota-1")).status).toBe(200);
        expect((await send("quota-1", otherSecret)).status).toBe(202);
        const [mine] = await ledger.documents.list({ school, limit: 1 });
        await ledger.documents.transition(mine!, "rejected", { actor: "test", error: { code: "X", details: {} } });
        expect((await send("quota-2")).status).toBe(202);
      } finally {
        await small.stop();
      }
    });

    it("takes a form, and an XML transcript whose class it reads", async () => {
      const form = new FormData();
      form.set("file", new File([xml as Uint8Array<ArrayBuffer>], "hoc-ba.xml"));
      form.set("profile", "hocba-xml");
      const answer = await post(form, "");
      expect(answer.status, await answer.clone().text()).toBe(202);
      expect(await answer.json()).toMatchObject({ format: "xml", className: sample.className });
    });

    it("takes a document while Redis is gone", async () => {
      redisIsGone = true;
      expect((await post(pdf)).status).toBe(202);
    });

    it("gives the first answer for a repeated Idempotency-Key, 409 for another document", async () => {
      const key = { "idempotency-key": "k-1" };
      const first = (await (await post(pdf, undefined, key)).json()) as { id: string };
      const before = await documents();
      const again = await post(pdf, undefined, key);
      expect([again.status, ((await again.json()) as { id: string }).id]).toEqual([200, first.id]);
      const other = await PDFDocument.create();
      other.addPage([100, 100]);
      expect(await problem(post(await other.save(), undefined, key))).toMatchObject({
        status: 409,
        code: "IDEMPOTENCY_CONFLICT",
        details: { documentId: first.id },
      });
      expect(await documents()).toBe(before);
    });

    const text = (value: string) => new TextEncoder().encode(value);
    const xmlText = () => new TextDecoder().decode(xml);
    it.each<[string, string, number, () => Uint8Array | Promise<Uint8Array>, string?]>([
      ["nothing", "BODY_EMPTY", 400, () => new Uint8Array(0)],
      ["text that is no PDF", "PDF_NOT_A_PDF", 422, () => text("Học bạ của em")],
      ["a truncated PDF", "PDF_TRUNCATED", 422, () => pdf.subarray(0, pdf.length / 2)],
      ["a file over the limit", "BODY_TOO_LARGE", 413, () => new Uint8Array(200_001)],
      ["an unknown profile", "PROFILE_UNKNOWN", 400, () => pdf, "profile=nothing"],
      ["no profile", "REQUEST_INVALID", 400, () => pdf, ""],
      ["an unknown parameter", "REQUEST_INVALID", 400, () => pdf, "profile=hocba-pdf&pofile=x"],
      ["XML for a PDF profile", "FORMAT_MISMATCH", 415, () => xml],
      ["a PDF for an XML profile", "FORMAT_MISMATCH", 415, () => pdf, "profile=hocba-xml"],
      [
        "XML with a DTD",
        "XML_DTD_FORBIDDEN",
        422,
        () => text(`<!DOCTYPE HOC_BA [<!ENTITY a "b">]><HOC_BA/>`),
        "profile=hocba-xml",
      ],
      [
        "XML that is not well-formed",
        "XML_NOT_WELL_FORMED",
        422,
        () => text("<HOC_BA><a></HOC_BA>"),
        "profile=hocba-xml",
      ],
      [
        "XML with duplicate Ids",
        "XML_DUPLICATE_ID",
        422,
        () => text(xmlText().replace("<lyLich>", '<lyLich Id="data">')),
        "profile=hocba-xml",
      ],
      [
        "XML without the principal's place",
        "XML_MISSING_ELEMENT",
        422,
        () => text(xmlText().replace(/<CBQL\b[^>]*\/>|<CBQL\b[^>]*>\s*<\/CBQL>/, "")),
        "profile=hocba-xml",
      ],
      [
        "an XML of another school",
        "SCHOOL_MISMATCH",
        403,
        () => text(xmlText().replace(/<MA_TRUONG>[^<]*/, "<MA_TRUONG>999")),
        "profile=hocba-xml",
      ],
    ])("refuses %s", async (_, code, status, body, query) => {
      const before = await documents();
      expect(await problem(post((await body()) as Uint8Array, query))).toMatchObject({ code, status });
      expect(await documents()).toBe(before);
    });

    it("refuses an endless body as soon as it is over the limit", async () => {
      let sent = 0;
      const endless = new ReadableStream({
        pull(controller) {
          sent += 10_000;
          controller.enqueue(new Uint8Array(10_000));
        },
      });
      expect(await problem(post(endless))).toMatchObject({ code: "BODY_TOO_LARGE", details: { limit: 200_000 } });
      expect(sent).toBeLessThan(400_000);
    });

    it("refuses a stranger's key, a revoked key, a key without the scope, another school", async () => {
      for (const authorization of ["", "Basic abc", "Bearer", "Bearer hocba_wrong", `Bearer hocba_${"a".repeat(43)}`]) {
        expect(await problem(post(pdf, undefined, { authorization }))).toMatchObject({
          status: 401,
          code: "UNAUTHENTICATED",
        });
      }
      const { id, secret: revoked } = await mintApiKey(ledger, {
        school,
        scopes: ["documents:write"],
        label: "old",
        actor: "test",
        now,
      });
      await ledger.registry.revokeApiKey(id, "test");
      expect(await problem(post(pdf, undefined, bearer(revoked)))).toMatchObject({ code: "UNAUTHENTICATED" });
      expect(await problem(post(pdf, undefined, bearer(readerSecret)))).toMatchObject({
        code: "FORBIDDEN_SCOPE",
        status: 403,
      });
      expect(await problem(post(pdf, "profile=hocba-pdf&school=S2"))).toMatchObject({
        code: "FORBIDDEN_SCHOOL",
        status: 403,
      });
    });
  });

  describe("documents", () => {
    it("are shown to their own school only", async () => {
      const { id } = (await (await post(pdf)).json()) as { id: string };
      const mine = await gateway.app.request(`/v1/documents/${id}`, { headers: bearer() });
      expect(await mine.json()).toMatchObject({ id, steps: [], status: [], problem: null });
      for (const path of ["", "/content", "/receipt"]) {
        const answer = gateway.app.request(`/v1/documents/${id}${path}`, { headers: bearer(otherSecret) });
        expect(await problem(answer)).toMatchObject({ status: 404, code: "NOT_FOUND" });
      }
    });

    it("give their original, but no content or receipt before they are signed", async () => {
      const { id } = (await (await post(pdf)).json()) as { id: string };
      const get = (path: string) => gateway.app.request(`/v1/documents/${id}${path}`, { headers: bearer() });
      expect(await problem(get("/content"))).toMatchObject({ status: 409, code: "CONTENT_NOT_READY" });
      expect(await problem(get("/receipt"))).toMatchObject({ status: 409 });
      const original = await get("/content?revision=original");
      expect(original.headers.get("content-type")).toBe("application/pdf");
      expect(Buffer.from(await original.arrayBuffer()).equals(pdf)).toBe(true);
    });

    it("are listed newest first, by state and external id", async () => {
      now += 1000;
      await post(pdf, "profile=hocba-pdf&externalId=list-1");
      now += 1000;
      await post(pdf, "profile=hocba-pdf&externalId=list-2");
      const answer = await gateway.app.request("/v1/documents?limit=2&state=received", { headers: bearer() });
      const { documents: found } = (await answer.json()) as { documents: { externalId: string }[] };
      expect(found.map((each) => each.externalId)).toEqual(["list-2", "list-1"]);
    });
  });

  describe("batches", () => {
    const zip = (files: Record<string, Uint8Array>) => zipSync(files) as Uint8Array<ArrayBuffer>;
    const send = (body: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
      gateway.app.request("/v1/batches?externalId=8A1", {
        method: "POST",
        body,
        headers: { ...bearer(), "content-type": "application/zip", ...headers },
      });

    it("takes the good files of a ZIP and says of each bad one what is wrong with it", async () => {
      const answer = await send(
        zip({ "1.pdf": pdf, "2.pdf": new TextEncoder().encode("no"), "3.xml": xml, "4.txt": pdf }),
      );
      expect(answer.status, await answer.clone().text()).toBe(202);
      const batch = (await answer.json()) as { id: string };
      expect(batch).toMatchObject({ items: 4, refused: 2, sealed: true, finished: false, states: { received: 2 } });
      const items = await gateway.app.request(`/v1/batches/${batch.id}/items`, { headers: bearer() });
      const found = ((await items.json()) as { items: { name: string; problem: { code: string } | null }[] }).items;
      expect(Object.fromEntries(found.map((item) => [item.name, item.problem?.code ?? null]))).toEqual({
        "1.pdf": null,
        "2.pdf": "PDF_NOT_A_PDF",
        "3.xml": null,
        "4.txt": "FORMAT_MISMATCH",
      });
    });

    it("names the same documents when it is sent again with its Idempotency-Key", async () => {
      const files = zip({ "1.pdf": pdf, "2.xml": xml });
      const ids = async () => {
        const batch = (await (await send(files, { "idempotency-key": "class-8A1" })).json()) as { id: string };
        const items = await ledger.batches.items(batch.id, 0, 10);
        return items.map((item) => item.documentId);
      };
      const first = await ids();
      const before = await documents();
      expect(await ids()).toEqual(first);
      expect(await documents()).toBe(before);
    });

    it("refuses what is no ZIP, an empty one, one that is cut off", async () => {
      const whole = zip({ "1.pdf": pdf, "2.pdf": pdf });
      expect(await problem(send(pdf as Uint8Array<ArrayBuffer>))).toMatchObject({ code: "ZIP_MALFORMED" });
      expect(await problem(send(zip({})))).toMatchObject({ code: "BATCH_EMPTY" });
      for (const end of [-30, -200, whole.length / 2, 40]) {
        expect(await problem(send(whole.slice(0, end)))).toMatchObject({ code: "ZIP_MALFORMED" });
      }
    });

    it("gives up a file that unpacks beyond the limit, not the batch", async () => {
      const answer = await send(zip({ "bomb.pdf": new Uint8Array(50_000_000), "1.pdf": pdf }));
      const batch = (await answer.json()) as { id: string };
      const items = await ledger.batches.items(batch.id, 0, 10);
      expect(items.map((item) => [item.name, item.error?.code ?? null])).toContainEqual(["bomb.pdf", "BODY_TOO_LARGE"]);
      expect(items.map((item) => [item.name, item.error?.code ?? null])).toContainEqual(["1.pdf", null]);
    });

    it("tells its progress as events that can be resumed, until it is finished", async () => {
      const batch = (await (await send(zip({ "1.pdf": pdf }))).json()) as { id: string };
      const [item] = await ledger.batches.items(batch.id, 0, 1);
      const document = await ledger.documents.get(item!.documentId!);
      await ledger.documents.transition(document!, "rejected", { actor: "test", error: { code: "X", details: {} } });
      const read = async (headers: Record<string, string> = {}) =>
        (await gateway.app.request(`/v1/batches/${batch.id}/events`, { headers: { ...bearer(), ...headers } })).text();
      const all = await read();
      expect([...all.matchAll(/^event: (.*)$/gm)].map((match) => match[1])).toEqual([
        "batch.created",
        "document.received",
        "batch.sealed",
        "document.rejected",
        "finished",
      ]);
      const ids = [...all.matchAll(/^id: (\d+)$/gm)].map((match) => match[1]!);
      const rest = await read({ "last-event-id": ids[2]! });
      expect([...rest.matchAll(/^event: (.*)$/gm)].map((match) => match[1])).toEqual(["document.rejected", "finished"]);
    });
  });

  describe("public verification", () => {
    const verify = (body: Uint8Array) =>
      gateway.app.request("/v1/verifications?fileName=a.pdf", {
        method: "POST",
        body: body as Uint8Array<ArrayBuffer>,
      });

    it("judges a file without a key, keeps nothing, and is limited", async () => {
      now += 60_000;
      const before = await documents();
      const answer = await verify(pdf);
      expect(await answer.json()).toMatchObject({
        file: "a.pdf",
        indication: "NO-SIGNATURE",
        format: "pdf",
        sentence: { vi: expect.any(String), en: expect.any(String) },
      });
      expect(await documents()).toBe(before);
      for (let i = 0; i < 4; i++) await verify(pdf);
      const refused = await verify(pdf);
      expect(refused.headers.get("retry-after")).toMatch(/^\d+$/);
      expect(await problem(refused)).toMatchObject({ status: 429, code: "RATE_LIMITED" });
      now += 60_000;
      expect((await verify(pdf)).status).toBe(200);
    });
  });

  describe("the service", () => {
    it("lives, and says which of its parts do not work", async () => {
      expect((await gateway.app.request("/healthz")).status).toBe(200);
      now += 10_000;
      const ready = await gateway.app.request("/readyz");
      expect([ready.status, await ready.json()]).toEqual([200, expect.objectContaining({ status: "ready" })]);
      now += 10_000;
      redisIsGone = true;
      const not = await gateway.app.request("/readyz");
      expect(not.status).toBe(503);
      expect(await not.json()).toMatchObject({
        status: "not-ready",
        checks: { redis: { ok: false, code: "QUEUE_UNAVAILABLE" }, ledger: { ok: true }, store: { ok: true } },
      });
    });

    it("counts for Prometheus", async () => {
      const text = await (await gateway.app.request("/metrics")).text();
      expect(text).toMatch(/hocba_documents\{state="received"\} \d+/);
      expect(text).toMatch(/hocba_http_requests_total\{method="POST",route="\/v1\/documents",status="202"\} \d+/);
    });

    it("describes every route it has in OpenAPI 3.1", async () => {
      const document = (await (await gateway.app.request("/openapi.json")).json()) as {
        openapi: string;
        paths: Record<string, Record<string, unknown>>;
      };
      expect(document.openapi).toBe("3.1.0");
      const described = Object.entries(document.paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method} ${path}`),
      );
      const served = gateway.app.routes
        .filter((route) => route.method !== "ALL" && /^\/(v1|healthz|readyz|metrics|\.well-known)/.test(route.path))
        .map((route) => `${route.method.toLowerCase()} ${route.path.replace(/:(\w+)/g, "{$1}").replace(/\/$/, "")}`);
      expect(described.sort()).toEqual([...new Set(served)].sort());
      expect(JSON.stringify(document)).not.toContain("#/$defs/");
    });

    it("answers an unknown address with a problem and tells nothing of itself", async () => {
      expect(await problem(gateway.app.request("/nowhere"))).toMatchObject({ status: 404, code: "NOT_FOUND" });
    });
  });
});
