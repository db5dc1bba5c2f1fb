import { writeFile } from "node:fs/promises";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import type { VerificationReport } from "@hocba/signatures/verify";
import { etsiValidationReport } from "@hocba/signatures/verify/reports";

/** Where reports go; absent ones are not made. */
export interface ReportFiles {
  readonly pdf?: string | undefined;
  readonly xml?: string | undefined;
}

/**
 * Writes a report for printing and as ETSI TS 119 102-2 XML. `certificates`: DER, put into the XML where signers' are among them.
 * @throws DrawingError FONT_MISSING, and what the file system throws
 */
export async function writeReports(
  report: VerificationReport,
  files: ReportFiles,
  certificates: readonly Uint8Array[] = [],
): Promise<void> {
  if (files.pdf) {
    // Fonts and drawing take long to load, and few calls ask for them.
    const { pdfReport } = await import("./pdf-report.ts");
    await writeFile(files.pdf, await pdfReport(report));
  }
  if (files.xml) await writeFile(files.xml, etsiValidationReport(report, { certificates, crypto: nodeCrypto }));
}
