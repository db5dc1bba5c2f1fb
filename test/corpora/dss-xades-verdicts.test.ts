import { describe, expect, it } from "vitest";
import { sharedPath } from "../shared-material.ts";
import { readManifest, scoreCorpus, tell, verifyCorpusFile } from "./dss-score.ts";

const folder = sharedPath("corpora/dss-xades");

/** Where we differ from DSS, and why. */
const EXPLAINED: Record<string, string> = {
  "X-E-ERS-DETACHED-LT-data-not-covered-chain-renewal-invalid.xml":
    "DSS names the kind of evidence record; the level here says that the time stamp's chain lacks revocation data.",
  "dss-signed-altered-refRemoved.xml": "The signature value is wrong: failed, where DSS stays undecided.",
  "xades-counter-sig-copied-sigtst.xml": "DSS counts one token copied to three places once.",
};

describe.skipIf(!folder)("DSS's XAdES documents", () => {
  const files = folder ? readManifest(folder).filter((f) => f.role !== "detached content") : [];
  const results = files.map((f) => [f, verifyCorpusFile(folder!, f, f.expected?.tests?.[0]?.detached)] as const);
  const score = scoreCorpus(results);
  tell("dss-xades", score);

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
