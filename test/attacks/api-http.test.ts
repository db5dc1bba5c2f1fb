import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mintApiKey } from "@hocba/gateway/access";
import { parseConfig } from "@hocba/gateway/config";
import { openSqliteLedger } from "@hocba/gateway/ledger";
import { createLogger } from "@hocba/gateway/observability";
import { openFileStore } from "@hocba/gateway/store";
import { zipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createGateway, type Gateway } from "../../gateway/create-gateway.ts";
import { unzipStream } from "../../gateway/intake/unzip-stream.ts";
import { prefixOf } from "../../gateway/routes/caller.ts";
import { RateLimiter } from "../../gateway/routes/rate-limiter.ts";
import { StreamPlaces } from "../../gateway/routes/stream-places.ts";

/*
 * The attacker has the public address of the gateway, and perhaps the key of a small school. He wants to stop it, to read what is not his,
 * or to have the verifier say something in a page that runs as a script.
 */
const dir = mkdtempSync(join(tmpdir(), "hocba-api-"));
let gateway: Gateway;
let port: number;
let key: string;
let close: () => Promise<void>;
const PER_MINUTE = 40;
beforeAll(async () => {
  let now = Date.now();
  const ledger = openSqliteLedger({ path: join(dir, "ledger.sqlite"), clock: () => now });
  const store = await openFileStore(join(dir, "documents"));
  await ledger.registry.putSchool({ code: "S1", name: "Trường thử" }, "test");
  key = (
    await mintApiKey(ledger, {
      school: "S1",
      scopes: ["documents:write", "documents:read"],
      label: "t",
      actor: "t",
      now,
    })
  ).secret;
  const list = {
    add: async () => {},
    promote: async () => {},
    depth: async () => 0,
    ping: async () => {},
    close: async () => {},
  };
  gateway = await createGateway(
    parseConfig({
      dataDir: dir,
      listen: { host: "127.0.0.1", port: 0 },
      verification: { perMinute: PER_MINUTE, concurrency: 1, maxBytes: 2_000_000, online: false },
    }),
    // Every request a second later: the limit on callers is not what these tests are about.
    {
      ledger,
      store,
      list,
      signer: null,
      clock: () => (now += 2000),
      log: createLogger({ log: { level: "silent" } }, "test"),
    },
  );
  port = await gateway.start();
  close = async () => {
    await gateway.stop();
    await store.close();
    await ledger.close();
  };
}, 60_000);
afterAll(async () => {
  await close();
  rmSync(dir, { recursive: true });
});

const url = (path: string) => `http://127.0.0.1:${port}${path}`;
const verify = (body: BodyInit, headers: Record<string, string> = {}, query = "") =>
  fetch(url(`/v1/verifications${query}`), { method: "POST", body, headers, duplex: "half" } as RequestInit);
const bearer = () => ({ authorization: `Bearer ${key}` });

/** What a server answers to octets that no client would send. */
function raw(text: string, wait = 2000): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let answer = "";
    const done = () => {
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(done, wait);
    socket.on("data", (data) => {
      answer += data.toString("latin1");
    });
    for (const event of ["end", "error", "close"] as const)
      socket.on(event, () => {
        clearTimeout(timer);
        done();
      });
    socket.write(text);
  });
}

