import type { Bilingual } from "../bilingual.ts";
import type { SignatureReport, VerificationReport } from "./report.ts";

/**
 * The one sentence a clerk acts on: is it genuine, whole, by whom, not revoked, and what could not be checked.
 */
export function sentence(report: VerificationReport): Bilingual {
  const documents = report.signatures.filter((s) => s.format !== "DocTimeStamp");
  const signers = documents.length > 0 ? documents : report.signatures;
  const who = names(signers);
  const first = (severity: string) =>
    rootCause(signers) ??
    report.findings.find((f) => f.severity === severity) ??
    signers.flatMap((s) => s.findings).find((f) => f.severity === severity);
  switch (report.indication) {
    case "NO-SIGNATURE": {
      const why = first("error");
      if (report.subIndication === "FORMAT_FAILURE" && why) {
        return {
          vi: `Không kiểm tra được: ${why.message.vi} Đừng nhận tệp này; hãy xin lại bản gốc.`,
          en: `Cannot be checked: ${why.message.en} Do not accept this file; ask for the original.`,
        };
      }
      return {
        vi: "Tệp này không có chữ ký số: không có gì chứng minh ai lập ra nó. Đừng nhận như học bạ số.",
        en: "This file carries no digital signature: nothing proves who made it. Do not accept it as a transcript.",
      };
    }
    case "TOTAL-PASSED":
      return {
        vi: `Hợp lệ: tài liệu nguyên vẹn, do ${who.vi} ký${when(signers, "vi")}; các chứng thư không bị thu hồi.${UNKNOWN_KIND.vi(report)}`,
        en: `Valid: the document is whole, signed by ${who.en}${when(signers, "en")}; no certificate was revoked.${UNKNOWN_KIND.en(report)}`,
      };
    case "TOTAL-FAILED": {
      const why = first("error");
      return {
        vi: `KHÔNG hợp lệ: ${why?.message.vi ?? report.subIndication} Đừng nhận tài liệu này.`,
        en: `NOT valid: ${why?.message.en ?? report.subIndication} Do not accept this document.`,
      };
    }
    case "INDETERMINATE": {
      const why = first("error");
      const whole = signers.length > 0 && signers.every((s) => s.integrity === "intact");
      return {
        vi: `Chưa kết luận được: ${whole ? `tài liệu nguyên vẹn, do ${who.vi} ký, nhưng ` : ""}${lower(why?.message.vi ?? String(report.subIndication))} Hãy kiểm tra lại khi có đủ thông tin.`,
        en: `Not yet decided: ${whole ? `the document is whole and signed by ${who.en}, but ` : ""}${lower(why?.message.en ?? String(report.subIndication))} Check again when the information is at hand.`,
      };
    }
  }
}

/** What looks like a transcript to a person may be none to the verifier: then nobody asked whether all have signed who must. */
const UNKNOWN_KIND = {
  vi: ({ profile }: VerificationReport) =>
    profile === null
      ? " Tệp không theo mẫu học bạ nào được biết: chỉ chữ ký được kiểm tra, không kiểm tra ai phải ký."
      : "",
  en: ({ profile }: VerificationReport) =>
    profile === null
      ? " It follows no known form of a transcript: its signatures were checked, not who had to sign."
      : "",
};

/** What a clerk must hear first; findings about the role chain mostly follow from one of these. */
const ROOT_CAUSES = new Set([
  "HASH_MISMATCH",
  "SIGNATURE_VALUE_WRONG",
  "LATER_CHANGES_SUSPICIOUS",
  "CERTIFICATE_REVOKED",
]);

function rootCause(signatures: readonly SignatureReport[]) {
  return signatures.flatMap((s) => s.findings).find((f) => f.severity === "error" && ROOT_CAUSES.has(f.code));
}

const MAX_NAMES = 3;
const BY_AUTHORITY: readonly (string | null)[] = ["subject-teacher", "homeroom-teacher", "principal", "seal"];

function names(signatures: readonly SignatureReport[]): Bilingual {
  const byAuthority = [...signatures].sort((a, b) => BY_AUTHORITY.indexOf(b.role) - BY_AUTHORITY.indexOf(a.role));
  const list = [...new Set(byAuthority.map((s) => (s.signer ? commonName(s.signer.subject) : "?")))];
  const shown = list.slice(0, MAX_NAMES).join(", ");
  const more = list.length - MAX_NAMES;
  return more > 0
    ? { vi: `${shown} và ${more} người khác`, en: `${shown} and ${more} others` }
    : { vi: shown, en: shown };
}

function commonName(subject: string): string {
  const value = /(?:^|[,+])CN=((?:\\.|[^,+\\])*)/.exec(subject)?.[1];
  return value ? value.replaceAll(/\\(.)/g, "$1") : subject;
}

function when(signatures: readonly SignatureReport[], language: keyof Bilingual): string {
  const times = signatures.map((s) => s.bestSignatureTime).filter((t) => t !== null);
  if (times.length === 0) return "";
  const last = times.sort().at(-1)!;
  // Vietnam has one zone without daylight saving.
  const local = new Date(Date.parse(last) + 7 * 3600_000).toISOString();
  const [day, clock] = [local.slice(0, 10).split("-").reverse().join("/"), local.slice(11, 16)];
  return language === "vi" ? `, muộn nhất lúc ${clock} ngày ${day}` : `, at the latest on ${day} at ${clock} (UTC+7)`;
}

const lower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
