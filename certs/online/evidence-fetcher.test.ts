import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type DevPki, type IssuedLeaf, startDevPki } from "../dev-pki/index.ts";
import { freshUntil } from "./http-freshness.ts";
import {
  AllowList,
  buildOcspRequest,
  EvidenceFetcher,
  type EvidenceFetcherOptions,
  type EvidenceKind,
  type EvidenceRequest,
  type EvidenceResult,
  FileEvidenceCache,
  MemoryEvidenceCache,
} from "./index.ts";
import { readEvidence } from "./read-evidence.ts";

const directory = mkdtempSync(join(tmpdir(), "hocba-online-"));
let pki: DevPki;
let leaf: IssuedLeaf;
let now: number;

beforeAll(async () => {
  pki = await startDevPki({ keyBits: 2048, clock: () => new Date(now) });
  leaf = await pki.issueLeaf({ keyType: "ec-p256", subject: { commonName: "Giáo viên" } });
}, 60_000);
beforeEach(() => {
  now = Date.now();
});
afterEach(() => {
  pki.faults.crl = {};
  pki.faults.ocsp = {};
  pki.faults.crt = {};
});
afterAll(async () => {
  await pki.close();
  rmSync(directory, { recursive: true });
});
now = Date.now();

const fetcher = (options: EvidenceFetcherOptions = {}) =>
  new EvidenceFetcher({ allow: new AllowList(["127.0.0.1"]), clock: () => now, ...options });
const ask = (kind: EvidenceKind, url?: string): EvidenceRequest => ({
  kind,
  url:
    url ??
    {
      crl: `${pki.baseUrl}/crl/issuing.crl`,
      ocsp: pki.ocspUrl,
      "issuer-certificate": `${pki.baseUrl}/crt/issuing.crt`,
    }[kind],
  certificate: leaf.certificate,
  issuer: pki.issuing.certificate,
});
function firstItem(result: EvidenceResult | undefined): Uint8Array {
  if (!result?.ok) throw result?.error ?? new Error("no result");
  return result.items[0]!;
}
/** Source or reason of each result. */
const outcomes = async (f: EvidenceFetcher, ...requests: EvidenceRequest[]) =>
  (await f.fetch(requests)).map((r) => (r.ok ? r.source : `${r.error.code} ${r.error.details.reason ?? ""}`.trim()));

describe("buildOcspRequest", () => {
  it("makes the request openssl makes", () => {
    const file = (name: string, der: Uint8Array) => {
      writeFileSync(join(directory, name), new X509Certificate(der).toString());
      return join(directory, name);
    };
    const names = ["-issuer", file("issuer.pem", pki.issuing.certificate), "-cert", file("leaf.pem", leaf.certificate)];
    for (const digest of ["sha1", "sha256"] as const) {
      const request = buildOcspRequest({ certificate: leaf.certificate, issuer: pki.issuing.certificate, digest });
      const args = ["ocsp", `-${digest}`, ...names, "-no_nonce", "-reqout", join(directory, "theirs.der")];
      spawnSync("openssl", args);
      writeFileSync(join(directory, "ours.der"), request);
      const text = (path: string) =>
        String(spawnSync("openssl", ["ocsp", "-reqin", join(directory, path), "-req_text"]).stdout);
      expect(text("ours.der")).toContain(leaf.serial);
      expect(text("ours.der")).toBe(text("theirs.der"));
    }
  });

  it("carries a nonce of a length RFC 8954 allows", () => {
    const request = (length: number) =>
      buildOcspRequest({
        certificate: leaf.certificate,
        issuer: pki.issuing.certificate,
        nonce: Buffer.alloc(length, 7),
      });
    writeFileSync(join(directory, "nonce.der"), request(32));
    const { stdout } = spawnSync("openssl", ["ocsp", "-reqin", join(directory, "nonce.der"), "-req_text"]);
    expect(String(stdout)).toMatch(/OCSP Nonce:\s+0420(07){32}\s/);
    expect(() => request(33)).toThrow(/nonce/);
    expect(() => request(0)).toThrow(/nonce/);
  });
});

