import { faint, fittingSize, type RecordFonts, type Sheet, wash } from "../../drawing/index.ts";
import { formatMark, levelName } from "./assessment.ts";
import type { PeriodSummary, Transcript } from "./make-class.ts";

const left = 42;
const right = 595.28 - 42;
const signatureTop = 690;
const signatureHeight = 84;
const gap = 12;
const signatureWidth = (right - left - 2 * gap) / 3;

/**
 * Places kept free for the visible signatures on the second page, by field name of the profile `hocba-pdf`: `rect` is
 * [llx, lly, urx, ury] in default user space, in points.
 */
export const transcriptSignaturePlaces: Readonly<
  Record<
    "GVCN" | "CBQL" | "KY_PHAT_HANH",
    { readonly page: 1; readonly rect: readonly [number, number, number, number] }
  >
> = { GVCN: place(0), CBQL: place(1), KY_PHAT_HANH: place(2) };

function place(column: number) {
  const x = left + column * (signatureWidth + gap);
  const bottom = 841.89 - signatureTop - signatureHeight;
  const rounded = (value: number): number => Math.round(value * 100) / 100;
  return {
    page: 1,
    rect: [rounded(x), rounded(bottom), rounded(x + signatureWidth), rounded(bottom + signatureHeight)],
  } as const;
}

/** Second page: marks of the year, results, the homeroom teacher's remark, room for three signatures. */
export function drawYearPage(sheet: Sheet, transcript: Transcript, fonts: RecordFonts): void {
  const { pupil, school } = transcript;
  const pair = { label: fonts.regular, value: fonts.bold };
  sheet.entry("Họ và tên", pupil.name, left, 316, 54, pair);
  sheet.entry("Lớp", transcript.className, 326, 398, 54, pair);
  sheet.entry("Năm học", transcript.schoolYear.replace("-", " – "), 408, right, 54, pair);
  sheet.entry("Trường", school.name, left, 316, 74, pair);
  sheet.entry("Xã", school.commune, 326, 428, 74, pair);
  sheet.entry("Tỉnh", school.province, 438, right, 74, pair);

  let y = marks(sheet, transcript, fonts, 90);
  y = summaries(sheet, transcript, fonts, y + 14);
  sheet.text("Nhận xét của giáo viên chủ nhiệm", left, y + 18, { font: fonts.bold, size: 10.5 });
  sheet.paragraph(transcript.homeroomRemark, left, y + 34, right - left, 14.5, { font: fonts.regular, size: 10.5 });
  signatures(sheet, transcript, fonts);

  sheet.text(`Mã tra cứu: ${transcript.id}`, left, sheet.height - 28, { font: fonts.regular, size: 8, color: faint });
  sheet.text("Dữ liệu hư cấu, chỉ để trình diễn và kiểm thử", right, sheet.height - 28, {
    font: fonts.italic,
    size: 8,
    align: "right",
    color: faint,
  });
}

const columns = [
  { head: ["TT"], width: 26 },
  { head: ["Môn học/", "Hoạt động giáo dục"], width: 150 },
  { head: ["Học kì I"], width: 48 },
  { head: ["Học kì II"], width: 48 },
  { head: ["Cả năm"], width: 48 },
  { head: ["Nhận xét, giáo viên bộ môn"], width: right - left - 320 },
];
const headHeight = 30;
const rowHeight = 29;

function marks(sheet: Sheet, transcript: Transcript, fonts: RecordFonts, top: number): number {
  const bottom = top + headHeight + transcript.results.length * rowHeight;
  sheet.box(left, top, right - left, headHeight, { fill: wash });
  let x = left;
  for (const { head, width } of columns) {
    if (x > left) sheet.line(x, top, x, bottom);
    const first = top + headHeight / 2 + 3.5 - (head.length - 1) * 6;
    head.forEach((line, index) => {
      sheet.text(line, x + width / 2, first + index * 12, { font: fonts.bold, size: 9.5, align: "center" });
    });
    x += width;
  }
  sheet.line(left, top + headHeight, right, top + headHeight);

  transcript.results.forEach((result, index) => {
    const y = top + headHeight + index * rowHeight;
    const baseline = y + rowHeight / 2 + 3.5;
    if (index > 0) sheet.line(left, y, right, y, 0.4);
    const values =
      result.by === "mark"
        ? [result.term1, result.term2, result.year].map((mark) => formatMark(mark, ","))
        : [result.term1, result.term2, result.year];
    sheet.text(String(index + 1), left + 13, baseline, { font: fonts.regular, size: 10, align: "center" });
    const name = result.subject.name;
    sheet.text(name, left + 32, baseline, { font: fonts.regular, size: fittingSize(name, fonts.regular, 10.5, 140) });
    values.forEach((value, column) => {
      const font = column === 2 ? fonts.bold : fonts.regular;
      sheet.text(value, left + 200 + column * 48, baseline, { font, size: 11, align: "center" });
    });
    const room = right - left - 332;
    sheet.text(result.remark, left + 326, y + 12.5, {
      font: fonts.regular,
      size: fittingSize(result.remark, fonts.regular, 9, room),
    });
    sheet.text(result.teacher, left + 326, y + 24, { font: fonts.italic, size: 9, color: faint });
  });
  sheet.box(left, top, right - left, bottom - top, { border: 0.8 });
  return bottom;
}

