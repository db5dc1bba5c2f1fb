import { readFileSync } from "node:fs";
import { join } from "node:path";
import { analyseChanges, coverage, openPdf, type PdfSignature, signatureFields } from "@hocba/signatures/pdf";
import { describe, expect, it, vi } from "vitest";
import { sharedPath } from "../shared-material.ts";
import { load } from "./pdf-corpus.ts";

interface OracleSignature {
  field: string;
  coverage?: string;
  modification?: string;
  byterange?: number[];
}
interface Entry {
  file: string;
  expected?: { oracles?: { pyhanko?: { encrypted?: boolean; sigs?: OracleSignature[] } } };
}

const COVERAGE: Record<string, string> = {
  ENTIRE_FILE: "whole-file",
  ENTIRE_REVISION: "earlier-revision",
  CONTIGUOUS_BLOCK_FROM_START: "partial",
  UNCLEAR: "unclear",
};

vi.setConfig({ testTimeout: 60_000 });

/**
 * Signatures after which pyHanko calls a change suspicious that we permit, and why. One that is not listed fails the test.
 */
const PERMITTED: [RegExp, string][] = [
  [/^form-update-.*-sneaky(-trailer)?\.pdf Sig1$/, "new objects only; what is also shown elsewhere stays unchanged"],
  [/^(Signature-P-DE_SCI-4)\.pdf/, "/Resources rewritten as an equal object under a new number (§7.3.10)"],
  [
    /^(DSS-2199|Signature-P-FR_CS-5|wrong-digest-algo)\.pdf/,
    "only the document security store and time stamps (§12.8.4.3)",
  ],
  [/^pades-(lt|t|lta|ltv|tst).*\.pdf/, "a maker's own trailer entry that leads to no stream (§7.5.5)"],
  [/^pades-ocsp-archiveCutOff-invalid\.pdf/, "a second signature of Acrobat, in a linearised file"],
  [/^pdf-structtreeroot-changes\.pdf/, "a structure element for the new signature's widget (§14.7.5.3)"],
];

/** Coverage we read otherwise. */
const COVERAGE_DIFFERS: [RegExp, string][] = [
  [/hello_signed_INCSAVE_signed_EDITED/, "the gap is not /Contents any more: unclear, not partial"],
  [/pades-ocsp-archiveCutOff-invalid/, "covers all of a linearised file's two sections"],
  [/coverage-anomalies\/base/, "/Contents is empty"],
];

const listed = (list: readonly [RegExp, string][], name: string): boolean =>
  list.some(([pattern]) => pattern.test(name));

for (const corpus of ["pyhanko-pdf", "dss-pades"]) {
  const root = sharedPath(`corpora/${corpus}`);
  describe.skipIf(!root)(`${corpus} against pyHanko's reading`, () => {
    it("finds the same signatures with the same coverage, and calls no suspicious change permitted", () => {
      const entries = JSON.parse(readFileSync(join(root!, "manifest.json"), "utf8")) as Entry[];
      const score = { signatures: 0, coverage: 0, changes: 0, reasoned: 0 };
      for (const { file, expected } of entries) {
        const oracle = expected?.oracles?.pyhanko;
        if (!oracle?.sigs?.length || oracle.encrypted) continue;
        const document = openPdf(load(join(root!, file)));
        const ours = signatureFields(document);
        for (const theirs of oracle.sigs) {
          const match = find(ours, theirs);
          expect(match, `${file} ${theirs.field}`).toBeDefined();
          score.signatures++;
          if (!theirs.coverage || !theirs.modification) continue;
          const level = coverage(document, match!).level;
          if (level === COVERAGE[theirs.coverage]) score.coverage++;
          else
            expect(listed(COVERAGE_DIFFERS, file), `${file} ${theirs.field}: ${theirs.coverage}, ${level}`).toBe(true);
          const suspicious = analyseChanges(document, match!).verdict === "suspicious";
          const name = `${file.slice(file.lastIndexOf("/") + 1)} ${theirs.field}`;
          if ((theirs.modification === "OTHER") === suspicious) score.changes++;
          else if (suspicious) expect.fail(`${name}: pyHanko permits what we do not`);
          else {
            expect(listed(PERMITTED, name), `${name}: pyHanko does not permit it`).toBe(true);
            score.reasoned++;
          }
        }
      }
      console.log(corpus, JSON.stringify(score));
    });
  });
}

/** The signature with the same ByteRange; by name where the oracle has none. */
function find(ours: readonly PdfSignature[], theirs: OracleSignature): PdfSignature | undefined {
  const range = theirs.byterange?.join(" ");
  return (
    ours.find((s) => range !== undefined && s.byteRange?.join(" ") === range && s.fieldName === theirs.field) ??
    ours.find((s) => s.fieldName === theirs.field)
  );
}
