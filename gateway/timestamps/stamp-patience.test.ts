import { setTimeout as delay } from "node:timers/promises";
import { beforeEach, describe, expect, it } from "vitest";
import { GatewayError } from "../errors.ts";
import { type StampPatience, stampPatience } from "./stamp-patience.ts";
import type { Stamp } from "./timestamp-endpoint.ts";
import type { TimestampRouter } from "./timestamp-router.ts";

const digest = new Uint8Array([1]);
const stamp: Stamp = { token: new Uint8Array([2]), genTime: 1, tsa: "CN=TSA", endpoint: "first" };

describe("patience with time-stamping authorities", () => {
  let mode: "quick" | "refuses" | "hangs" | "none";
  let asked: number;
  let now: number;
  let patience: StampPatience;
  const router: TimestampRouter = {
    endpoints: () => [],
    async stamp(_, signal) {
      asked++;
      if (mode === "hangs") {
        await new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
      }
      if (mode === "none") throw new GatewayError("TSA_UNAVAILABLE", "none is configured");
      if (mode === "refuses") throw new GatewayError("TSA_UNAVAILABLE", "refused", { retryable: true });
      return stamp;
    },
  };
  beforeEach(() => {
    mode = "quick";
    asked = 0;
    now = 1000;
    patience = stampPatience(router, { patienceMs: 60, failures: 2, restMs: 1000, clock: () => now });
  });

  it("gives the stamps that come, and asks for none where none is wanted", async () => {
    expect(await patience.soon([digest, null, digest])).toEqual([stamp, null, stamp]);
    expect(await patience.soon([null])).toEqual([null]);
    expect(asked).toBe(2);
  });

  it("asks again after a hiccup, and nothing is late", async () => {
    mode = "refuses";
    const patient = stampPatience(router, { patienceMs: 5000, failures: 5, restMs: 1000, clock: () => now });
    const stamps = patient.soon([digest]);
    await delay(20);
    mode = "quick";
    expect(await stamps).toEqual([stamp]);
    expect(patient.lagging).toBe(false);
  });

  it("waits no longer than its patience; then nobody waits and nobody asks", async () => {
    mode = "hangs";
    const started = performance.now();
    expect(await Promise.all([patience.soon([digest]), patience.soon([digest, digest])])).toEqual([
      [null],
      [null, null],
    ]);
    expect(performance.now() - started).toBeLessThan(2000);
    expect(patience.lagging).toBe(true);
    const before = asked;
    for (let i = 0; i < 100; i++) expect(await patience.soon([digest])).toEqual([null]);
    expect(asked).toBe(before);
  });

  it("ends the waiting of all after refusals in a row", async () => {
    mode = "refuses";
    const long = stampPatience(router, { patienceMs: 60_000, failures: 2, restMs: 1000, clock: () => now });
    const all = await Promise.all(Array.from({ length: 8 }, () => long.soon([digest])));
    expect(all).toEqual(Array.from({ length: 8 }, () => [null]));
    expect(long.lagging).toBe(true);
  });

  it("tries one document after the rest, and believes a success", async () => {
    mode = "hangs";
    await patience.soon([digest]);
    now += 1000;
    const before = asked;
    const trial = patience.soon([digest]);
    expect(await patience.soon([digest]), "one at a time").toEqual([null]);
    expect(await trial).toEqual([null]);
    expect(asked).toBe(before + 1);
    now += 1999;
    mode = "quick";
    expect(await patience.soon([digest]), "the second rest is longer").toEqual([null]);
    now += 1;
    expect(await patience.soon([digest])).toEqual([stamp]);
    expect(patience.lagging).toBe(false);
  });

  it("takes a late stamp as the end of refusals, and not as the end of slowness", async () => {
    mode = "refuses";
    const refused = stampPatience(router, { patienceMs: 60_000, failures: 1, restMs: 1000, clock: () => now });
    await refused.soon([digest]);
    mode = "hangs";
    await patience.soon([digest]);
    mode = "quick";
    for (const each of [refused, patience]) expect(await each.whenever(digest)).toEqual(stamp);
    expect([refused.lagging, patience.lagging]).toEqual([false, true]);
  });

  it("throws what waiting cannot mend", async () => {
    mode = "none";
    await expect(patience.soon([digest])).rejects.toMatchObject({ code: "TSA_UNAVAILABLE", retryable: false });
    expect(patience.lagging).toBe(false);
  });
});
