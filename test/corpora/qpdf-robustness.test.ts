import { relative } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { sharedPath } from "../shared-material.ts";
import { load, pdfFiles, readEverything } from "./pdf-corpus.ts";

vi.setConfig({ testTimeout: 60_000 });

/** Hostile and broken files: each is read or refused with a code of ours, within two seconds. */
for (const corpus of ["qpdf-robustness", "pyhanko-pdf", "dss-pades", "pdf-attacks"]) {
  const root = sharedPath(`corpora/${corpus}`);
  describe.skipIf(!root)(`reading ${corpus}`, () => {
    it("ends in a reading or a SignaturesError, never in a crash or a hang", () => {
      const files = pdfFiles(root!);
      expect(files.length).toBeGreaterThan(10);
      const outcomes = new Map<string, number>();
      let slowest = 0;
      for (const file of files) {
        const { outcome, milliseconds } = readEverything(load(file));
        expect(milliseconds, relative(root!, file)).toBeLessThan(2000);
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        slowest = Math.max(slowest, milliseconds);
      }
      console.log(
        `${corpus}: ${files.length} files, ${[...outcomes].map(([k, n]) => `${k} ${n}`).join(", ")}, slowest ${slowest.toFixed(0)} ms`,
      );
    });
  });
}
