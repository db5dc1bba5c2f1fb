import type { VerificationReport } from "@hocba/signatures/verify";
import { GatewayError } from "../errors.ts";
import { reach } from "../failpoint.ts";
import { fileNameOf } from "../media.ts";
import type { DocumentWork } from "./document-work.ts";
import { issueLevel } from "./issue-level.ts";

/**
 * verifying → signed: judges the document as a stranger would, and issues the receipt. Anything but TOTAL-PASSED is no
 * success: what cannot be judged now is tried again, what failed is failed.
 */
export async function verifySigned(work: DocumentWork): Promise<void> {
  const { document, parts, profile } = work;
  const content = await work.content();
  const detached = await work.detached();
  const report = await parts.verify(content, profile, fileNameOf(document), detached);
  const details = shortReport(report);
  if (report.indication === "INDETERMINATE" && !isRevoked(report)) {
    throw new GatewayError("VERIFICATION_INDETERMINATE", "the signed document cannot be judged yet", {
      retryable: true,
      details,
    });
  }
  const intact = report.signatures.filter((signature) => signature.integrity === "intact").length;
  if (report.indication !== "TOTAL-PASSED" || intact < work.steps.length || work.openSteps().length > 0) {
    throw new GatewayError("VERIFICATION_FAILED", "the signed document failed its verification", {
      details: { ...details, expected: work.steps.length, intact },
    });
  }
  // A stamp that cannot be established takes nothing from a signature; here it was promised, and nobody may be told of a
  // level that a stranger would not find.
  const proven = report.signatures.filter((signature) => signature.bestSignatureTime !== null).length;
  const promised = [...work.signatures.values()].filter((signature) => signature.level === "T").length;
  if (proven < promised) {
    throw new GatewayError("VERIFICATION_INDETERMINATE", "the time stamps cannot be judged yet", {
      retryable: true,
      details: { ...details, promised, proven },
    });
  }
  reach("verify.passed");
  const { issued, level, waitingFor } = await issueLevel(work, content, detached);
  const currentSha256 = issued === content ? document.currentSha256 : await work.keep(issued);
  const receipt = await parts.receipts.issue(
    { ...document, currentSha256, level, waitingFor },
    work.steps,
    [...work.signatures.values()],
    {
      indication: report.indication,
      policy: report.policy,
      at: parts.clock(),
    },
  );
  reach("verify.receipt-made");
  await work.move("signed", {
    receipt,
    currentSha256,
    level,
    waitingFor,
    status: { kind: document.replaces === null ? "issued" : "corrected", reason: null, replacedBy: null },
    details: {
      sha256: currentSha256,
      signatures: work.steps.length,
      level,
      ...(waitingFor === null ? {} : { waitingFor }),
    },
  });
  reach("verify.signed");
}

/** What of a report goes into an error: bounded, and nothing of what the document says. */
export function shortReport(report: VerificationReport) {
  return {
    indication: report.indication,
    subIndication: report.subIndication,
    signatures: report.signatures
      .map(({ id, indication, subIndication }) => ({ id, indication, subIndication }))
      .slice(0, 40),
    findings: [...report.findings, ...report.signatures.flatMap((signature) => signature.findings)]
      .filter((finding) => finding.severity === "error")
      .map((finding) => finding.code)
      .slice(0, 20),
  };
}

/** Undecided by the standard, since an earlier time might be proven one day; here it was signed just now, and waiting heals nothing. */
function isRevoked(report: VerificationReport): boolean {
  return [report, ...report.signatures].some(
    ({ subIndication }) => subIndication === "REVOKED_NO_POE" || subIndication === "REVOKED_CA_NO_POE",
  );
}
