import { analyseChanges, type ChangeLevel } from "../../pdf/changes/index.ts";
import type { PdfDocument, PdfSignature, SignatureCoverage } from "../../pdf/index.ts";
import { type Conclusion, failed, passed } from "../conclusion.ts";
import { finding } from "../findings.ts";
import type { Policy } from "../policy.ts";
import type { SignatureReport } from "../report.ts";

const SHOWN = 6;

export interface LaterChanges {
  readonly laterChanges: SignatureReport["laterChanges"];
  /** The heaviest change found. */
  readonly level: ChangeLevel;
  readonly conclusion: Conclusion;
}

/** What came after a signature, and whether ISO 32000-2 §12.8.2 permits it, as a conclusion of format checking. */
export function judgeLaterChanges(
  document: PdfDocument,
  signature: PdfSignature,
  covered: SignatureCoverage,
  policy: Policy,
): LaterChanges {
  if (covered.level === "whole-file" && signature.removedIn === null)
    return { laterChanges: "none", level: "none", conclusion: passed() };
  const analysis = analyseChanges(document, signature);
  const codes = [...new Set(analysis.findings.map((f) => f.code))];
  const changes = codes.slice(0, SHOWN).join(", ") + (codes.length > SHOWN ? ", …" : "");
  switch (analysis.verdict) {
    case "none":
      return { laterChanges: "none", level: "none", conclusion: passed() };
    case "permitted":
      return {
        laterChanges: "permitted",
        level: analysis.level,
        conclusion: passed(finding("LATER_CHANGES_PERMITTED", { changes })),
      };
    case "suspicious": {
      const refused = analysis.findings.filter((f) => f.level === "suspicious").map((f) => f.code);
      const named = [...new Set(refused.length > 0 ? refused : codes)].slice(0, SHOWN).join(", ");
      const told = finding("LATER_CHANGES_SUSPICIOUS", { changes: named });
      const fails = policy.rules["later-changes"].effect === "fail";
      return {
        laterChanges: "suspicious",
        level: "suspicious",
        conclusion: fails ? failed("FORMAT_FAILURE", told) : passed({ ...told, severity: "warning" }),
      };
    }
  }
}