describe("EvidenceFetcher", () => {
  it("brings CRL, OCSP answer and issuer's certificate", async () => {
    const [crl, ocsp, issuer] = await fetcher().fetch([ask("crl"), ask("ocsp"), ask("issuer-certificate")]);
    expect(crl).toMatchObject({ ok: true, source: "network", items: [await pki.crl()] });
    expect(issuer).toMatchObject({ ok: true, items: [pki.issuing.certificate] });
    writeFileSync(join(directory, "answer.der"), firstItem(ocsp));
    const { stdout } = spawnSync("openssl", [
      "ocsp",
      "-respin",
      join(directory, "answer.der"),
      "-noverify",
      "-resp_text",
    ]);
    expect(String(stdout)).toContain("Cert Status: good");
  });

  it("goes nowhere but to public addresses and those the operator lists", async () => {
    const closed = fetcher({ allow: new AllowList() });
    expect(await outcomes(closed, ask("crl"), ask("ocsp", "http://127.0.0.1/"), ask("crl", "ldap://ca/x"))).toEqual([
      "FETCH_REFUSED port",
      "FETCH_REFUSED address",
      "FETCH_REFUSED scheme",
    ]);
  });

  it("asks again only when HTTP, the issuer or the operator's limit say so, and then conditionally", async () => {
    const f = fetcher({ minAgeMs: 2_000, maxAgeMs: { ocsp: 60_000 } });
    expect(await outcomes(f, ask("crl"), ask("ocsp"))).toEqual(["network", "network"]);
    now += 1_000;
    expect(await outcomes(f, ask("crl"), ask("ocsp"))).toEqual(["cache", "cache"]);
    // The list is served with no-cache: the floor of two seconds is over.
    now += 2_000;
    // Garbage in place of a body goes unseen only where the answer is 304, without one.
    pki.faults.crl = { garbage: true };
    const [again] = await f.fetch([ask("crl")]);
    expect(again).toMatchObject({ ok: true, source: "network", fetchedAt: now, items: [await pki.crl()] });
    expect(await outcomes(f, ask("ocsp"))).toEqual(["cache"]);
    now += 60_000;
    expect(await outcomes(f, ask("ocsp"))).toEqual(["network"]);
  });

  it("sees a revocation at the next asking", async () => {
    const f = fetcher();
    const other = await pki.issueLeaf({ keyType: "ec-p256", subject: { commonName: "Thu hồi" } });
    const [before] = await f.fetch([ask("crl")]);
    pki.revoke(other.serial, "keyCompromise");
    now += 5_000;
    const [after] = await f.fetch([ask("crl")]);
    const has = (r: EvidenceResult | undefined) => Buffer.from(firstItem(r)).includes(Buffer.from(other.serial, "hex"));
    expect([has(before), has(after)]).toEqual([false, true]);
  });

  it("joins equal requests in flight", async () => {
    pki.faults.crl = { latencyMs: 30, quota: 1 };
    expect(await outcomes(fetcher(), ...Array.from({ length: 20 }, () => ask("crl")))).toEqual(
      Array(20).fill("network"),
    );
  });

  it("lives on what its issuer still vouches for while the line is down, and no longer", async () => {
    const f = fetcher();
    await f.fetch([ask("crl"), ask("ocsp")]);
    pki.faults.crl = { down: true };
    pki.faults.ocsp = { tryLater: true };
    // Times in an OCSP answer are whole seconds.
    now += 3_600_000 - 2_000;
    expect(await outcomes(f, ask("crl"), ask("ocsp"))).toEqual(["stale", "cache"]);
    now += 3_000;
    expect(await outcomes(f, ask("crl"), ask("ocsp"))).toEqual(["stale", "FETCH_FAILED ocsp-status"]);
    now += 7 * 86_400_000;
    expect(await outcomes(f, ask("crl"))).toEqual(["FETCH_FAILED network"]);
  });

  it("remembers a failure for a short while", async () => {
    const f = fetcher({ negativeTtlMs: 30_000 });
    pki.faults.crl = { http500: true, times: 1 };
    expect(await outcomes(f, ask("crl"))).toEqual(["FETCH_FAILED status"]);
    now += 29_000;
    expect(await outcomes(f, ask("crl"))).toEqual(["FETCH_FAILED status"]);
    now += 2_000;
    expect(await outcomes(f, ask("crl"))).toEqual(["network"]);
  });

  it("takes nothing for evidence that is none", async () => {
    pki.faults.crl = { html: true };
    pki.faults.crt = { garbage: true };
    pki.faults.ocsp = { truncate: true };
    expect(await outcomes(fetcher(), ask("crl"), ask("issuer-certificate"), ask("ocsp"))).toEqual(
      Array(3).fill("FETCH_FAILED content"),
    );
    pki.faults.crl = { truncate: true };
    pki.faults.ocsp = { unauthorized: true };
    const [crl, ocsp] = await fetcher().fetch([ask("crl"), ask("ocsp")]);
    expect(crl).toMatchObject({ ok: false, error: { details: { reason: "content" } } });
    expect(ocsp).toMatchObject({ ok: false, error: { retryable: false, details: { status: "unauthorized" } } });
    expect(await outcomes(fetcher(), { ...ask("ocsp"), issuer: null })).toEqual(["FETCH_REFUSED"]);
    expect(await outcomes(fetcher(), { ...ask("ocsp"), certificate: new Uint8Array(3) })).toEqual(["DER_MALFORMED"]);
  });

  it("answers at the deadline, and has the late answer for the next call", async () => {
    const f = fetcher({ deadlineMs: 50 });
    pki.faults.crl = { latencyMs: 180, quota: 1 };
    expect(await outcomes(f, ask("crl"))).toEqual(["FETCH_FAILED timeout"]);
    // The list goes on loading, and by the quota it is asked for once only.
    const later: string[] = [];
    while (later.at(-1) !== "network" && later.at(-1) !== "cache" && later.length < 100) {
      later.push(...(await outcomes(f, ask("crl"))));
    }
    expect(later.slice(0, -1)).toEqual(Array(later.length - 1).fill("FETCH_FAILED timeout"));
    expect(["network", "cache"]).toContain(later.at(-1));
  });

  it("bounds what one call may ask, and what one host is asked at once", async () => {
    const few = fetcher({ maxRequests: 2 });
    expect(await outcomes(few, ask("crl"), ask("ocsp"), ask("issuer-certificate"))).toEqual([
      "network",
      "network",
      "FETCH_REFUSED",
    ]);
    pki.faults.crt = { latencyMs: 25 };
    const one = fetcher({ perHost: 1 });
    const urls = Array.from({ length: 6 }, (_, i) => ask("issuer-certificate", `${pki.baseUrl}/crt/${i}.crt`));
    const started = performance.now();
    expect(await outcomes(one, ...urls)).toEqual(Array(6).fill("FETCH_FAILED status"));
    expect(performance.now() - started).toBeGreaterThan(6 * 24);
  });

  it("keeps answers over a restart when given a directory", async () => {
    const place = join(directory, "mirror");
    await fetcher({ cache: new FileEvidenceCache(place) }).fetch([ask("crl"), ask("ocsp")]);
    pki.faults.crl = { down: true };
    const second = fetcher({ cache: new FileEvidenceCache(place) });
    expect(await outcomes(second, ask("ocsp"), ask("crl"))).toEqual(["cache", "cache"]);
    for (const name of readdirSync(place)) writeFileSync(join(place, name), '{"key":');
    const third = fetcher({ cache: new FileEvidenceCache(place) });
    expect(await outcomes(third, ask("crl"))).toEqual(["FETCH_FAILED network"]);
  });
});

