import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { mintApiKey } from "../access/index.ts";
import { parseConfig } from "../config/index.ts";
import { createGateway, type Gateway } from "../create-gateway.ts";
import { type Ledger, openSqliteLedger } from "../ledger/index.ts";
import { newId } from "../new-id.ts";
import { createLogger } from "../observability/index.ts";
import type { WorkList } from "../queue/index.ts";
import {
  openSqliteWebhooks,
  openWebhookSecrets,
  startDispatcher,
  verifyWebhook,
  type WebhookDispatcher,
  type WebhookStore,
} from "./index.ts";

interface Heard {
  path: string;
  id: string;
  timestamp: string;
  signature: string;
  body: string;
}
interface Registered {
  id: string;
  secret: string;
}

describe("webhooks", () => {
  const root = mkdtempSync(join(tmpdir(), "hocba-webhooks-"));
  const log = createLogger({ log: { level: "silent" } }, "test");
  let now = Date.now();
  const clock = () => now;
  let ledger: Ledger;
  let gateway: Gateway;
  let store: WebhookStore;
  let dispatcher: WebhookDispatcher;
  let receiver: Server;
  let base: string;
  let heard: Heard[] = [];
  let answer: (path: string) => number = () => 204;
  const secrets = new Map<string, string>();

  beforeAll(async () => {
    receiver = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        const header = (name: string) => String(request.headers[name]);
        heard.push({
          path: request.url!,
          id: header("webhook-id"),
          timestamp: header("webhook-timestamp"),
          signature: header("webhook-signature"),
          body: Buffer.concat(parts).toString(),
        });
        response.writeHead(answer(request.url!)).end();
      });
    }).listen(0, "127.0.0.1");
    await once(receiver, "listening");
    base = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
    ledger = openSqliteLedger({ path: join(root, "ledger.sqlite"), clock });
    for (const school of ["S1", "S2"]) {
      await ledger.registry.putSchool({ code: school, name: school }, "test");
      const request = { school, scopes: ["documents:write", "documents:read"] as const, label: "t", actor: "t", now };
      secrets.set(school, (await mintApiKey(ledger, request)).secret);
    }
    const list: WorkList = {
      add: async () => {},
      promote: async () => {},
      depth: async () => 0,
      ping: async () => {},
      close: async () => {},
    };
    gateway = await createGateway(configured(), { ledger, list, signer: null, clock, log });
    store = openSqliteWebhooks(join(root, "webhooks.sqlite"));
    dispatcher = dispatch();
  });
  afterAll(async () => {
    await dispatcher?.stop();
    await gateway?.stop();
    store?.close();
    await ledger?.close();
    receiver?.close();
    rmSync(root, { recursive: true, force: true });
  });
  beforeEach(() => {
    for (const { id } of store.endpoints(null)) store.removeEndpoint(id);
    heard = [];
    answer = () => 204;
  });

  // The turns of this test are taken by hand: the gateway's own dispatcher looks once in an hour.
  const configured = () =>
    parseConfig({
      dataDir: root,
      verification: { online: false },
      webhooks: { allowedHosts: [new URL(base).host], retrySeconds: [5, 300], pollMs: 3_600_000, perSchool: 2 },
    });
  const dispatch = (of: WebhookStore = store) =>
    startDispatcher(
      { ledger, store: of, secrets: openWebhookSecrets(root), clock, log },
      { ...configured().webhooks, random: () => 0.5 },
    );

  const call = (path: string, method = "GET", body?: object, school = "S1") =>
    gateway.app.request(`/v1/webhooks${path}`, {
      method,
      headers: { authorization: `Bearer ${secrets.get(school)}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  async function register(path: string, more: object = {}, school = "S1"): Promise<Registered> {
    const response = await call("", "POST", { url: `${base}${path}`, ...more }, school);
    expect(response.status, await response.clone().text()).toBe(201);
    return (await response.json()) as Registered;
  }

  async function document(to: "signed" | "failed", school = "S1"): Promise<string> {
    const { document: received } = await ledger.documents.accept({
      id: newId("doc", now),
      sha256: "a".repeat(64),
      size: 1,
      format: "pdf",
      profile: "hocba-pdf",
      school,
      externalId: "ext-1",
      idempotencyKey: null,
      className: null,
      batchId: null,
      actor: "test",
    });
    const actor = "test";
    if (to === "failed") {
      await ledger.documents.transition(received, "failed", {
        actor,
        error: { code: "SIGNER_NOT_BOUND", details: {} },
      });
      return received.id;
    }
    const preparing = await ledger.documents.transition(received, "preparing", { actor });
    const verifying = await ledger.documents.transition(preparing, "verifying", { actor });
    await ledger.documents.transition(verifying, "signed", { actor, details: { sha256: "b".repeat(64) } });
    return received.id;
  }
  const deliveries = async (id: string, query = "") =>
    ((await (await call(`/${id}/deliveries${query}`)).json()) as { deliveries: Record<string, unknown>[] }).deliveries;

  it("tell a school's endpoint, and no other school's, with a signature by Standard Webhooks", async () => {
    const { secret } = await register("/mine");
    await register("/only-failures", { events: ["document.failed"] });
    await register("/theirs", {}, "S2");
    const id = await document("signed");
    await dispatcher.turn();
    expect(heard.map(({ path }) => path)).toEqual(["/mine"]);
    const [message] = heard;
    expect(JSON.parse(message!.body)).toEqual({
      type: "document.signed",
      timestamp: new Date(now).toISOString(),
      data: {
        id,
        school: "S1",
        externalId: "ext-1",
        batchId: null,
        state: "signed",
        received: "a".repeat(64),
        sha256: "b".repeat(64),
      },
    });
    const verified = (body = message!.body, by = secret, at = now) => verifyWebhook(message!, body, by, at);
    expect(verified()).toBe(true);
    expect(verified(message!.body.replace("signed", "failed"))).toBe(false);
    expect(verified(message!.body, `whsec_${Buffer.alloc(32).toString("base64")}`)).toBe(false);
    expect(verified(message!.body, secret, now + 301_000), "an old one sent again by somebody").toBe(false);
    await dispatcher.turn();
    expect(heard.length, "once").toBe(1);
  });

  it("tell once that a batch is finished, after the last of its documents, however many gateways are at work", async () => {
    await register("/all");
    await register("/batches", { events: ["batch.finished"] });
    await register("/theirs", {}, "S2");
    const batch = newId("batch", now);
    await ledger.batches.create({ id: batch, school: "S1", externalId: "8A1" }, "test");
    const ids = [await document("signed"), await document("failed")];
    for (const [i, documentId] of [...ids, null].entries()) {
      const error = documentId === null ? { code: "PDF_TRUNCATED", details: {} } : null;
      await ledger.batches.addItem(batch, { position: i + 1, name: `${i}.pdf`, documentId, error });
    }
    await dispatcher.turn();
    expect(
      heard.filter(({ path }) => path === "/batches"),
      "not while it is open",
    ).toEqual([]);
    await ledger.batches.seal(batch, "test");
    heard = [];
    const second = dispatch();
    await Promise.all([dispatcher.turn(), second.turn()]);
    await dispatcher.turn();
    await second.stop();
    expect(heard.map(({ path }) => path).sort()).toEqual(["/all", "/batches"]);
    expect(JSON.parse(heard[0]!.body)).toEqual({
      type: "batch.finished",
      timestamp: new Date(now).toISOString(),
      data: {
        id: batch,
        school: "S1",
        externalId: "8A1",
        items: 3,
        refused: 1,
        states: { signed: 1, failed: 1 },
      },
    });
  });

  it("agree with the example of the Standard Webhooks specification", () => {
    const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const example = {
      id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
      timestamp: "1614265330",
      signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    };
    expect(verifyWebhook(example, '{"test": 2432232314}', secret, 1_614_265_330_000)).toBe(true);
  });

  it("are repeated by the schedule, kept as dead, and sent again when asked, under the same id", async () => {
    const { id, secret } = await register("/down");
    answer = () => 500;
    await document("failed");
    await dispatcher.turn();
    for (const seconds of [5, 300]) {
      now += seconds * 1000 - 1;
      await dispatcher.turn();
      const before = heard.length;
      now += 1;
      await dispatcher.turn();
      expect(heard.length).toBe(before + 1);
    }
    expect(heard.length).toBe(3);
    expect(await deliveries(id, "?state=dead")).toMatchObject([
      { type: "document.failed", attempts: 3, lastStatus: 500, lastError: "status", nextAttemptAt: null },
    ]);
    now += 86_400_000;
    await dispatcher.turn();
    expect(heard.length, "the dead rest").toBe(3);
    answer = () => 200;
    expect(await (await call(`/${id}/replay`, "POST")).json()).toEqual({ replayed: 1 });
    await dispatcher.turn();
    expect(new Set(heard.map((each) => each.id)).size).toBe(1);
    expect(verifyWebhook(heard.at(-1)!, heard.at(-1)!.body, secret, now)).toBe(true);
    const [delivered] = await deliveries(id);
    expect(delivered).toMatchObject({ state: "delivered", lastStatus: 200 });
    expect((await call(`/${id}/deliveries/${String(delivered!.id)}/replay`, "POST")).status).toBe(202);
    await dispatcher.turn();
    expect(heard.length).toBe(5);
  });

  it("lose nothing that happens while no gateway runs, and send nothing twice with two at work", async () => {
    const { id } = await register("/later");
    const ids = [];
    for (let n = 0; n < 12; n++) ids.push(await document("signed"));
    const other = openSqliteWebhooks(join(root, "webhooks.sqlite"));
    const second = dispatch(other);
    try {
      for (let n = 0; n < 4; n++) await Promise.all([dispatcher.turn(), second.turn()]);
    } finally {
      await second.stop();
      other.close();
    }
    const told = heard.map(({ body }) => (JSON.parse(body) as { data: { id: string } }).data.id);
    expect(told.sort()).toEqual(ids.sort());
    expect((await deliveries(id)).every(({ state }) => state === "delivered")).toBe(true);
  });

  it("take up again what a killed gateway was sending", async () => {
    await register("/killed");
    await document("signed");
    // As collected and claimed by a process that then died.
    answer = () => 503;
    await dispatcher.turn();
    const claimed = store.claim(now + 5000, now + 30_000, 10, 10);
    expect(claimed).toMatchObject([{ attempts: 2 }]);
    answer = () => 200;
    now += 20_000;
    await dispatcher.turn();
    expect(heard.length).toBe(1);
    now += 10_001;
    await dispatcher.turn();
    expect(heard.map((each) => each.id)).toEqual([claimed[0]!.id, claimed[0]!.id]);
  });

  it("sign with both secrets for a day after a rotation; the database holds neither", async () => {
    const { id, secret } = await register("/rotated");
    const rotated = (await (await call(`/${id}/secret`, "POST")).json()) as Registered;
    expect(rotated.secret).not.toBe(secret);
    const valid = () =>
      [secret, rotated.secret].map((each) => verifyWebhook(heard.at(-1)!, heard.at(-1)!.body, each, now));
    await document("signed");
    await dispatcher.turn();
    expect(valid()).toEqual([true, true]);
    now += 24 * 3_600_000;
    await document("signed");
    await dispatcher.turn();
    expect(valid()).toEqual([false, true]);
    const stored = ["webhooks.sqlite", "webhooks.sqlite-wal"].map((name) => readFileSync(join(root, name), "latin1"));
    expect(stored.join("").includes(secret.slice(6))).toBe(false);
  });

  it("stop for an endpoint that is gone", async () => {
    const { id } = await register("/gone");
    answer = () => 410;
    await document("signed");
    await dispatcher.turn();
    await document("signed");
    await dispatcher.turn();
    expect(heard.length).toBe(1);
    expect(await (await call(`/${id}`)).json()).toMatchObject({ disabledAt: expect.any(String) });
  });

  it("are held up by no slow neighbour", async () => {
    const slow = await register("/slow");
    await register("/quick");
    for (let n = 0; n < 6; n++) await document("signed");
    await dispatcher.turn();
    expect(heard.filter(({ path }) => path === "/quick").length).toBe(4);
    expect((await deliveries(slow.id, "?state=delivered")).length).toBe(4);
  });

  it("reach no private address, and nothing by plain http, unless the operator lists it", async () => {
    const plain = await call("", "POST", { url: "http://example.com/hook" });
    expect([plain.status, ((await plain.json()) as { code: string }).code]).toEqual([400, "REQUEST_INVALID"]);
    const { id } = await register("", { url: "https://169.254.169.254/latest" });
    await document("signed");
    await dispatcher.turn();
    expect(await deliveries(id)).toMatchObject([{ state: "pending", lastStatus: null, lastError: "address" }]);
  });

  it("belong to their school, and are limited in number", async () => {
    const { id } = await register("/a");
    await register("/b");
    const third = await call("", "POST", { url: `${base}/c` });
    expect([third.status, ((await third.json()) as { code: string }).code]).toEqual([409, "WEBHOOKS_TOO_MANY"]);
    for (const [path, method] of [
      ["", "GET"],
      ["", "DELETE"],
      ["/deliveries", "GET"],
      ["/replay", "POST"],
      ["/secret", "POST"],
    ] as const) {
      expect((await call(`/${id}${path}`, method, undefined, "S2")).status, `${method} ${path}`).toBe(404);
    }
    expect((await call(`/${id}`, "DELETE")).status).toBe(204);
    expect((await call(`/${id}`)).status).toBe(404);
    expect(((await (await call("")).json()) as { webhooks: object[] }).webhooks.length).toBe(1);
  });
});
