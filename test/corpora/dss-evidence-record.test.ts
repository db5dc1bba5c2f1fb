import { readFileSync } from "node:fs";
import type { DigestAlgorithm } from "@hocba/certs/crypto";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { SignaturesError } from "@hocba/signatures";
import {
  type DataObject,
  digestedObject,
  type EvidenceRecord,
  fileObject,
  parseEvidenceRecord,
  verifyEvidenceRecord,
} from "@hocba/signatures/evidence-records";
import { afterAll, describe, expect, it } from "vitest";
import { sharedPath } from "../shared-material.ts";

const root = sharedPath("corpora/dss-evidence-record");

/** `open`: the data objects lie outside the corpus, so that all but their digests is checked. */
type Answer = "intact" | "broken" | "open" | "malformed";
/** Files of the corpus, texts, or the digests in the record's own first list. */
type Data = { files: string[] } | { text: string } | "first-list";

const text = (value: string): Data => ({ text: value });
const archived = text("da2e47f2-53f4-4610-8210-f0f05d67d0c9");
const bins = (...files: string[]): Data => ({ files: files.map((f) => `${f}.bin`) });
const xades: Data = { files: ["valid-xades-t.xml"] };

// Data and answers as the suite these files come from states them.
const CASES: Record<"asn1" | "xml", Record<string, [Data, Answer]>> = {
  asn1: {
    "1_2_Renew_Unsorted.er": [text("123456"), "intact"],
    "BIN-1_ER_malformed.ers": [bins("BIN-1"), "malformed"],
    "BIN-2_ER.ers": [bins("BIN-2"), "intact"],
    "BIN-3_ER.ers": [bins("BIN-3"), "intact"],
    "BIN-4_ER.ers": [bins("BIN-4"), "intact"],
    "ER-2Chains3ATS.ers": [bins("ER-2Chains3ATS1", "ER-2Chains3ATS2"), "intact"],
    "bsi_gov_vte-lza_002.ers": ["first-list", "intact"],
    "er-asn1-chain-renewal-invalid.ers": [text("\t"), "broken"],
    "er-asn1-full-renewal-three-ats-chain.ers": [text("\u0003"), "intact"],
    "er-asn1-on-tst.ers": ["first-list", "intact"],
    "er-asn1-one-level-hashtree.ers": [text("\u0002"), "intact"],
    "er-asn1-simple-invalid.ers": ["first-list", "broken"],
    "er-asn1-tst-renewal-invalid.ers": [bins("ER-2Chains3ATS1", "ER-2Chains3ATS2"), "broken"],
    "er-simple.xml": ["first-list", "intact"],
    "evidencerecord.ers": ["first-list", "intact"],
  },
  xml: {
    "er-chain-renewal-copied-tst-no-hashtree.xml": [archived, "broken"],
    "er-chain-renewal-invalid.xml": [archived, "broken"],
    "er-chain-renewal-missing-doc-ref.xml": [archived, "broken"],
    "er-chain-renewal-three-atschain.xml": [xades, "intact"],
    "er-chain-renewal-tst-renewal.xml": [xades, "intact"],
    "er-chain-renewal-two-atschain.xml": [xades, "intact"],
    "er-malformed.xml": ["first-list", "malformed"],
    "er-no-hashtree-xml.xml": [{ files: ["sample-c14n.xml"] }, "intact"],
    "er-no-hashtree.xml": ["first-list", "open"],
    "er-not-perfect-tree.xml": ["first-list", "intact"],
    "er-on-tst.xml": ["first-list", "intact"],
    "er-same-digest.xml": ["first-list", "intact"],
    "er-simple-bom.xml": ["first-list", "intact"],
    "er-tst-renewal-no-hashtree-invalid.xml": ["first-list", "broken"],
    "er-tst-renewal-same-tst.xml": ["first-list", "broken"],
    "er-tst-renewal.xml": ["first-list", "intact"],
  },
};

describe.skipIf(!root)("evidence records of the DSS corpus", () => {
  let right = 0;
  let total = 0;
  afterAll(() => console.log(`dss-evidence-record: ${right}/${total} as stated`));

  for (const syntax of ["asn1", "xml"] as const) {
    const folder = `${root}/dss-evidence-record-${syntax}/src/test/resources/`;
    const load = (name: string) => new Uint8Array(readFileSync(folder + name));

    for (const [name, [data, answer]] of Object.entries(CASES[syntax])) {
      it(`${name} is ${answer}`, () => {
        total++;
        expect(judge(load(name), data, load)).toBe(answer === "open" ? "indeterminate" : answer);
        right++;
      });
    }

    it(`no data object but the archived one passes (${syntax})`, () => {
      const stranger = [fileObject(nodeCrypto, new TextEncoder().encode("a stranger"))];
      for (const [name, [, answer]] of Object.entries(CASES[syntax])) {
        if (answer === "malformed") continue;
        expect(verifyEvidenceRecord(parseEvidenceRecord(load(name)), stranger, { crypto: nodeCrypto }).verdict).toBe(
          "broken",
        );
      }
    });

    it(`a record with any octet of a digest changed is not intact (${syntax})`, () => {
      for (const [name, [data, answer]] of Object.entries(CASES[syntax])) {
        if (answer !== "intact" || data === "first-list") continue;
        const record = parseEvidenceRecord(load(name));
        for (const changed of withChangedDigests(record)) {
          const verdict = verifyEvidenceRecord(changed, objects(changed, data, load), { crypto: nodeCrypto }).verdict;
          expect(verdict, name).toBe("broken");
        }
      }
    });
  }
});

