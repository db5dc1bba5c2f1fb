import { readFileSync } from "node:fs";
import { join } from "node:path";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { equalBytes } from "@hocba/certs/der";
import { parseTimestampToken } from "@hocba/signatures/timestamps";
import { parseXml, readXadesProperties, type XmlSignature } from "@hocba/signatures/xml";
import { describe, expect, it } from "vitest";
import { sharedPath } from "../shared-material.ts";
import { type Judged, judgeAll, readBytes, readIf } from "./xml-vectors.ts";

const folder = sharedPath("corpora/dss-xades");
const RESOURCES = "dss-xades/src/test/resources";

interface Entry {
  file: string;
  expected?: { consensus?: string; tests?: { defaults?: { timestamps?: string }; detached?: string[] }[] };
}

function judge(entry: Entry): Judged[] {
  const document = parseXml(readBytes(join(folder!, entry.file)));
  return judgeAll(document, (uri) => (uri === null ? null : readIf(join(folder!, RESOURCES, uri))));
}

/** The kinds of those time stamps whose imprint fits nothing it may stand for. */
function imprintMisses(signature: XmlSignature): string[] {
  const properties = readXadesProperties(signature);
  if (!properties) return [];
  const { contentTimestamps, signatureTimestamps, refsTimestamps, archiveTimestamps } = properties;
  const misses: string[] = [];
  for (const stamp of [...contentTimestamps, ...signatureTimestamps, ...refsTimestamps, ...archiveTimestamps]) {
    for (const token of stamp.tokens) {
      const { imprint } = parseTimestampToken(token);
      const digest = imprint.digestAlgorithm!;
      if (!stamp.inputs().some((i) => equalBytes(nodeCrypto.digest(digest, i), imprint.digest)))
        misses.push(stamp.kind);
    }
  }
  return misses;
}

describe.skipIf(!folder)("DSS XAdES documents, the mathematics", { timeout: 60_000 }, () => {
  const manifest: Entry[] = folder ? JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) : [];

  it("are never broken where all agree they are intact, nor intact where all agree they are broken", () => {
    const wrong: string[] = [];
    const counts = { intact: 0, broken: 0, unresolved: 0 };
    for (const entry of manifest) {
      const consensus = entry.expected?.consensus ?? "";
      if (!consensus.startsWith("agreed-")) continue;
      const judged = judge(entry);
      const broken = judged.some(
        (j) =>
          j.value === "invalid" ||
          j.signature.references.some((r) => r.status === "broken" || r.status === "ambiguous"),
      );
      const intact = judged.length > 0 && judged.every((j) => j.sound);
      if (consensus === "agreed-intact" && broken) wrong.push(`${entry.file}: broken`);
      if (consensus === "agreed-broken" && intact) wrong.push(`${entry.file}: intact`);
      counts[broken ? "broken" : intact ? "intact" : "unresolved"]++;
    }
    console.log(`dss-xades: ${JSON.stringify(counts)}, ${wrong.length} against the consensus`);
    expect(wrong).toEqual([]);
    expect(counts.intact).toBeGreaterThan(40);
  });

  it("have their time stamps' imprints found where DSS finds them", () => {
    const wrong: string[] = [];
    let stamped = 0;
    for (const entry of manifest) {
      const tests = entry.expected?.tests ?? [];
      if (entry.expected?.consensus !== "agreed-intact" || tests.length === 0) continue;
      if (!tests.every((t) => t.defaults?.timestamps)) continue;
      for (const { signature } of judge(entry)) {
        const misses = imprintMisses(signature);
        stamped++;
        if (misses.length > 0) wrong.push(`${entry.file}: ${misses}`);
      }
    }
    console.log(`dss-xades: imprints of ${stamped} signatures, ${wrong.length} missed`);
    expect(wrong).toEqual([]);
  });
});
