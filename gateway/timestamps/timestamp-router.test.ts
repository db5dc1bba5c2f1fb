import { createHash } from "node:crypto";
import { signatureAlgorithmOf } from "@hocba/certs/crypto";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { type DevPki, startDevPki } from "@hocba/certs/dev-pki";
import { parseCertificate } from "@hocba/certs/x509";
import { parseTimestampToken } from "@hocba/signatures/timestamps";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { parseConfig } from "../config/index.ts";
import { createTimestampRouter } from "./create-router.ts";

const digest = new Uint8Array(createHash("sha256").update("Học bạ").digest());

describe("the time-stamp router, over real RFC 3161 services", () => {
  let pki: DevPki;
  let second: Awaited<ReturnType<DevPki["startTsa"]>>;
  beforeAll(async () => {
    pki = await startDevPki({ keyBits: 2048 });
    second = await pki.startTsa({ name: "Máy chủ thứ hai" });
  }, 60_000);
  afterAll(async () => {
    await second.close();
    await pki.close();
  });
  const open: { close(): void }[] = [];
  afterEach(() => {
    pki.faults.tsa = {};
    for (const router of open.splice(0)) router.close();
  });

  const rootKey = () => parseCertificate(pki.root.certificate).spki;
  function router(
    options: { only?: "first"; timeoutMs?: number; hedgeAfterMs?: number; breakerFailures?: number } = {},
  ) {
    const endpoint = { timeoutMs: options.timeoutMs ?? 2000, concurrency: 4 };
    const { timestamps } = parseConfig({
      dataDir: "/nowhere",
      timestamps: {
        endpoints: [
          { name: "first", url: pki.tsa.url, ...endpoint },
          ...(options.only === "first" ? [] : [{ name: "second", url: second.url, ...endpoint }]),
        ],
        hedgeAfterMs: options.hedgeAfterMs ?? 0,
        breakerFailures: options.breakerFailures ?? 5,
      },
    });
    const created = createTimestampRouter(timestamps, {
      // One signature under the root: the look-alike of the fault service has the right names and another key.
      trust: (certificate) => {
        const { oid, parameters } = certificate.signatureAlgorithm;
        const algorithm = signatureAlgorithmOf(oid, parameters);
        return nodeCrypto.verify(rootKey(), algorithm, [certificate.tbs], certificate.signature);
      },
      clock: Date.now,
    });
    open.push(created);
    return created.router;
  }

  it("gives a checked token of the first endpoint", async () => {
    const stamp = await router().stamp(digest);
    const token = parseTimestampToken(stamp.token);
    expect(stamp.endpoint).toBe("first");
    expect(Buffer.from(token.imprint.digest).equals(digest)).toBe(true);
    expect(Math.abs(stamp.genTime - Date.now())).toBeLessThan(5000);
    expect(stamp.tsa).toMatch(/CN=/);
  });

  it.each([
    ["is refused", { refuse: true }],
    ["rejects by status", { status: 2 }],
    ["answers with a wrong nonce", { wrongNonce: true }],
    ["answers with a wrong imprint", { wrongImprint: true }],
    ["is signed by a stranger", { wrongCertificate: true }],
    ["is signed without the purpose", { noEku: true }],
    ["has a broken signature", { badSignature: true }],
    ["is 759 s slow", { clockSkewMs: -759_000 }],
    ["is 6 h 20 min fast", { clockSkewMs: 22_846_000 }],
    ["is cut off", { truncate: true }],
    ["is garbage", { garbage: true }],
    ["is an error page", { http500: true }],
    ["is a web page", { html: true }],
    ["comes too late", { latencyMs: 60_000 }],
  ])("throws the answer away and asks the next endpoint when it %s", async (_, faults) => {
    pki.faults.tsa = faults;
    const stamp = await router({ timeoutMs: 300 }).stamp(digest);
    expect(stamp.endpoint).toBe("second");
  });

  it("says what each endpoint said when none can give a token, and that it may pass", async () => {
    pki.faults.tsa = { clockSkewMs: -759_000 };
    await expect(router({ only: "first" }).stamp(digest)).rejects.toMatchObject({
      code: "TSA_UNAVAILABLE",
      retryable: true,
      details: { endpoints: { first: expect.stringMatching(/TSP_CLOCK_SKEW.*-759|TSP_CLOCK_SKEW.*off by -7[56]/) } },
    });
  });

  it("asks a second endpoint beside a slow one and takes the quicker answer", async () => {
    pki.faults.tsa = { latencyMs: 60_000 };
    const started = performance.now();
    const stamp = await router({ timeoutMs: 50_000, hedgeAfterMs: 50 }).stamp(digest);
    expect(stamp.endpoint).toBe("second");
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it("lets a failing endpoint rest and finds it again", async () => {
    pki.faults.tsa = { refuse: true };
    const stamps = router({ breakerFailures: 2 });
    await stamps.stamp(digest);
    await stamps.stamp(digest);
    expect(stamps.endpoints()).toEqual([
      { name: "first", state: "open" },
      { name: "second", state: "closed" },
    ]);
    pki.faults.tsa = {};
    expect((await stamps.stamp(digest)).endpoint).toBe("second");
  });

  it("stops when its caller gives up", async () => {
    pki.faults.tsa = { hang: true };
    const stop = new AbortController();
    const stamping = router({ only: "first", timeoutMs: 60_000 }).stamp(digest, stop.signal);
    stop.abort(new Error("shutting down"));
    await expect(stamping).rejects.toThrow("shutting down");
  });

  it("says so when no endpoint is configured", async () => {
    const { timestamps } = parseConfig({ dataDir: "/nowhere" });
    const none = createTimestampRouter(timestamps, { trust: () => true, clock: Date.now });
    await expect(none.router.stamp(digest)).rejects.toMatchObject({ code: "TSA_UNAVAILABLE" });
  });
});
