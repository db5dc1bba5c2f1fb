import { formatMark, type SubjectResult } from "./assessment.ts";
import type { PeriodSummary, Transcript } from "./make-class.ts";

type Content = string | readonly string[];

/**
 * The transcript as unsigned XML, UTF-8, in the shape that the profile `hocba-xml` describes: one `DIEM_TONG_KET` for
 * each subject, and an empty holder for each signature that is to come.
 */
export function transcriptXml(transcript: Transcript): Uint8Array {
  const { pupil, school } = transcript;
  const information = element("THONG_TIN_HOC_BA", { Id: "thongtinhocba" }, [
    element("MA_HOC_BA", {}, text(transcript.id)),
    element("SO_DANG_BO", {}, text(transcript.registerNumber)),
    element("NAM_HOC", {}, text(transcript.schoolYear)),
    element("TEN_LOP", {}, text(transcript.className)),
    element("KHOI", {}, text(String(transcript.grade))),
    element("CO_SO_GIAO_DUC", {}, [
      element("MA_TRUONG", {}, text(school.code)),
      element("TEN_TRUONG", {}, text(school.name)),
      element("DIA_CHI", {}, text(school.address)),
    ]),
    element("lyLich", {}, [
      element("MA_HOC_SINH", {}, text(pupil.pupilCode)),
      element("SO_DINH_DANH_CA_NHAN", {}, text(pupil.personalId)),
      element("HO_VA_TEN", {}, text(pupil.name)),
      element("NGAY_SINH", {}, text(pupil.birthDate)),
      element("GIOI_TINH", {}, text(pupil.gender)),
      element("DAN_TOC", {}, text(pupil.ethnicity)),
      element("QUOC_TICH", {}, text(pupil.nationality)),
      element("NOI_SINH", {}, text(pupil.birthPlace)),
      element("NOI_O_HIEN_TAI", {}, text(pupil.residence)),
      element("THONG_TIN_CHA", {}, parent(pupil.father)),
      element("THONG_TIN_ME", {}, parent(pupil.mother)),
    ]),
    element("BANG_DIEM", {}, transcript.results.map(subjectResult)),
    element("TONG_KET_CA_NAM", {}, [
      period("HOC_KY_1", transcript.term1),
      period("HOC_KY_2", transcript.term2),
      period("CA_NAM", transcript.year),
      element("DUOC_LEN_LOP", {}, text(transcript.promoted ? "1" : "0")),
      ...(transcript.award === null ? [] : [element("KHEN_THUONG", {}, text(transcript.award))]),
      element("NHAN_XET_GVCN", {}, text(transcript.homeroomRemark)),
    ]),
  ]);
  const holders = element("DANH_SACH_THONG_TIN_KY", {}, [
    element(
      "DANH_SACH_GVBM",
      {},
      transcript.results.map(({ subject }) =>
        element("GVBM", { Id: `gvbm-${subject.code}`, maMonHoc: subject.code }, ""),
      ),
    ),
    element("GVCN", {}, ""),
  ]);
  const document = element("HOC_BA", { phienBan: "1.0" }, [
    element("DU_LIEU_HOC_BA", { Id: "data" }, [information, holders]),
    element("PHAT_HANH_HOC_BA", {}, [
      element("DANH_SACH_CBQL", {}, [element("CBQL", {}, "")]),
      element("KY_PHAT_HANH", {}, ""),
    ]),
  ]);
  return new TextEncoder().encode(`<?xml version="1.0" encoding="UTF-8"?>\n${document}\n`);
}

function subjectResult(result: SubjectResult & { readonly remark: string; readonly teacher: string }): string {
  const { subject } = result;
  const [term1, term2, year] =
    result.by === "mark"
      ? [formatMark(result.term1), formatMark(result.term2), formatMark(result.year)]
      : [result.term1, result.term2, result.year];
  return element("DIEM_TONG_KET", { Id: `mon-${subject.code}` }, [
    element("MA_MON_HOC", {}, text(subject.code)),
    element("TEN_MON_HOC", {}, text(subject.name)),
    element("HOC_KY_1", {}, text(term1)),
    element("HOC_KY_2", {}, text(term2)),
    element("CA_NAM", {}, text(year)),
    element("NHAN_XET", {}, text(result.remark)),
    element("GIAO_VIEN", {}, text(result.teacher)),
  ]);
}

function period(name: string, summary: PeriodSummary): string {
  return element(name, {}, [
    element("KET_QUA_HOC_TAP", {}, text(summary.learning)),
    element("KET_QUA_REN_LUYEN", {}, text(summary.conduct)),
    element("SO_BUOI_NGHI", {}, text(String(summary.absences))),
  ]);
}

function parent(person: { readonly name: string; readonly occupation: string }): string[] {
  return [element("HO_VA_TEN", {}, text(person.name)), element("NGHE_NGHIEP", {}, text(person.occupation))];
}

/** Lists of children stand on lines of their own, so that a person can read the file; text is never padded. */
function element(name: string, attributes: Record<string, string>, content: Content): string {
  const written = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${text(value).replaceAll('"', "&quot;")}"`)
    .join("");
  if (content.length === 0) return `<${name}${written}/>`;
  const inner = typeof content === "string" ? content : `\n${content.join("\n")}\n`;
  return `<${name}${written}>${inner}</${name}>`;
}

function text(value: string): string {
  return value.normalize("NFC").replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
