import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { transcriptPdf } from "../demo/sample-class/index.ts";
import { examine, signaturesIn } from "../doctor/index.ts";
import { newId } from "../new-id.ts";
import { bullWorkList } from "../queue/index.ts";
import { openReceiptIssuer } from "../receipts/index.ts";
import type { DocumentView } from "../routes/document-view.ts";
import { type SigningSite, startSigningSite } from "../testing/index.ts";

describe("a principal who signs with a token of her own", () => {
  let site: SigningSite;
  beforeAll(async () => {
    site = await startSigningSite({ pupils: 1 });
    const school = site.sample.school.code;
    const [own] = await site.ledger.registry.bindingsFor(school, "principal", Date.now());
    const leaf = await site.pki.issueLeaf({ subject: { commonName: "Hiệu trưởng" } });
    await site.ledger.registry.revokeBinding(own!.id, "test");
    const { certificate } = leaf;
    await site.ledger.registry.addBinding({ ...own!, id: "principal/own", certificate, key: null }, "test");
  }, 120_000);
  afterAll(() => site?.close());

  it("keeps the document waiting without holding anything, and may refuse: what others signed stays as it is", async () => {
    const bytes = await transcriptPdf(site.sample.pupils[0]!);
    const { id } = (
      await site.ledger.documents.accept({
        id: newId("doc", Date.now()),
        sha256: await site.store.put(bytes),
        size: bytes.length,
        format: "pdf",
        profile: "hocba-pdf",
        school: site.sample.school.code,
        externalId: null,
        idempotencyKey: null,
        className: site.sample.className,
        batchId: null,
        actor: "test",
      })
    ).document;
    const { pipeline } = await site.worker();
    expect(await pipeline.advance(id)).toEqual({ kind: "done" });
    const { app } = await site.gateway();
    const headers = { authorization: `Bearer ${site.apiKey}`, "content-type": "application/json" };
    const listed = await app.request("/v1/documents?state=awaiting-signature", { headers });
    expect(((await listed.json()) as { documents: DocumentView[] }).documents.map((each) => each.id)).toEqual([id]);
    const list = bullWorkList(site.config().redis);
    expect(await list.depth(), "nothing on the work list").toBe(0);
    await list.close();
    expect(await site.ledger.documents.unfinishedOf(site.sample.school.code), "no part of the quota").toBe(0);
    expect((await site.ledger.documents.unfinished(Date.now(), 10, null)).length).toBe(0);

    const before = (await site.ledger.documents.dossier(id))!;
    expect(before.signatures).toMatchObject([{ stepId: "homeroom-teacher", state: "complete" }]);
    const refuse = (step: string, reason: string) =>
      app.request(`/v1/documents/${id}/steps/${step}/refusal`, {
        method: "POST",
        headers,
        body: JSON.stringify({ reason }),
      });
    expect((await refuse("principal", "x")).status, "a reason is needed").toBe(400);
    expect((await refuse("seal", "không phải lượt")).status, "not the seal's turn").toBe(409);
    expect((await refuse("principal", "Sai điểm môn Toán")).status).toBe(200);

    const after = (await site.ledger.documents.dossier(id))!;
    expect(after.document).toMatchObject({
      state: "rejected",
      currentSha256: before.document.currentSha256,
      error: { code: "SIGNER_REFUSED", details: { step: "principal", reason: "Sai điểm môn Toán" } },
    });
    expect(after.signatures).toEqual(before.signatures);
    const content = await site.store.get(after.document.currentSha256);
    expect(signaturesIn(content, "pdf").map(({ name }) => name)).toEqual(["GVCN"]);
    for (const what of ["preparation", "refusal"]) {
      const body = JSON.stringify({ reason: "lần nữa" });
      const again = await app.request(`/v1/documents/${id}/steps/principal/${what}`, { method: "POST", headers, body });
      expect(again.status, what).toBe(409);
    }
    const complaints = [];
    const parts = { ...site, receiptKey: openReceiptIssuer(site.root).key, profiles: new Map(), verify: null };
    for await (const complaint of examine(parts)) complaints.push(complaint);
    expect(complaints).toEqual([]);
  }, 60_000);
});
