import { createHash, randomBytes } from "node:crypto";
import { PDFDocument } from "pdf-lib";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { BlobStore } from "../store/index.ts";
import { type SigningSite, startSigningSite } from "../testing/index.ts";

const MIB = 1024 * 1024;
const SIZE = 2 * MIB;

/** A PDF of about `SIZE` octets, each another one. */
async function largePdf(): Promise<Uint8Array> {
  const document = await PDFDocument.create();
  document.addPage();
  await document.attach(randomBytes(SIZE), "filler.bin");
  return document.save({ useObjectStreams: false });
}

const digest = (octets: Uint8Array) => createHash("sha256").update(octets).digest("hex");

describe("large documents", () => {
  let site: SigningSite;
  beforeAll(async () => {
    site = await startSigningSite({ pupils: 1 });
  }, 120_000);
  afterAll(() => site?.close());
  const headers = () => ({ authorization: `Bearer ${site.apiKey}` });

  it("are signed in turns when there is room for one alone, and come back with nothing changed but what was appended", async () => {
    const originals = await Promise.all(Array.from({ length: 4 }, largePdf));
    const byDigest = new Map(originals.map((octets, i) => [digest(octets.subarray(0, SIZE)), i]));
    const revisions: number[] = [];
    const store: BlobStore = {
      ...site.store,
      put(content, sha256) {
        revisions.push(byDigest.get(digest(content.subarray(0, SIZE))) ?? -1);
        return site.store.put(content, sha256);
      },
    };
    const changes = {
      limits: { documentBytes: 4 * MIB, bytesInWork: 3 * MIB },
      // What strangers may send says nothing of what the gateway signs.
      verification: { maxBytes: MIB },
    };
    const { app } = await site.gateway(changes);
    const ids = await Promise.all(
      originals.map(async (body) => {
        const answer = await app.request(`/v1/documents?profile=hocba-pdf&className=${site.sample.className}`, {
          method: "POST",
          body: body as Uint8Array<ArrayBuffer>,
          headers: headers(),
        });
        expect(answer.status).toBe(202);
        return ((await answer.json()) as { id: string }).id;
      }),
    );
    const worker = await site.worker(changes, { store });
    await worker.start();
    for (const [i, id] of ids.entries()) {
      await vi.waitFor(
        async () => {
          const { document } = (await site.ledger.documents.dossier(id))!;
          expect([document.state, document.error]).toEqual(["signed", null]);
        },
        { timeout: 30_000, interval: 50 },
      );
      const answer = await app.request(`/v1/documents/${id}/content`, { headers: headers() });
      const content = new Uint8Array(await answer.arrayBuffer());
      expect(Number(answer.headers.get("content-length"))).toBe(content.length);
      expect(`"${digest(content)}"`).toBe(answer.headers.get("etag"));
      expect(digest(content.subarray(0, originals[i]!.length))).toBe(digest(originals[i]!));
    }
    // Three revisions each, one document after the other: never two in work.
    expect(revisions).toHaveLength(12);
    expect(revisions.filter((of, i) => of !== revisions[i - 1])).toHaveLength(4);
    expect(new Set(revisions)).toEqual(new Set([0, 1, 2, 3]));
  }, 60_000);
});
