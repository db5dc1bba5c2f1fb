import { describe, expect, it } from "vitest";
import { sharedPath } from "../shared-material.ts";
import { readManifest, scoreCorpus, tell, verifyCorpusFile } from "./dss-score.ts";

const folder = sharedPath("corpora/dss-xades");

describe.skipIf(!folder)("DSS's XAdES documents", () => {
  const files = folder ? readManifest(folder).filter((f) => f.role !== "detached content") : [];
  const results = files.map((f) => [f, verifyCorpusFile(folder!, f, f.expected?.tests?.[0]?.detached)] as const);
  const score = scoreCorpus(results);
  tell("dss-xades", score);

  it("never calls an intact one broken, nor a broken one intact", () => {
    expect(score.intactReportedBroken).toEqual([]);
    expect(score.brokenReportedIntact).toEqual([]);
  });

  it("agrees on level, count and indication in at least 95 of 100 statements", () => {
    expect(score.stood / score.stated).toBeGreaterThanOrEqual(0.95);
  });

  it("never calls one passed without trust", () => {
    expect(results.filter(([, r]) => r.indication === "TOTAL-PASSED").map(([f]) => f.file)).toEqual([]);
  });
});
