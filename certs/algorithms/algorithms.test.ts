import { describe, expect, it } from "vitest";
import { type AlgorithmUse, algorithmPolicies, judgeAlgorithm } from "./index.ts";

const at = (date: string) => Date.parse(date);
const rsa = (bits: number): AlgorithmUse => ({ use: "key", key: { kind: "rsa", bits } });
const signed = (digest: "md5" | "sha1" | "sha256"): AlgorithmUse => ({
  use: "signature",
  algorithm: { scheme: "rsa-pkcs1", digest },
});

describe("algorithm policies", () => {
  it("end an algorithm at its date, not before", () => {
    const policy = algorithmPolicies["etsi-ts-119-312"];
    expect(judgeAlgorithm(policy, signed("sha1"), at("2012-07-31")).acceptable).toBe(true);
    expect(judgeAlgorithm(policy, signed("sha1"), at("2012-08-01"))).toEqual({
      acceptable: false,
      algorithm: "sha1",
      until: at("2012-08-01"),
    });
    expect(judgeAlgorithm(policy, rsa(2048), at("2028-12-31")).acceptable).toBe(true);
    expect(judgeAlgorithm(policy, rsa(2048), at("2029-01-01")).acceptable).toBe(false);
    expect(judgeAlgorithm(policy, rsa(4096), at("2060-01-01")).until).toBe(Number.POSITIVE_INFINITY);
    expect(judgeAlgorithm(policy, rsa(512), at("2005-01-01")).until).toBeNull();
  });

  it("accept the G1 hierarchy and refuse what is broken, when asked for no more", () => {
    const policy = algorithmPolicies["not-broken"];
    expect(judgeAlgorithm(policy, signed("sha1"), at("2026-11-23")).acceptable).toBe(true);
    expect(judgeAlgorithm(policy, signed("md5"), at("2000-01-01"))).toMatchObject({ acceptable: false, until: null });
    expect(judgeAlgorithm(policy, rsa(1023), at("2000-01-01")).acceptable).toBe(false);
    // A curve given by explicit parameters has no size that can be relied on.
    expect(judgeAlgorithm(policy, { use: "key", key: { kind: "ec", bits: 0 } }, 0).acceptable).toBe(false);
  });
});
