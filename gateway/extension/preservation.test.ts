import { shippedProfiles } from "@hocba/signatures/profiles";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { transcriptPdf, transcriptXml } from "../demo/sample-class/index.ts";
import { examine } from "../doctor/index.ts";
import type { DocumentView } from "../routes/document-view.ts";
import { type SigningSite, startSigningSite } from "../testing/index.ts";
import { openPreservationBook } from "./preservation-book.ts";

const profiles = new Map(
  [...shippedProfiles].map(([name, profile]) => [
    name,
    { ...profile, level: name === "hocba-xml" ? "LTA" : "LT" } as const,
  ]),
);

describe("documents of a profile with a long-term level", () => {
  let site: SigningSite;
  beforeAll(async () => {
    site = await startSigningSite({ pupils: 1 });
  }, 120_000);
  afterAll(() => site?.close());

  type App = Awaited<ReturnType<SigningSite["gateway"]>>["app"];
  const headers = () => ({ authorization: `Bearer ${site.apiKey}` });
  async function signed(app: App, body: Uint8Array, profile: string): Promise<DocumentView> {
    const url = `/v1/documents?profile=${profile}&className=${encodeURIComponent(site.sample.className)}`;
    const answer = await app.request(url, {
      method: "POST",
      body: body as Uint8Array<ArrayBuffer>,
      headers: headers(),
    });
    const { id } = (await answer.json()) as DocumentView;
    return vi.waitFor(
      async () => {
        const view = (await (await app.request(`/v1/documents/${id}`, { headers: headers() })).json()) as DocumentView;
        expect(`${view.state} ${JSON.stringify(view.problem)}`).toBe("signed null");
        return view;
      },
      { timeout: 30_000, interval: 100 },
    );
  }
  const content = async (app: App, id: string, revision: string) =>
    new Uint8Array(
      await (
        await app.request(`/v1/documents/${id}/content?revision=${revision}`, { headers: headers() })
      ).arrayBuffer(),
    );
  const judged = async (app: App, file: Uint8Array) =>
    (await (
      await app.request("/v1/verifications", { method: "POST", body: file as Uint8Array<ArrayBuffer> })
    ).json()) as {
      indication: string;
      signatures: { format: string; level: string }[];
      registry: { status: string };
    };
  const levels = (report: { signatures: { format: string; level: string }[] }) => [
    ...new Set(report.signatures.filter((s) => s.format !== "DocTimeStamp").map((s) => s.level)),
  ];

  it("are issued at that level, and renewed before their time stamps run out, under the same status", async () => {
    const { app } = await site.gateway({}, { profiles });
    await (await site.worker({}, { profiles })).start();
    const pdf = await signed(app, await transcriptPdf(site.sample.pupils[0]!), "hocba-pdf");
    const issued = await content(app, pdf.id, "signed");
    expect(levels(await judged(app, issued))).toEqual(["LT"]);
    expect(await content(app, pdf.id, "preserved")).toEqual(issued);
    const xml = await signed(app, transcriptXml(site.sample.pupils[0]!), "hocba-xml");
    const found = await judged(app, await content(app, xml.id, "signed"));
    // Teachers' signatures lie inside what principal and seal sign: their data stands with these.
    expect(levels(found)).toEqual(["LT", "LTA"]);
    expect(found.signatures.slice(-2).map((s) => s.level)).toEqual(["LTA", "LTA"]);

    // A gateway that renews everything it keeps, as at the end of the authority's certificate.
    await site.stopParts();
    const year = 365 * 86_400_000;
    const late = Date.now() + 3 * year;
    const book = openPreservationBook(`${site.root}/preservation.sqlite`);
    for (const entry of book.claim(late, 0, 10)) expect(entry.attempts).toBe(0);
    book.close();
    const again = await site.gateway({}, { profiles });
    const renewed = await vi.waitFor(
      async () => {
        const now = await content(again.app, pdf.id, "preserved");
        expect(now.length).toBeGreaterThan(issued.length);
        return now;
      },
      { timeout: 30_000, interval: 100 },
    );
    expect(Buffer.from(renewed.subarray(0, issued.length)).equals(Buffer.from(issued))).toBe(true);
    const verdict = await judged(again.app, renewed);
    expect(verdict).toMatchObject({ indication: "TOTAL-PASSED", registry: { status: "current" } });
    expect(levels(verdict)).toEqual(["LTA"]);
    expect(await content(again.app, pdf.id, "signed")).toEqual(issued);
    const audit = await site.ledger.audit.entries({ after: 0, limit: 10_000 });
    expect(audit.filter((entry) => entry.action === "document.renewed").length).toBeGreaterThan(0);

    const complaints = [];
    const doctor = { ...site, receiptKey: null, profiles, verify: null };
    for await (const complaint of examine(doctor)) complaints.push(complaint);
    expect(complaints).toEqual([]);

    await again.app.request(`/v1/documents/${pdf.id}/withdrawal`, {
      method: "POST",
      body: JSON.stringify({ reason: "sai điểm" }),
      headers: { ...headers(), "content-type": "application/json" },
    });
    expect((await judged(again.app, renewed)).registry.status).toBe("withdrawn");
  }, 120_000);
});
