import type { DocumentFormat } from "../ledger/index.ts";
import { cmsLevels } from "./cms-levels.ts";
import type { AskStamp, LevelFormat } from "./level-format.ts";
import { pdfLevels } from "./pdf-levels.ts";
import { signedParts } from "./signed-parts.ts";
import { xmlLevels } from "./xml-levels.ts";

/** @param content what a detached signature is over */
export function levelFormatOf(format: DocumentFormat, content: Uint8Array | null = null): LevelFormat {
  return format === "pdf" ? pdfLevels : format === "xml" ? xmlLevels : cmsLevels(content);
}

/**
 * Signatures (ids as in the verifier's report) that have no time stamp and would still gain by one. In XML those inside what a later
 * signature covers are not among them: a stamp would break that later one. @throws SignaturesError what reading the format throws
 */
export function bareSignatures(document: Uint8Array, format: DocumentFormat): string[] {
  return levelFormatOf(format).bare(document, signedParts(document, format));
}

/**
 * The document with time stamps for `ids`, from `bareSignatures`; the signature values and what they cover stay the same.
 * @throws what `ask` throws; SignaturesError where the format does not permit it
 */
export function stampLate(
  document: Uint8Array,
  format: DocumentFormat,
  ids: readonly string[],
  ask: AskStamp,
): Promise<Uint8Array> {
  return levelFormatOf(format).stampLate(document, ids, ask);
}
