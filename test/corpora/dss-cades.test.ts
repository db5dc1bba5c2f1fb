import { describe, expect, it } from "vitest";
import { sharedPath } from "../shared-material.ts";
import { readManifest, scoreCorpus, tell, verifyCorpusFile } from "./dss-score.ts";

const folder = sharedPath("corpora/dss-cades");

/** Where we differ from DSS, and why. */
const EXPLAINED: Record<string, string> = {
  "C-B-B-wrong-er-attribute.p7m":
    "An evidence record in the attribute meant for detached content still preserves what it covers.",
};

describe.skipIf(!folder)("DSS's CAdES documents", () => {
  const files = folder ? readManifest(folder).filter((f) => f.role !== "detached content") : [];
  const results = files.map((f) => [f, verifyCorpusFile(folder!, f, f.expected?.tests?.[0]?.detached)] as const);
  const score = scoreCorpus(results);
  tell("dss-cades", score);

  it("never calls an intact one broken, nor a broken one intact", () => {
    expect(score.intactReportedBroken).toEqual([]);
    expect(score.brokenReportedIntact).toEqual([]);
  });

  it("agrees on level, count and indication but for differences that have a reason", () => {
    expect(score.misses.map((m) => m.file).sort()).toEqual(Object.keys(EXPLAINED).sort());
  });

  it("never calls one passed without trust", () => {
    expect(results.filter(([, r]) => r.indication === "TOTAL-PASSED").map(([f]) => f.file)).toEqual([]);
  });
});