describe("readEvidence", () => {
  it("says FETCH_FAILED or finds something, whatever the octets", async () => {
    const request = buildOcspRequest({ certificate: leaf.certificate, issuer: pki.issuing.certificate });
    const samples: [EvidenceKind, Uint8Array][] = [
      ["crl", await pki.crl()],
      ["ocsp", await pki.ocsp(request)],
      ["issuer-certificate", pki.issuing.certificate],
    ];
    let state = 20261123;
    const random = (n: number) => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return (state >>> 8) % n;
    };
    let refused = 0;
    for (let i = 0; i < 6_000; i++) {
      const [kind, sample] = samples[i % 3]!;
      const body = sample.slice(0, random(4) === 0 ? random(sample.length) : sample.length);
      for (let k = random(6); k >= 0 && body.length > 0; k--) body[random(Math.min(body.length, 400))] = random(256);
      try {
        expect(readEvidence(kind, body).items.length).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toMatchObject({ code: "FETCH_FAILED" });
        refused++;
      }
      // The services behind it read requests of the same making.
      if (i % 20 === 1) expect((await pki.ocsp(body)).length).toBeGreaterThan(0);
      if (i % 20 === 2) expect((await pki.tsa.authority.respond(body)).length).toBeGreaterThan(0);
    }
    expect(refused).toBeGreaterThan(1_000);
  });
});