describe("bodies", () => {
  it("without end are cut off at the limit", async () => {
    const endless = new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(65_536)) });
    const answer = await verify(endless).catch((error: Error) => error);
    // The connection may be gone before all was sent; what matters is that it ends.
    if (!(answer instanceof Error)) expect(answer.status).toBe(413);
    expect((await verify("<a/>")).status).toBe(200);
  });

  // As many senders as there are places, and none of them ever finishes: those who come after must still be served.
  it("that come slowly hold up nobody", async () => {
    const open: AbortController[] = [];
    for (let i = 0; i < 8; i++) {
      const abort = new AbortController();
      open.push(abort);
      const slow = new ReadableStream({ start: (c) => c.enqueue(new TextEncoder().encode("<a>")) });
      void fetch(url("/v1/verifications"), {
        method: "POST",
        body: slow,
        duplex: "half",
        signal: abort.signal,
      } as RequestInit).catch(() => {});
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    const answer = await verify("<a/>");
    for (const abort of open) abort.abort();
    expect(answer.status).toBe(200);
  });

  it("of a form in a million parts are refused before they are taken apart", async () => {
    const part = '--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n\r\n';
    const file = '--b\r\ncontent-disposition: form-data; name="file"; filename="x.xml"\r\n\r\n<a/>\r\n';
    const type = { "content-type": "multipart/form-data; boundary=b" };
    const start = performance.now();
    expect((await verify(`${part.repeat(35_000)}${file}--b--\r\n`, type)).status).toBe(400);
    expect(performance.now() - start).toBeLessThan(2000);
    expect((await verify(`${part.repeat(5)}${file}--b--\r\n`, type)).status).toBe(200);
    expect((await verify(`${file}${file}--b--\r\n`, type)).status).toBe(400);
    expect((await verify(`${part}--b--\r\n`, type)).status).toBe(400);
    expect((await verify("x", { "content-type": "multipart/form-data" })).status).toBe(400);
    expect((await verify("--b", type)).status).toBe(400);
    const proto = '--b\r\ncontent-disposition: form-data; name="__proto__"\r\n\r\nx\r\n';
    expect((await verify(`${proto}${file}--b--\r\n`, type)).status).toBe(200);
  });

  it("with two lengths, or a length and chunks, are no requests", async () => {
    const head = `POST /v1/verifications HTTP/1.1\r\nHost: x\r\n`;
    for (const text of [
      `${head}Content-Length: 4\r\nContent-Length: 40\r\n\r\n<a/>GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n`,
      `${head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n`,
      `${head}Transfer-Encoding: identity, chunked, x\r\n\r\n0\r\n\r\n`,
      `${head}Content-Length: -1\r\n\r\n`,
      `GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\u0000b\r\n\r\n`,
    ]) {
      const answer = await raw(text);
      expect(answer).not.toMatch(/^HTTP\/1\.1 200/);
      expect(answer).not.toContain("HTTP/1.1 200");
    }
  });
});

describe("names and paths", () => {
  it("come back as data and nothing else", async () => {
    const name = '"><script>alert(1)</script>\u0000\r\nSet-Cookie: a=b';
    const answer = await verify("<a/>", {}, `?fileName=${encodeURIComponent(name)}`);
    expect(answer.headers.get("content-type")).toMatch(/^application\/json/);
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("set-cookie")).toBe(null);
    expect(await answer.json()).toMatchObject({ file: name });
    expect((await verify("<a/>", {}, `?fileName=${"x".repeat(256)}`)).status).toBe(400);
  });

  it("lead to nothing outside, however they are written", async () => {
    for (const path of [
      "/v1/documents/..%2f..%2fledger.sqlite",
      "/v1/documents/%2e%2e%2f%2e%2e%2fetc%2fpasswd/content",
      "/v1/batches/..%5c..%5cx/content",
      "/v1/documents/%00/content",
      `/v1/documents/${"a".repeat(5000)}`,
      "/v1/status/..%2f..%2fx",
      "/assets/..%2f..%2f..%2fpackage.json",
      "/..%2fpackage.json",
      "/%2e%2e/%2e%2e/etc/passwd",
    ]) {
      const answer = await fetch(url(path), { headers: bearer() });
      expect([path, answer.status >= 400 && answer.status < 500]).toEqual([path, true]);
      expect(await answer.text()).not.toMatch(/root:|@hocba/);
    }
    expect(await raw("GET /../../../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).not.toContain(
      "root:",
    );
  });

  it("of a profile are those the gateway has", async () => {
    const answer = await verify("<a/>", {}, "?profile=khong-co");
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: "PROFILE_UNKNOWN" }]);
    expect((await verify("<a/>", {}, "?profile=__proto__")).status).toBe(400);
    expect((await verify("<a/>", {}, "?profile=hocba-xml")).status).toBe(200);
    expect((await verify("<a/>", {}, "?profil=hocba-xml")).status).toBe(400);
  });
});

