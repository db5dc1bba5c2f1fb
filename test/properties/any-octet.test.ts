import { nodeCrypto } from "@hocba/certs/crypto/node";
import { PathCache } from "@hocba/certs/path";
import { parseTrustAnchors } from "@hocba/certs/trust";
import { type VerificationReport, verifyDocument } from "@hocba/signatures/verify";
import { beforeAll, describe, expect, it } from "vitest";
import { type Random, random } from "../fuzz/random.ts";
import { corpusDocuments, type SignedDocument } from "./corpus-documents.ts";
import { type FreshDocuments, freshDocuments } from "./fresh-documents.ts";
import { type SignedOctets, signedOctets } from "./signed-octets.ts";

/** HOCBA_OCTETS: how many octets of each corpus document are tried; documents made now get twenty times as many. */
const each = Number(process.env.HOCBA_OCTETS ?? 2);
const SEED = 3_2026;

describe("any octet changed under a signature", { timeout: 60_000 + each * 60_000 }, () => {
  let fresh: FreshDocuments;
  let context: Omit<Parameters<typeof verifyDocument>[1], "fileName">;
  beforeAll(async () => {
    fresh = await freshDocuments();
    context = {
      crypto: nodeCrypto,
      policy: "vn-official",
      time: new Date(),
      anchors: parseTrustAnchors(fresh.root),
      certificates: [],
      crls: fresh.crls,
      ocspResponses: [],
      cache: new PathCache(),
    };
  }, 60_000);

  const verify = (document: SignedDocument): VerificationReport =>
    verifyDocument(document.bytes, {
      ...context,
      fileName: document.name,
      ...(document.detached ? { detachedContent: document.detached } : {}),
    }).report;

  /** Changes octets one at a time. @returns how many, and where a signature over the octet was still called intact */
  function attack(document: SignedDocument, number: number, seed: number): { tried: number; failures: string[] } {
    const before = verify(document);
    const intact = intactOf(before);
    const signed = signedOctets(document.bytes, before.format).filter((s) => intact.has(s.signature));
    const choice = random(SEED, seed);
    const failures: string[] = [];
    let tried = 0;
    for (let i = 0; i < number && signed.length > 0; i++) {
      const at = anyOctet(choice.pick(signed), choice);
      if (at === null) continue;
      const bytes = document.bytes.slice();
      bytes[at] = changed(bytes[at]!, before.format, choice);
      if (bytes[at] === document.bytes[at]) continue;
      tried++;
      const after = verify({ ...document, bytes });
      const still = intactOf(after);
      const over = signed.filter((s) => s.ranges.some(([from, to]) => at >= from && at < to));
      const told = over.filter((s) => still.has(s.signature)).map((s) => s.signature);
      if (told.length > 0 || still.size > intact.size - over.length || after.indication === "TOTAL-PASSED") {
        failures.push(
          `${document.name} octet ${at}: ${document.bytes[at]} → ${bytes[at]}, ${told.join()} ${after.indication}`,
        );
      }
    }
    return { tried, failures };
  }

  it("never leaves it intact: documents signed now, in every form", () => {
    let tried = 0;
    for (const [index, document] of fresh.documents.entries()) {
      expect(verify(document).indication, document.name).toBe("TOTAL-PASSED");
      const outcome = attack(document, each * 20, index);
      expect(outcome.failures).toEqual([]);
      // The content of a detached signature lies in another file.
      if (document.name !== "fresh/detached.p7s") expect(outcome.tried, document.name).toBeGreaterThan(each * 10);
      tried += outcome.tried;
    }
    console.log(`any octet: ${tried} octets of ${fresh.documents.length} fresh documents`);
  });

  it("never leaves it intact: the content beside a detached signature", () => {
    const document = fresh.documents.find((d) => d.detached)!;
    for (let at = 0; at < document.detached!.length; at++) {
      const detached = document.detached!.slice();
      detached[at] = detached[at]! ^ (1 << (at % 8));
      expect(intactOf(verify({ ...document, detached })).size).toBe(0);
    }
  });

  it("never leaves it intact: the corpora", () => {
    const documents = corpusDocuments();
    let [tried, reached] = [0, 0];
    const failures: string[] = [];
    for (const [index, document] of documents.entries()) {
      const outcome = attack(document, each, 1000 + index);
      tried += outcome.tried;
      if (outcome.tried > 0) reached++;
      failures.push(...outcome.failures);
    }
    console.log(`any octet: ${tried} octets of ${reached} corpus documents`);
    expect(failures).toEqual([]);
  });
});

function intactOf(report: VerificationReport): Set<string> {
  const name = (id: string, index: number) => (report.format === "pdf" ? id : String(index));
  return new Set(report.signatures.flatMap((s, i) => (s.integrity === "intact" ? [name(s.id, i)] : [])));
}

function anyOctet(signed: SignedOctets, choice: Random): number | null {
  const total = signed.ranges.reduce((sum, [from, to]) => sum + to - from, 0);
  let at = choice.below(total);
  for (const [from, to] of signed.ranges) {
    if (at < to - from) return from + at;
    at -= to - from;
  }
  return null;
}

/** In XML a letter for another: what stays well-formed is the harder case. Elsewhere any bit. */
function changed(octet: number, format: string, choice: Random): number {
  if (format !== "xml") return octet ^ (1 << choice.below(8));
  return octet === 0x61 ? 0x62 : 0x61;
}