describe("caches", () => {
  const entry = (octets: number) => ({
    items: [new Uint8Array(octets)],
    fetchedAt: 0,
    freshUntil: 0,
    nextUpdate: null,
    etag: null,
    lastModified: null,
  });

  it("let the least recently used leave when full", () => {
    const cache = new MemoryEvidenceCache(10_000);
    cache.set("a", entry(4_000));
    cache.set("b", entry(4_000));
    cache.get("a");
    cache.set("c", entry(4_000));
    expect([cache.get("a"), cache.get("b"), cache.get("c")].map((e) => e !== undefined)).toEqual([true, false, true]);
    cache.set("d", entry(20_000));
    expect(cache.get("d")).toBeUndefined();
    expect(cache.get("a")).toBeDefined();
  });

  it("stay within their size on disk", () => {
    const place = join(directory, "small");
    const cache = new FileEvidenceCache(place, 50_000);
    for (let i = 0; i < 30; i++) cache.set(String(i), entry(5_000));
    expect(readdirSync(place).length).toBeLessThan(9);
    expect(cache.get("29")).toBeDefined();
  });
});

describe("freshUntil", () => {
  const limits = { maxAgeMs: 3_600_000, minAgeMs: 2_000 };
  it("is the earliest of HTTP, nextUpdate and the limit, but not before the floor", () => {
    const t = Date.UTC(2026, 10, 23);
    expect(freshUntil({}, null, t, limits)).toBe(t + 3_600_000);
    expect(freshUntil({}, t + 60_000, t, limits)).toBe(t + 60_000);
    expect(freshUntil({}, t - 60_000, t, limits)).toBe(t + 2_000);
    expect(freshUntil({ "cache-control": "public, max-age=60" }, null, t, limits)).toBe(t + 60_000);
    expect(freshUntil({ "cache-control": "max-age=60", age: "50" }, null, t, limits)).toBe(t + 10_000);
    expect(freshUntil({ "cache-control": "max-age=99999999" }, null, t, limits)).toBe(t + 3_600_000);
    expect(freshUntil({ "cache-control": "No-Store" }, null, t, limits)).toBe(t + 2_000);
    expect(freshUntil({ expires: "0" }, null, t, limits)).toBe(t + 2_000);
    const [date, expires] = ["Mon, 23 Nov 2026 10:00:00 GMT", "Mon, 23 Nov 2026 10:05:00 GMT"];
    expect(freshUntil({ date, expires }, null, t, limits)).toBe(t + 300_000);
  });
});
