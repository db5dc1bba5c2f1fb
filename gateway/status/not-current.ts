import type { Bilingual } from "@hocba/signatures";
import type { DocumentStatus } from "./document-status.ts";

/** What a clerk must read before everything else about a file that is not the current one; null when it is, or is not known. */
export function notCurrentSentence(status: DocumentStatus): Bilingual | null {
  const day = (status.since ?? "").slice(0, 10).split("-").reverse().join("/");
  switch (status.status) {
    case "withdrawn":
      return {
        vi: `KHÔNG DÙNG: học bạ này đã bị thu hồi ngày ${day}${status.reason === null ? "" : ` (${status.reason})`}.`,
        en: `DO NOT USE: this transcript was withdrawn on ${day}${status.reason === null ? "" : ` (${status.reason})`}.`,
      };
    case "superseded":
      return {
        vi: `KHÔNG DÙNG: học bạ này đã được thay bằng bản khác ngày ${day}; hãy yêu cầu bản mới.`,
        en: `DO NOT USE: this transcript was replaced by another one on ${day}; ask for the new one.`,
      };
    default:
      return null;
  }
}