describe("callers", () => {
  it("are told apart by what the connection says, not by what they say", async () => {
    const limiter = new RateLimiter(3, () => 0);
    for (let i = 0; i < 3; i++) limiter.take(prefixOf(`2001:db8::${i + 1}`));
    // Another address of the same /64, in whichever spelling, is the same caller.
    for (const same of ["2001:db8::ffff", "2001:0DB8:0:0:1::1", "2001:db8:0:0:0:0:0:9", "2001:db8::1%eth0"])
      expect(() => limiter.take(prefixOf(same))).toThrow(expect.objectContaining({ code: "RATE_LIMITED" }));
    expect(prefixOf("2001:db8:0:1::1")).not.toBe(prefixOf("2001:db8::1"));
    expect(prefixOf("::ffff:192.0.2.1")).toBe(prefixOf("192.0.2.1"));
    expect(prefixOf("192.0.2.1")).not.toBe(prefixOf("192.0.2.2"));
    expect(prefixOf("x".repeat(10_000)).length).toBeLessThan(100);
  });

  it("cannot get around the limit by X-Forwarded-For", async () => {
    const at = Date.now();
    const limited = await createGateway(
      parseConfig({
        dataDir: dir,
        listen: { host: "127.0.0.1", port: 0 },
        verification: { perMinute: 2, online: false },
      }),
      {
        ledger: openSqliteLedger({ path: join(dir, "other.sqlite"), clock: () => at }),
        store: await openFileStore(join(dir, "other")),
        list: {
          add: async () => {},
          promote: async () => {},
          depth: async () => 0,
          ping: async () => {},
          close: async () => {},
        },
        signer: null,
        clock: () => at,
        log: createLogger({ log: { level: "silent" } }, "test"),
      },
    );
    const there = await limited.start();
    const codes: number[] = [];
    for (let i = 0; i < 4; i++) {
      const answer = await fetch(`http://127.0.0.1:${there}/v1/verifications`, {
        method: "POST",
        body: "<a/>",
        headers: { "x-forwarded-for": `192.0.2.${i}`, "x-real-ip": `192.0.2.${i}`, forwarded: `for=192.0.2.${i}` },
      });
      codes.push(answer.status);
    }
    await limited.stop();
    expect(codes).toEqual([200, 200, 429, 429]);
  });

  it("who open streams of events by the hundred are told to wait; others have their places", () => {
    const places = new StreamPlaces({ perSchool: 2, total: 3 });
    const leave = places.enter("a");
    places.enter("a");
    expect(() => places.enter("a")).toThrow(expect.objectContaining({ code: "AT_CAPACITY" }));
    places.enter("b");
    expect(() => places.enter("c")).toThrow(expect.objectContaining({ code: "AT_CAPACITY" }));
    leave();
    leave();
    places.enter("c");
    expect(() => places.enter("c")).toThrow();
  });
});

describe("a ZIP of a class", () => {
  const limits = { items: 50, fileBytes: 1_000_000, totalBytes: 5_000_000 };
  async function read(zip: Uint8Array) {
    const items: { name: string; size: number | string }[] = [];
    const source = (async function* () {
      for (let at = 0; at < zip.length; at += 16_384) yield zip.subarray(at, at + 16_384);
    })();
    for await (const group of unzipStream(source, limits))
      for (const item of group)
        items.push({ name: item.name, size: "bytes" in item ? item.bytes.length : item.error.code });
    return items;
  }

  it("that unpacks to gigabytes costs no more than its limit", async () => {
    const bomb = zipSync(
      { "bomb.xml": new Uint8Array(200_000_000), "good.xml": new TextEncoder().encode("<a/>") },
      { level: 9 },
    );
    expect(bomb.length).toBeLessThan(1_000_000);
    const before = process.memoryUsage().rss;
    expect(await read(bomb)).toEqual([
      { name: "bomb.xml", size: "BODY_TOO_LARGE" },
      { name: "good.xml", size: 4 },
    ]);
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000);
  }, 30_000);

  it("with too many files, or cut off, is refused as a whole", async () => {
    const many = zipSync(Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`${i}.xml`, new Uint8Array(1)])));
    await expect(read(many)).rejects.toMatchObject({ code: "BATCH_TOO_MANY" });
    const good = zipSync({ "a.xml": new Uint8Array(100), "b.xml": new Uint8Array(100) });
    await expect(read(good.subarray(0, good.length - 30))).rejects.toMatchObject({ code: "ZIP_MALFORMED" });
    await expect(read(new Uint8Array(100))).rejects.toMatchObject({ code: "ZIP_MALFORMED" });
  });
});
