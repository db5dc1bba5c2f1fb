import { transcriptPdf, transcriptXml } from "@hocba/gateway/demo/sample-class";
import type { SigningSite } from "@hocba/gateway/testing";

export interface SignedTranscripts {
  /** Address of a gateway that serves the portal from `portal` and verifies against the site's root. */
  readonly address: string;
  readonly pdf: Uint8Array;
  readonly xml: Uint8Array;
  readonly unsignedPdf: Uint8Array;
}

const patienceMs = 40_000;

/** Leads one pupil's transcript, as XML and as PDF, through a real gateway and worker, and leaves the gateway listening. */
export async function signTranscripts(site: SigningSite, portal: string): Promise<SignedTranscripts> {
  const gateway = await site.gateway({ portal: { path: portal } });
  const worker = await site.worker();
  worker.start();
  const address = `http://127.0.0.1:${await gateway.start()}`;
  const transcript = site.sample.pupils[0]!;
  const unsignedPdf = await transcriptPdf(transcript);
  const [pdf, xml] = await Promise.all([
    signed(site, address, unsignedPdf, "hocba-pdf"),
    signed(site, address, transcriptXml(transcript), "hocba-xml"),
  ]);
  return { address, pdf, xml, unsignedPdf };
}

async function signed(site: SigningSite, address: string, body: Uint8Array, profile: string): Promise<Uint8Array> {
  const headers = { authorization: `Bearer ${site.apiKey}` };
  const className = encodeURIComponent(site.sample.className);
  const accepted = await fetch(`${address}/v1/documents?profile=${profile}&className=${className}`, {
    method: "POST",
    body: body as Uint8Array<ArrayBuffer>,
    headers,
  });
  if (accepted.status !== 202) throw new Error(`not accepted: ${await accepted.text()}`);
  const { id } = (await accepted.json()) as { id: string };
  const until = Date.now() + patienceMs;
  for (;;) {
    const view = (await (await fetch(`${address}/v1/documents/${id}`, { headers })).json()) as { state: string };
    if (view.state === "signed") break;
    if (["failed", "rejected"].includes(view.state) || Date.now() > until) throw new Error(JSON.stringify(view));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const content = await fetch(`${address}/v1/documents/${id}/content`, { headers });
  return new Uint8Array(await content.arrayBuffer());
}
