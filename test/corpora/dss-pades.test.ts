import { describe, expect, it } from "vitest";
import { sharedPath } from "../shared-material.ts";
import { readManifest, scoreCorpus, tell, verifyCorpusFile } from "./dss-score.ts";

const folder = sharedPath("corpora/dss-pades");

/** Where we differ from DSS, and why. */
const EXPLAINED: Record<string, string> = {
  "BadEncodedCMS.pdf": "DSS's CMS parser gives up on its encoding; other readers and ours do not.",
  "pades-enveloping-other-pdf.pdf":
    "DSS fails changes of /DA and /DR; ISO 32000-2 §12.8.2.2 permits form filling, and they serve it.",
};

describe.skipIf(!folder)("DSS's PAdES documents", () => {
  const files = folder ? readManifest(folder).filter((f) => f.role !== "detached content") : [];
  const results = files.map((f) => [f, verifyCorpusFile(folder!, f, f.expected?.tests?.[0]?.detached)] as const);
  const score = scoreCorpus(results);
  tell("dss-pades", score);

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
