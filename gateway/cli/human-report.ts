import type { Bilingual } from "@hocba/signatures";
import type { SignatureReport, VerificationReport } from "@hocba/signatures/verify";
import { printable } from "./printable.ts";

const MARK: Readonly<Record<VerificationReport["indication"], string>> = {
  "TOTAL-PASSED": "✔",
  "TOTAL-FAILED": "✘",
  INDETERMINATE: "?",
  "NO-SIGNATURE": "–",
};
const SEVERITY = { error: "✘", warning: "!", info: "·" } as const;

/** A report for a terminal: the sentence, then a table of signers, then what was found. Vietnamese first. */
export function humanReport(report: VerificationReport, sentence: Bilingual): string {
  const lines = [`${MARK[report.indication]} ${report.file}`, `  ${sentence.vi}`, `  ${sentence.en}`];
  for (const finding of report.findings)
    lines.push(`  ${SEVERITY[finding.severity]} ${finding.message.vi} / ${finding.message.en}`);
  for (const signature of report.signatures) lines.push(...signatureLines(signature));
  return `${lines.map(printable).join("\n")}\n\n`;
}

function signatureLines(s: SignatureReport): string[] {
  const verdict = s.subIndication ? `${s.indication} (${s.subIndication})` : s.indication;
  const rows: [string, string][] = [
    ["Người ký / Signer", s.signer?.subject ?? "?"],
    ["Nơi cấp / Issuer", s.signer ? `${s.signer.issuer}, № ${s.signer.serial}` : "?"],
    ["Kết luận / Verdict", verdict],
    ["Nguyên vẹn / Integrity", `${s.integrity}, ${s.coverage}, ${s.laterChanges}`],
    ["Mức / Level", `${s.format} ${s.level}`],
    [
      "Thời điểm / Time",
      s.bestSignatureTime ?? (s.claimedSigningTime ? `${s.claimedSigningTime} (tự khai / claimed)` : "?"),
    ],
    ["Thu hồi / Revocation", s.revocation.map((r) => `${r.status} (${r.source} ${r.thisUpdate})`).join(", ") || "?"],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    `  [${s.id}]${s.role ? ` ${s.role}` : ""}`,
    ...rows.map(([name, value]) => `    ${name.padEnd(width)}  ${value}`),
    ...s.findings.map((f) => `    ${SEVERITY[f.severity]} ${f.message.vi} / ${f.message.en}`),
  ];
}
