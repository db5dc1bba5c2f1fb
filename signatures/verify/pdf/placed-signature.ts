import type { ChangeLevel } from "../../pdf/changes/index.ts";
import type { PdfSignature, SignatureCoverage } from "../../pdf/index.ts";
import type { SignatureCandidate } from "../candidate.ts";
import type { Conclusion } from "../conclusion.ts";

/** One signature dictionary with all that was found out about its place in the file. */
export interface PlacedSignature {
  readonly signature: PdfSignature;
  readonly coverage: SignatureCoverage;
  readonly ranges: readonly Uint8Array[] | null;
  readonly placement: Conclusion;
  readonly laterChanges: SignatureCandidate["laterChanges"];
  readonly laterLevel: ChangeLevel;
}
