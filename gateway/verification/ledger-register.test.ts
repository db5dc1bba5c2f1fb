import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { transcriptXml } from "../demo/sample-class/index.ts";
import { openSqliteLedger } from "../ledger/index.ts";
import { newId } from "../new-id.ts";
import { type SigningSite, startSigningSite } from "../testing/index.ts";
import { createVerifierInThreads, type VerifierInThreads } from "./verifier-in-threads.ts";

const BUILT = new URL("../dist/verification/verification-thread.js", import.meta.url);

describe("the public verification beside a ledger", () => {
  let site: SigningSite;
  let signed: Uint8Array;
  let verifier: VerifierInThreads;
  beforeAll(async () => {
    site = await startSigningSite({ pupils: 1 });
    const bytes = transcriptXml(site.sample.pupils[0]!);
    const { document } = await site.ledger.documents.accept({
      id: newId("doc", Date.now()),
      sha256: await site.store.put(bytes),
      size: bytes.length,
      format: "xml",
      profile: "hocba-xml",
      school: site.sample.school.code,
      externalId: null,
      idempotencyKey: null,
      className: site.sample.className,
      batchId: null,
      actor: "test",
    });
    const { pipeline } = await site.worker();
    expect(await pipeline.advance(document.id)).toEqual({ kind: "done" });
    signed = await site.store.get((await site.ledger.documents.get(document.id))!.currentSha256);
  }, 120_000);
  afterEach(() => verifier.close());
  afterAll(() => site?.close());

  /** The verdict of a gateway with another ledger: with the school but nobody bound, or without the school. */
  async function beside(name: string, schools: string[]) {
    const dataDir = join(site.root, name);
    const ledger = openSqliteLedger({ path: join(dataDir, "ledger.sqlite"), clock: Date.now });
    for (const code of schools) await ledger.registry.putSchool({ code, name: "Trường" }, "test");
    verifier = createVerifierInThreads({ ...site.config(), dataDir }, BUILT);
    const report = await verifier.verify(signed, "x.xml");
    await ledger.close();
    return report;
  }
  const codes = (report: { findings: readonly { code: string }[] }) => report.findings.map(({ code }) => code);

  it("finds the signers of its own school in the ledger", async () => {
    verifier = createVerifierInThreads(site.config(), BUILT);
    const report = await verifier.verify(signed, "x.xml");
    expect(report.indication).toBe("TOTAL-PASSED");
    expect(codes(report)).not.toContain("HOCBA_NO_REGISTRY");
  });

  it("does not pass what persons signed whom its school has not bound, however good their certificates", async () => {
    const report = await beside("nobody", [site.sample.school.code]);
    expect(report.indication).toBe("TOTAL-FAILED");
    expect(codes(report).filter((code) => code === "HOCBA_NOT_REGISTERED")).toHaveLength(report.signatures.length);
  });

  it("has no opinion on the signers of other schools, and says so", async () => {
    const report = await beside("elsewhere", ["another"]);
    expect(report.indication).toBe("TOTAL-PASSED");
    expect(codes(report)).toContain("HOCBA_NO_REGISTRY");
  });
});