function summaries(sheet: Sheet, transcript: Transcript, fonts: RecordFonts, top: number): number {
  const rows: readonly (readonly [string, PeriodSummary])[] = [
    ["Học kì I", transcript.term1],
    ["Học kì II", transcript.term2],
    ["Cả năm", transcript.year],
  ];
  const table = 290;
  const height = 19;
  const stops = [0, 76, 150, 224, table];
  sheet.box(left, top, table, height, { fill: wash });
  ["", "Học tập", "Rèn luyện", "Số buổi nghỉ"].forEach((head, i) => {
    const middle = left + ((stops[i] ?? 0) + (stops[i + 1] ?? 0)) / 2;
    sheet.text(head, middle, top + 13, { font: fonts.bold, size: 9.5, align: "center" });
  });
  rows.forEach(([name, summary], row) => {
    const y = top + (row + 1) * height;
    const font = row === 2 ? fonts.bold : fonts.regular;
    sheet.line(left, y, left + table, y, 0.4);
    const cells = [name, levelName(summary.learning), levelName(summary.conduct), String(summary.absences)];
    cells.forEach((cell, i) => {
      const middle = left + ((stops[i] ?? 0) + (stops[i + 1] ?? 0)) / 2;
      sheet.text(cell, middle, y + 13.5, { font, size: 10, align: "center" });
    });
  });
  for (const stop of stops.slice(1, -1)) sheet.line(left + stop, top, left + stop, top + 4 * height);
  sheet.box(left, top, table, 4 * height, { border: 0.8 });

  const pair = { label: fonts.regular, value: fonts.bold };
  const x = left + table + 18;
  const outcome = transcript.promoted
    ? transcript.grade === 9
      ? "Hoàn thành chương trình THCS"
      : `Được lên lớp ${transcript.grade + 1}`
    : "Đánh giá lại trong hè";
  sheet.entry("Kết quả", outcome, x, right, top + 14, pair, 10.5);
  sheet.entry("Khen thưởng", transcript.award ?? "Không", x, right, top + 35, pair, 10.5);
  sheet.text("Mức: T (Tốt), K (Khá), Đ (Đạt), CĐ (Chưa đạt)", x, top + 56, {
    font: fonts.italic,
    size: 8.5,
    color: faint,
  });
  sheet.text("theo Thông tư 22/2021/TT-BGDĐT.", x, top + 68, { font: fonts.italic, size: 8.5, color: faint });
  return top + 4 * height;
}

function signatures(sheet: Sheet, transcript: Transcript, fonts: RecordFonts): void {
  const [year, month, day] = transcript.closedOn.split("-");
  const dateLine = `${transcript.school.commune}, ngày ${day} tháng ${month} năm ${year}`;
  sheet.text(dateLine, right, signatureTop - 40, { font: fonts.italic, size: 10, align: "right" });
  const blocks = [
    ["GIÁO VIÊN CHỦ NHIỆM", transcript.homeroomTeacher],
    ["HIỆU TRƯỞNG", transcript.principal],
    ["NHÀ TRƯỜNG", "Ký phát hành học bạ số"],
  ] as const;
  blocks.forEach(([title, name], column) => {
    const x = left + column * (signatureWidth + gap);
    const middle = x + signatureWidth / 2;
    sheet.text(title, middle, signatureTop - 20, { font: fonts.bold, size: 10.5, align: "center" });
    sheet.text("(chữ ký số)", middle, signatureTop - 8, { font: fonts.italic, size: 9, align: "center", color: faint });
    sheet.text(name, middle, signatureTop + signatureHeight + 14, {
      font: column === 2 ? fonts.italic : fonts.bold,
      size: 10.5,
      align: "center",
    });
  });
}
