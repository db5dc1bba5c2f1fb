import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { SignaturesError } from "@hocba/signatures";
import {
  analyseChanges,
  coverage,
  openPdf,
  securityStore,
  signatureFields,
  signedRanges,
  walkPages,
} from "@hocba/signatures/pdf";

/** All files below `root` that look like PDFs. */
export function pdfFiles(root: string): string[] {
  return readdirSync(root)
    .flatMap((name) => {
      const path = join(root, name);
      return statSync(path).isDirectory() ? pdfFiles(path) : [path];
    })
    .filter((path) => /\.(pdf|fuzz)$/i.test(path));
}

export interface Reading {
  /** `read`, or the code of the SignaturesError. */
  outcome: string;
  milliseconds: number;
  signatures: number;
}

/** Reads everything the PDF reader offers. Any error but a SignaturesError passes through and fails the test. */
export function readEverything(bytes: Uint8Array): Reading {
  const start = performance.now();
  const done = (outcome: string, signatures = 0): Reading => ({
    outcome,
    signatures,
    milliseconds: performance.now() - start,
  });
  try {
    const document = openPdf(bytes);
    const signatures = signatureFields(document);
    for (const signature of signatures) {
      coverage(document, signature);
      signedRanges(document, signature);
      analyseChanges(document, signature);
    }
    securityStore(document.latest);
    let pages = 0;
    for (const page of walkPages(document.latest)) if (page.dict && ++pages > 10_000) break;
    return done("read", signatures.length);
  } catch (error) {
    if (error instanceof SignaturesError) return done(error.code);
    throw error;
  }
}

export const load = (path: string): Uint8Array => new Uint8Array(readFileSync(path));
