import type { SignatureReport } from "@hocba/signatures/verify";
import { textTable } from "../terminal/text-table.ts";
import { isGood, type SignedTranscript } from "./sign-class.ts";

const VERDICT: Readonly<Record<string, string>> = {
  "TOTAL-PASSED": "✔ hợp lệ / valid",
  "TOTAL-FAILED": "✘ không hợp lệ / not valid",
  INDETERMINATE: "? chưa kết luận được / undecided",
  "NO-SIGNATURE": "– không có chữ ký / unsigned",
};

/** One line a document: its steps, signers, levels, times and the verdict of a stranger. */
export function classTable(documents: readonly SignedTranscript[]): string {
  return textTable(
    [
      "Học sinh / Pupil",
      "Tệp / File",
      "Bước / Steps",
      "Người ký / Signers",
      "Mức / Level",
      "Đóng dấu / Stamped",
      "Giây / s",
      "Kết luận / Verdict",
    ],
    documents.map((document) => {
      const signatures = document.report?.signatures ?? [];
      return [
        document.pupil,
        document.format.toUpperCase(),
        document.report ? steps(signatures) : document.document.state,
        signers(signatures),
        levels(signatures),
        times(signatures),
        (document.elapsedMs / 1000).toFixed(1),
        verdict(document),
      ];
    }),
  );
}

function steps(signatures: readonly SignatureReport[]): string {
  const passed = signatures.filter((s) => s.indication === "TOTAL-PASSED").length;
  return `${passed}/${signatures.length}`;
}

function signers(signatures: readonly SignatureReport[]): string {
  const teachers = signatures.filter((s) => s.role === "subject-teacher").length;
  const others = signatures.filter((s) => s.role !== "subject-teacher").map((s) => commonName(s));
  return [...(teachers > 0 ? [`${teachers} GVBM`] : []), ...others].join(", ");
}

const commonName = (s: SignatureReport): string =>
  /(?:^|,)\s*CN=((?:\\.|[^,\\])+)/.exec(s.signer?.subject ?? "")?.[1] ?? "?";

function levels(signatures: readonly SignatureReport[]): string {
  const counts = new Map<string, number>();
  for (const { level } of signatures) counts.set(level, (counts.get(level) ?? 0) + 1);
  return [...counts].map(([level, n]) => `${n}×${level}`).join(" ");
}

/** First and last stamped time, local time of Vietnam. */
function times(signatures: readonly SignatureReport[]): string {
  const stamped = signatures
    .flatMap((s) => s.timestamps.map((t) => t.time))
    .filter((t) => t !== null)
    .sort();
  if (stamped.length === 0) return "";
  const local = (t: string) => new Date(Date.parse(t) + 7 * 3_600_000).toISOString().slice(11, 19);
  const [first, last] = [local(stamped[0]!), local(stamped.at(-1)!)];
  return first === last ? first : `${first}–${last}`;
}

function verdict(document: SignedTranscript): string {
  if (document.report === null) return `✘ ${document.document.problem?.code ?? document.document.state}`;
  const text = VERDICT[document.report.indication] ?? document.report.indication;
  if (isGood(document)) return text;
  const codes = [...document.report.findings, ...document.report.signatures.flatMap((s) => s.findings)]
    .filter((f) => f.severity === "error")
    .map((f) => f.code);
  return [text, document.report.subIndication ?? "", ...new Set(codes)].filter(Boolean).join(" ");
}
