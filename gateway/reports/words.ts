import type { Bilingual } from "@hocba/signatures";
import type { RevocationReport, SignatureReport, VerificationReport } from "@hocba/signatures/verify";

const say = (vi: string, en: string): Bilingual => ({ vi, en });

export const VERDICT: Readonly<Record<VerificationReport["indication"], Bilingual>> = {
  "TOTAL-PASSED": say("HỢP LỆ", "VALID"),
  "TOTAL-FAILED": say("KHÔNG HỢP LỆ", "NOT VALID"),
  INDETERMINATE: say("CHƯA KẾT LUẬN ĐƯỢC", "NOT YET DECIDED"),
  "NO-SIGNATURE": say("KHÔNG CÓ CHỮ KÝ SỐ", "NO DIGITAL SIGNATURE"),
};

const ROLES: Readonly<Record<string, Bilingual>> = {
  "subject-teacher": say("Giáo viên bộ môn", "Subject teacher"),
  "homeroom-teacher": say("Giáo viên chủ nhiệm", "Homeroom teacher"),
  principal: say("Cán bộ quản lý", "Principal"),
  seal: say("Con dấu của trường", "School seal"),
};

/** What a role is called; a role of another profile by its own name. */
export const roleName = (role: string): Bilingual => ROLES[role] ?? say(role, role);

export const INTEGRITY: Readonly<Record<SignatureReport["integrity"], Bilingual>> = {
  intact: say("Nguyên vẹn", "Intact"),
  broken: say("Đã bị sửa đổi", "Altered"),
  unknown: say("Không rõ", "Unknown"),
};

export const COVERAGE: Readonly<Record<SignatureReport["coverage"], Bilingual>> = {
  "whole-file": say("toàn bộ tệp", "the whole file"),
  "earlier-revision": say("một phiên bản trước của tệp", "an earlier revision of the file"),
  partial: say("một phần của tệp", "a part of the file"),
  unclear: say("không rõ phạm vi", "an unclear extent"),
};

export const LATER_CHANGES: Readonly<Record<SignatureReport["laterChanges"], Bilingual>> = {
  none: say("sau đó không có thay đổi", "nothing changed since"),
  permitted: say("sau đó chỉ có bổ sung được phép", "only permitted additions since"),
  suspicious: say("sau đó có thay đổi đáng ngờ", "suspicious changes since"),
};

export const REVOCATION: Readonly<Record<RevocationReport["status"], Bilingual>> = {
  good: say("Không bị thu hồi", "Not revoked"),
  revoked: say("ĐÃ BỊ THU HỒI", "REVOKED"),
  unknown: say("Không rõ", "Unknown"),
};

/** `09:05:00 ngày 30/05/2026` in the time of Vietnam, which has one zone without daylight saving. */
export function vietnamTime(iso: string): string {
  const local = new Date(Date.parse(iso) + 7 * 3_600_000).toISOString();
  return `${local.slice(11, 19)} ${local.slice(0, 10).split("-").reverse().join("/")}`;
}

/** The common name of a distinguished name in RFC 4514, else all of it. */
export const commonName = (subject: string): string => attribute(subject, "CN") ?? subject;

/** The first value of an attribute of a distinguished name in RFC 4514, or null. */
export function attribute(subject: string, type: string): string | null {
  const value = new RegExp(`(?:^|[,+])${type}=((?:\\\\.|[^,+\\\\])*)`).exec(subject)?.[1];
  return value === undefined ? null : value.replaceAll(/\\(.)/g, "$1");
}
