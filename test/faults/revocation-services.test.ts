import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type DemoSite, startDemoSite } from "../end-to-end/demo-site.ts";

vi.setConfig({ testTimeout: 120_000 });

describe("revocation services that cannot be reached", () => {
  let site: DemoSite;
  beforeAll(async () => {
    site = await startDemoSite({ pupils: 2 });
  }, 120_000);
  afterEach(() => {
    site.demo.pki.faults.crl = {};
    site.demo.pki.faults.ocsp = {};
  });
  afterAll(() => site?.close());

  /** What was fetched lately may be used for a while; new processes know nothing yet. */
  async function forget(): Promise<void> {
    for (const part of ["worker", "gateway"] as const) {
      await site.demo.parts.get(part)!.stop();
      await site.demo.restart(part);
    }
  }

  it("CRL and OCSP: signed documents wait for their verification, nobody is told they are valid, none is lost", async () => {
    site.demo.pki.faults.crl = { down: true };
    site.demo.pki.faults.ocsp = { down: true };
    const ids = await site.acceptClass("no revocation");
    for (const id of ids) {
      const document = await site.until(id, ({ state, error, attempts }) => {
        expect(state, "never signed without verification").not.toBe("signed");
        return state === "verifying" && error !== null && attempts >= 2;
      });
      expect(document.error!.code).toBe("VERIFICATION_INDETERMINATE");
      expect((await site.content(id)).status).toBe(409);
      // The revision in work can be looked at; the public endpoint leaves it open.
      const { bytes } = await site.content(id, "?revision=current");
      const report = await site.verdict(bytes);
      expect(report.indication).toBe("INDETERMINATE");
      expect(report.signatures.every(({ integrity }) => integrity === "intact")).toBe(true);
    }
    site.demo.pki.faults.crl = {};
    site.demo.pki.faults.ocsp = {};
    const before = new Map<string, string>();
    for (const id of ids) before.set(id, (await site.ledger.documents.get(id))!.currentSha256);
    for (const id of ids) {
      await site.expectSignedOnce(id);
      expect((await site.ledger.documents.get(id))!.currentSha256, "not signed anew").toBe(before.get(id));
    }
  });

  it.each([
    ["OCSP alone is down", { ocsp: { down: true } }],
    ["CRLs alone are down", { crl: { down: true } }],
    ["OCSP answers are forged", { ocsp: { badSignature: true } }],
    ["CRLs are a captive portal's web page", { crl: { html: true } }],
  ] as const)("%s: the other one is enough", async (_, faults) => {
    await forget();
    if ("ocsp" in faults) site.demo.pki.faults.ocsp = faults.ocsp;
    if ("crl" in faults) site.demo.pki.faults.crl = faults.crl;
    const id = await site.accept({ content: await site.pdf(), profile: "hocba-pdf" });
    await site.expectSignedOnce(id);
  });

  it("forged answers of both are believed by nobody", async () => {
    await forget();
    site.demo.pki.faults.crl = { badSignature: true };
    site.demo.pki.faults.ocsp = { badSignature: true };
    const id = await site.accept({ content: await site.pdf(), profile: "hocba-pdf" });
    const document = await site.until(id, ({ state, error }) => state === "signed" || error !== null);
    expect(`${document.state} ${document.error?.code}`).toBe("verifying VERIFICATION_INDETERMINATE");
    site.demo.pki.faults.crl = {};
    site.demo.pki.faults.ocsp = {};
    await site.expectSignedOnce(id);
    await site.expectAuditIntact();
  });
});
