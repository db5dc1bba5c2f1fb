import { readFileSync } from "node:fs";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { verifyDocument } from "@hocba/signatures/verify";
import { afterAll, describe, expect, it } from "vitest";
import { sharedPath } from "../shared-material.ts";

const folders = {
  cades: sharedPath("corpora/dss-cades"),
  xades: sharedPath("corpora/dss-xades"),
  pades: sharedPath("corpora/dss-pades"),
} as const;

type Kind = keyof typeof folders;
/** For each evidence record time stamp of each signature: `holds`, `fails` or `open` (what it covers lies outside the corpus). */
type Answer = "holds" | "fails" | "open";

const HELLO = new TextEncoder().encode("Hello World!");

// Answers as the suite these files come from states them; three files are signed over "Hello World!", which stands in their records.
const CASES: [Kind, string, Answer[][], Uint8Array?][] = [
  ["cades", "C-E-ERS.p7m", [["holds"]]],
  ["cades", "C-E-ERS-basic.p7m", [["holds"]]],
  ["cades", "C-E-ERS-basic-invalid-sig.p7m", [["fails"]]],
  ["cades", "C-B-B-wrong-er-attribute.p7m", [["fails"]]],
  ["cades", "C-E-ERS-parallel-ers.p7m", [["holds", "holds"]]],
  ["cades", "C-E-ERS-two-er.p7m", [["holds", "holds"]]],
  ["cades", "C-E-ERS_renewed_hashtree_invalid.p7m", [["fails", "fails", "fails"]]],
  ["cades", "C-E-ERS-detached.p7s", [["holds"]], HELLO],
  ["cades", "C-E-ERS-detached.p7s", [["open"]]],
  ["cades", "C-E-ERS-detached-original-not-covered.p7s", [["fails"]], HELLO],
  ["cades", "C-E-ERS-detached_renewed_hashtree.p7s", [["holds", "holds", "holds"]], HELLO],
  ["cades", "C-E-ERS-detached_renewed_hashtree_invalid.p7s", [["fails", "fails", "fails"]], HELLO],
  ["cades", "CAdEs-BpT+ER-without-reducedHashTree.p7m", [["holds"]]],
  // The suite this file comes from misses a second hash value of the first list. It would be right for a group of documents,
  // whose list may hold nothing else (RFC 4998 §4.3); for one document, what stands beside its hash value is another's leaf of
  // the tree, as it is in every reduced hash tree (§4.2), and the way from the document to the time stamp is whole.
  ["pades", "PAdES_with_er.pdf", [["holds"]]],
  ["xades", "X-E-ERS-basic.xml", [["holds"]]],
  ["xades", "X-E-ERS-basic-chain-renewal.xml", [["holds", "holds", "holds"]]],
  ["xades", "X-E-ERS-LT.xml", [["holds"], []]],
  ["xades", "X-E-ERS-with-counter-sig.xml", [["holds"], []]],
  ["xades", "X-E-ERS-two-parallel-ers.xml", [["holds", "holds"]]],
  ["xades", "X-E-ERS-two-parallel-ers-one-invalid.xml", [["holds", "fails"]]],
  ["xades", "Double-sig-X-E-ERS-LT.xml", [["holds"], ["holds"]]],
  ["xades", "XAdES-B_ER_Renewed_no_can.xml", [["fails", "fails"]]],
  ["xades", "X-E-ERS-DETACHED-LT.xml", [["open"]]],
  ["xades", "X-E-ERS-MANIFEST.xml", [["open"]]],
  ["xades", "X-E-ERS-DETACHED-LT-data-not-covered-chain-renewal-invalid.xml", [["fails", "fails"]]],
];

describe.skipIf(!folders.cades || !folders.xades)("evidence records inside signatures", () => {
  let right = 0;
  afterAll(() => console.log(`embedded evidence records: ${right}/${CASES.length} as stated`));

  for (const [kind, name, answers, detachedContent] of CASES) {
    it(`${name}${detachedContent ? " with its content" : ""}: ${answers.map((a) => a.join(", ") || "none").join("; ")}`, () => {
      const path = `${folders[kind]}/dss-${kind}/src/test/resources/validation/evidence-record/${name}`;
      const bytes = new Uint8Array(readFileSync(path));
      expect(recordsOf(bytes, detachedContent)).toEqual(answers);
      right++;
    });
  }

  it("no longer hold when the signature they cover has been exchanged", () => {
    const path = `${folders.cades}/dss-cades/src/test/resources/validation/evidence-record/C-E-ERS-basic.p7m`;
    const bytes = new Uint8Array(readFileSync(path));
    // An octet of what is signed, far from the record.
    const changed = bytes.with(400, bytes[400]! ^ 1);
    expect(recordsOf(changed)).toEqual([["fails"]]);
  });
});

function recordsOf(bytes: Uint8Array, detachedContent?: Uint8Array): Answer[][] {
  const { report } = verifyDocument(bytes, {
    crypto: nodeCrypto,
    policy: "etsi-baseline",
    time: new Date("2025-06-01T00:00:00Z"),
    anchors: [],
    certificates: [],
    crls: [],
    ocspResponses: [],
    fileName: "corpus",
    ...(detachedContent ? { detachedContent } : {}),
  });
  return report.signatures.map((s) =>
    s.timestamps
      .filter((t) => t.type === "evidence-record")
      .map((t) => {
        if (t.imprintMatches) return "holds";
        return t.subIndication === "HASH_FAILURE" ? "fails" : "open";
      }),
  );
}
