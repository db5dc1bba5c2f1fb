import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type DemoSite, startDemoSite } from "../end-to-end/demo-site.ts";

vi.setConfig({ testTimeout: 90_000 });

describe("a time-stamping authority that does not do its duty", () => {
  let site: DemoSite;
  beforeAll(async () => {
    site = await startDemoSite({ pupils: 2, timestampTimeoutMs: 1500 });
  }, 120_000);
  afterEach(() => {
    site.demo.pki.faults.tsa = {};
  });
  afterAll(() => site?.close());

  type Faults = DemoSite["demo"]["pki"]["faults"]["tsa"];
  const bad: readonly [string, Faults, RegExp][] = [
    ["refuses connections", { refuse: true }, /TSP_REJECTED: no answer/],
    ["never answers", { hang: true }, /no answer within 1500 ms/],
    ["answers another nonce", { wrongNonce: true }, /TSP_WRONG_NONCE/],
    ["stamps something else", { wrongImprint: true }, /TSP_WRONG_IMPRINT/],
    ["is a stranger of the same name", { wrongCertificate: true }, /TSP_UNTRUSTED/],
    ["has a clock that is wrong by hours", { clockSkewMs: 22_846_000 }, /TSP_CLOCK_SKEW/],
  ];

  it.each(bad)(
    "that %s: nothing counts as stamped, no key is used twice, all is signed once it is back",
    async (_, faults, said) => {
      site.demo.pki.faults.tsa = faults;
      const ids = await site.acceptClass(String(said));
      const values = new Map<string, Map<string, string>>();
      for (const id of ids) {
        const document = await site.until(id, ({ state, error, attempts }) => {
          expect(state, "never signed without a stamp").not.toBe("signed");
          return state === "stamping" && error?.code === "TSA_UNAVAILABLE" && attempts >= 2;
        });
        expect(JSON.stringify(document.error!.details)).toMatch(said);
        expect((await site.content(id)).status).toBe(409);
        const { signatures } = (await site.ledger.documents.dossier(id))!;
        expect(signatures.length).toBeGreaterThan(0);
        expect(signatures.filter(({ level, stampedAt }) => level !== null || stampedAt !== null)).toEqual([]);
        values.set(id, new Map(signatures.map(({ stepId, value }) => [stepId, Buffer.from(value!).toString("hex")])));
      }
      expect((await fetch(`${site.demo.baseUrl}/healthz`)).status).toBe(200);

      site.demo.pki.faults.tsa = {};
      for (const id of ids) {
        await site.expectSignedOnce(id);
        const { signatures } = (await site.ledger.documents.dossier(id))!;
        for (const [stepId, value] of values.get(id)!) {
          const now = signatures.find((signature) => signature.stepId === stepId)!;
          expect(Buffer.from(now.value!).toString("hex"), "the value of then").toBe(value);
        }
      }
    },
  );

  it("that is slow: documents take longer and come back stamped", async () => {
    site.demo.pki.faults.tsa = { latencyMs: 600 };
    const id = await site.accept({ content: await site.pdf(), profile: "hocba-pdf" });
    const started = Date.now();
    await site.expectSignedOnce(id);
    expect(Date.now() - started, "three signers one after the other").toBeGreaterThan(1500);
  });

  it("that fails now and then: every document comes back stamped", async () => {
    site.demo.pki.faults.tsa = { http500: true, skip: 5, times: 9 };
    for (const id of await site.acceptClass("now and then")) await site.expectSignedOnce(id);
  });

  it("leaves an audit log that is whole", () => site.expectAuditIntact());
});