describe.skipIf(!root)("damaged evidence records", () => {
  it("are refused by code or judged, never crash, and take no time", () => {
    const random = mulberry32(4998);
    const data = [fileObject(nodeCrypto, new TextEncoder().encode("123456"))];
    const outcomes = { malformed: 0, judged: 0, slowest: 0 };
    for (const syntax of ["asn1", "xml"] as const) {
      for (const name of Object.keys(CASES[syntax])) {
        const path = `${root}/dss-evidence-record-${syntax}/src/test/resources/${name}`;
        const whole = new Uint8Array(readFileSync(path));
        for (let round = 0; round < 60; round++) {
          const start = performance.now();
          try {
            verifyEvidenceRecord(parseEvidenceRecord(damage(whole, random)), data, { crypto: nodeCrypto });
            outcomes.judged++;
          } catch (error) {
            if (!(error instanceof SignaturesError && error.code.startsWith("EVIDENCE_RECORD_"))) throw error;
            outcomes.malformed++;
          }
          outcomes.slowest = Math.max(outcomes.slowest, performance.now() - start);
        }
      }
    }
    console.log(`damaged evidence records: ${outcomes.malformed} refused, ${outcomes.judged} judged`);
    expect(outcomes.malformed).toBeGreaterThan(100);
    expect(outcomes.slowest).toBeLessThan(2000);
  });
});

/** Octets changed, cut out or doubled at random places. */
function damage(bytes: Uint8Array, random: () => number): Uint8Array {
  const out = [...bytes];
  for (let n = 1 + Math.floor(random() * 4); n > 0; n--) {
    const at = Math.floor(random() * (random() < 0.5 ? Math.min(out.length, 300) : out.length));
    const what = random();
    if (what < 0.7) out[at] = Math.floor(random() * 256);
    else if (what < 0.85) out.splice(at, 1 + Math.floor(random() * 20));
    else out.splice(at, 0, ...out.slice(at, at + 1 + Math.floor(random() * 20)));
  }
  return Uint8Array.from(out);
}

/** A small generator of numbers below 1 with a seed, so that a failure can be repeated. */
function mulberry32(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function judge(bytes: Uint8Array, data: Data, load: (name: string) => Uint8Array): string {
  let record: EvidenceRecord;
  try {
    record = parseEvidenceRecord(bytes);
  } catch (error) {
    if (error instanceof SignaturesError && error.code === "EVIDENCE_RECORD_MALFORMED") return "malformed";
    throw error;
  }
  return verifyEvidenceRecord(record, objects(record, data, load), { crypto: nodeCrypto }).verdict;
}

function objects(record: EvidenceRecord, data: Data, load: (name: string) => Uint8Array): DataObject[] {
  if (data === "first-list") {
    const { hashTree, digestAlgorithm } = record.chains[0]!.timestamps[0]!;
    const values = hashTree?.[0] ?? [];
    return values.map((value) => digestedObject({ [digestAlgorithm as DigestAlgorithm]: value }));
  }
  const octets = "text" in data ? [new TextEncoder().encode(data.text)] : data.files.map(load);
  return octets.map((bytes) => fileObject(nodeCrypto, bytes));
}

/** Copies of the record, in each of which one digest of one hash tree differs in one bit. */
function* withChangedDigests(record: EvidenceRecord): Generator<EvidenceRecord> {
  for (const [c, chain] of record.chains.entries()) {
    for (const [t, timestamp] of chain.timestamps.entries()) {
      for (const [l, list] of (timestamp.hashTree ?? []).entries()) {
        for (const d of list.keys()) {
          const tree = structuredClone(timestamp.hashTree!) as Uint8Array[][];
          tree[l]![d] = tree[l]![d]!.with(0, tree[l]![d]![0]! ^ 1);
          const timestamps = chain.timestamps.with(t, { ...timestamp, hashTree: tree });
          yield { ...record, chains: record.chains.with(c, { ...chain, timestamps }) };
        }
      }
    }
  }
}
