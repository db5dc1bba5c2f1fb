import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { PathCache } from "@hocba/certs/path";
import { type SignatureReport, type VerificationReport, verifyDocument } from "@hocba/signatures/verify";

/** One row of a corpus manifest, as far as it is scored. */
export interface CorpusFile {
  file: string;
  role?: string;
  expected?: {
    consensus?: string;
    levels?: string[];
    signatures?: number;
    timestamps?: number;
    indications?: string[];
    subIndications?: string[];
    tests?: { detached?: string[]; parsed?: Record<string, unknown> }[];
  };
}

export function readManifest(folder: string): CorpusFile[] {
  return JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as CorpusFile[];
}

const cache = new PathCache();

/** Verifies a corpus file without any trust, as the corpora's oracles did: what is judged is mathematics and structure. */
export function verifyCorpusFile(
  folder: string,
  entry: CorpusFile,
  contents: readonly string[] = [],
): VerificationReport {
  const bytes = new Uint8Array(readFileSync(join(folder, entry.file)));
  const detached = contents.map((c) => join(folder, c)).find(existsSync);
  return verifyDocument(bytes, {
    crypto: nodeCrypto,
    policy: "etsi-baseline",
    time: new Date("2026-06-01T00:00:00Z"),
    anchors: [],
    certificates: [],
    crls: [],
    ocspResponses: [],
    profile: null,
    fileName: entry.file,
    cache,
    ...(detached ? { detachedContent: new Uint8Array(readFileSync(detached)) } : {}),
  }).report;
}

/** DSS's names of levels in our two words. */
export function expectedLevel(dss: string): { format: string; level: string } | null {
  if (dss.endsWith("_NOT_ETSI")) return { format: "any", level: "none" };
  const [family, ...rest] = dss.split("_");
  const level = rest.at(-1);
  const map: Record<string, string> = {
    B: "B",
    BES: "B",
    EPES: "B",
    T: "T",
    C: "T",
    X: "T",
    XL: "LT",
    LT: "LT",
    A: "LTA",
    LTA: "LTA",
    LTV: "LTA",
    ERS: "LTA",
  };
  return level && map[level] ? { format: family === "PKCS7" ? "PDF-CMS" : family!, level: map[level]! } : null;
}

const MAIN = (s: SignatureReport) => s.format !== "DocTimeStamp";

export interface Score {
  files: number;
  intactReportedBroken: string[];
  brokenReportedIntact: string[];
  stated: number;
  stood: number;
  misses: { file: string; what: string }[];
}

/** Scores reports against what the corpus states (its README): integrity absolutely, levels, counts and indications by share. */
export function scoreCorpus(results: readonly (readonly [CorpusFile, VerificationReport])[]): Score {
  const score: Score = {
    files: 0,
    intactReportedBroken: [],
    brokenReportedIntact: [],
    stated: 0,
    stood: 0,
    misses: [],
  };
  for (const [entry, report] of results) {
    const { expected } = entry;
    if (!expected) continue;
    score.files++;
    const main = report.signatures.filter(MAIN);
    if (expected.consensus === "agreed-intact" && (main.length === 0 || main.some((s) => s.integrity === "broken"))) {
      score.intactReportedBroken.push(entry.file);
    }
    if (expected.consensus === "agreed-broken" && main.length > 0 && main.every((s) => s.integrity === "intact")) {
      score.brokenReportedIntact.push(entry.file);
    }
    const state = (what: string, wanted: unknown, found: unknown, stands: boolean) => {
      score.stated++;
      if (stands) score.stood++;
      else {
        const told = `${what} ${JSON.stringify(wanted)}, found ${JSON.stringify(found)}`;
        score.misses.push({ file: entry.file.slice(entry.file.lastIndexOf("/") + 1), what: told });
      }
    };
    if (expected.levels) {
      const wanted = expected.levels.map(expectedLevel).filter((l) => l !== null);
      const found = main.map((s) => ({ format: s.format, level: s.level }));
      const fits = (w: { format: string; level: string }) =>
        found.some((f) => f.level === w.level && (w.format === "any" || f.format === w.format));
      state("levels", expected.levels, found, wanted.every(fits));
    }
    if (expected.signatures !== undefined) {
      state("signatures", expected.signatures, main.length, main.length === expected.signatures);
    }
    // What DSS counts inside evidence records, and says of them, is scored with the evidence records themselves.
    const inRecord = entry.file.includes("/evidence-record/");
    if (expected.timestamps !== undefined && !inRecord) {
      const count = timestampCount(report);
      state("timestamps", expected.timestamps, count, count === expected.timestamps);
    }
    const stated = [...new Set(expected.tests?.flatMap((t) => (t.parsed?.indications as string[] | undefined) ?? []))];
    if (stated.length > 0 && expected.indications?.length === 1 && !(inRecord && stated.includes("FAILED"))) {
      // Several tests of DSS verify one file, with and without trust: ours is without.
      const wanted = stated.map(indicationOf);
      // DSS says FAILED, without TOTAL, of a time stamp or evidence record.
      const stamps =
        expected.indications[0] === "FAILED" ? main.flatMap((s) => s.timestamps).map((t) => t.indication) : [];
      const found = [...main.map((s) => s.indication), report.indication, ...stamps];
      state(
        "indication",
        stated,
        found,
        found.some((f) => wanted.includes(f)),
      );
    }
  }
  return score;
}

function indicationOf(dss: string): string {
  if (dss === "FAILED" || dss === "TOTAL_FAILED") return "TOTAL-FAILED";
  if (dss === "NO_SIGNATURE_FOUND") return "NO-SIGNATURE";
  return dss.replace("_", "-");
}

/** Each token once: a DocTimeStamp is listed at every signature it covers. */
function timestampCount(report: VerificationReport): number {
  const documents = report.signatures.filter(
    (s) => s.format === "DocTimeStamp" && !s.findings.some((f) => f.code === "SIGNATURE_MALFORMED"),
  ).length;
  const own = report.signatures
    .filter(MAIN)
    .flatMap((s) => s.timestamps)
    .filter((t) => t.type !== "document" && t.type !== "evidence-record");
  return documents + own.length;
}

export function tell(name: string, score: Score): void {
  console.log(
    `${name}: ${score.files} files; intact reported broken ${score.intactReportedBroken.length}, broken reported intact ${score.brokenReportedIntact.length}; levels, counts, indications ${score.stood}/${score.stated}`,
  );
  for (const miss of score.misses) console.log(`  ${miss.file}: ${miss.what}`);
}
