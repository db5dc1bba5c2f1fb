import { parseCertificate } from "@hocba/certs/x509";
import { reliedOnUntil } from "@hocba/gateway/extension";
import { describe, expect, it } from "vitest";
import { cades, levelSite, levels } from "./level-site.ts";

const site = levelSite();
const { signed, extend } = site;

describe("the end of a time stamp", () => {
  const content = new TextEncoder().encode("gói");
  it("is the end of its certificates or of its algorithms, whichever comes first", async () => {
    const t = await signed(cades, content, { signingTime: new Date(site.now) });
    const { notAfter } = parseCertificate(site.pki.tsa.certificate);
    // RSA of 2048 bits ends with 2028 by ETSI TS 119 312, long before the certificate.
    expect(notAfter).toBeGreaterThan(Date.parse("2029-01-01"));
    expect(reliedOnUntil(t, "cms", site.parts)).toBe(Date.parse("2029-01-01"));
    const short = {
      ...site.parts,
      anchors: site.parts.anchors.map((a) => ({ ...a, validUntil: site.now + 30 * 86_400_000 })),
    };
    expect(reliedOnUntil(t, "cms", short)).toBe(site.now + 30 * 86_400_000);
    expect(reliedOnUntil(t, "cms", { ...site.parts, anchors: [] })).toBe(0);
    const bare = await signed(cades, content, { signingTime: new Date(site.now) }, { bare: true });
    expect(reliedOnUntil(bare, "cms", site.parts)).toBeNull();
  });
});

describe("validation data", { timeout: 120_000 }, () => {
  const content = new TextEncoder().encode("gói");
  const make = () => signed(cades, content, { signingTime: new Date(site.now) });

  it("is fetched once for each issuer, however many documents", async () => {
    const before = [await make(), await make(), await make()];
    for (const document of before) await extend(document, "LT", content);
    expect(site.requests.filter((r) => r.startsWith("crl")).sort()).toEqual([
      `crl ${site.pki.baseUrl}/crl/issuing.crl`,
      `crl ${site.pki.baseUrl}/crl/root.crl`,
    ]);
  });

  it("that cannot be had is waited for, never made up", async () => {
    site.pki.faults.crl = { http500: true };
    site.pki.faults.ocsp = { http500: true };
    const document = await make();
    await expect(extend(document, "LT", content)).rejects.toThrow(expect.objectContaining({ retryable: true }));
  });

  it("comes by OCSP where there is no CRL", async () => {
    site.pki.faults.crl = { http500: true };
    const { report } = await extend(await make(), "LTA", content);
    expect(levels(report)).toEqual(["1 LTA TOTAL-PASSED"]);
    expect(report.signatures[0]!.revocation.map((r) => r.source)).not.toContain("crl");
  });
});
