import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { transcriptPdf, transcriptXml } from "./demo/sample-class/index.ts";
import type { DocumentView } from "./routes/document-view.ts";
import { type SigningSite, startSigningSite } from "./testing/index.ts";

describe("the main job, over HTTP, with a real token, Redis and time stamps", () => {
  let site: SigningSite;
  let pdf: Uint8Array;
  let xml: Uint8Array;
  beforeAll(async () => {
    site = await startSigningSite();
    const [transcript] = site.sample.pupils;
    pdf = await transcriptPdf(transcript!);
    xml = transcriptXml(transcript!);
  }, 120_000);
  afterAll(() => site?.close());
  afterEach(async () => {
    site.pki.faults.tsa = {};
    site.pki.faults.crl = {};
    site.pki.faults.ocsp = {};
    await site.stopParts();
  });

  const authorization = () => ({ authorization: `Bearer ${site.apiKey}` });
  type App = Awaited<ReturnType<SigningSite["gateway"]>>["app"];
  async function submit(app: App, body: Uint8Array, profile: string, className = site.sample.className) {
    const answer = await app.request(`/v1/documents?profile=${profile}&className=${encodeURIComponent(className)}`, {
      method: "POST",
      body: body as Uint8Array<ArrayBuffer>,
      headers: authorization(),
    });
    expect(answer.status, await answer.clone().text()).toBe(202);
    return ((await answer.json()) as DocumentView).id;
  }
  async function view(app: App, id: string): Promise<DocumentView> {
    const answer = await app.request(`/v1/documents/${id}`, { headers: authorization() });
    return (await answer.json()) as DocumentView;
  }
  async function reaches(app: App, id: string, state: string, timeout = 20_000): Promise<DocumentView> {
    return vi.waitFor(
      async () => {
        const found = await view(app, id);
        expect(`${found.state} ${JSON.stringify(found.problem)}`).toBe(`${state} null`);
        return found;
      },
      { timeout, interval: 50 },
    );
  }

  it("signs a PDF by homeroom teacher, principal and seal", async () => {
    const { app } = await site.gateway();
    (await site.worker()).start();
    const id = await submit(app, pdf, "hocba-pdf");
    const signed = await reaches(app, id, "signed");
    expect(signed.steps.map(({ role, level, state }) => ({ role, level, state }))).toEqual([
      { role: "homeroom-teacher", level: "T", state: "complete" },
      { role: "principal", level: "T", state: "complete" },
      { role: "seal", level: "T", state: "complete" },
    ]);
  }, 40_000);

  it("signs an XML transcript by every subject teacher, homeroom teacher, principal and seal", async () => {
    const { app } = await site.gateway();
    (await site.worker()).start();
    const id = await submit(app, xml, "hocba-xml");
    const signed = await reaches(app, id, "signed");
    expect(signed.steps.length).toBeGreaterThan(10);
    expect(signed.steps.every(({ level, state }) => level === "T" && state === "complete")).toBe(true);
  }, 40_000);
});
