import { rgb } from "pdf-lib";
import { faint, ink, type RecordFonts, red, rule, type Sheet, wash } from "../../drawing/index.ts";
import { levelName } from "./assessment.ts";
import type { Transcript } from "./make-class.ts";

/** First page: heading, title, the pupil, the year at a glance. */
export function drawCoverPage(sheet: Sheet, transcript: Transcript, fonts: RecordFonts): void {
  const { pupil, school } = transcript;
  const middle = sheet.width / 2;
  frame(sheet);

  const left = 168;
  const right = 420;
  sheet.text("UỶ BAN NHÂN DÂN", left, 72, { font: fonts.regular, size: 10.5, align: "center" });
  sheet.text(`XÃ ${school.commune.toUpperCase()}`, left, 86, { font: fonts.regular, size: 10.5, align: "center" });
  sheet.text(school.name.toUpperCase(), left, 101, { font: fonts.bold, size: 10.5, align: "center" });
  sheet.line(left - 42, 107, left + 42, 107, 0.7);
  sheet.text("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", right, 72, { font: fonts.bold, size: 10.5, align: "center" });
  const motto = sheet.text("Độc lập - Tự do - Hạnh phúc", right, 87, { font: fonts.bold, size: 11.5, align: "center" });
  sheet.line(right - motto / 2, 92, right + motto / 2, 92, 0.7);

  openBook(sheet, middle, 158);
  sheet.text("HỌC BẠ", middle, 238, { font: fonts.bold, size: 44, align: "center", color: red });
  sheet.text("TRUNG HỌC CƠ SỞ", middle, 266, { font: fonts.bold, size: 18, align: "center" });
  sheet.text(`Năm học ${transcript.schoolYear.replace("-", " – ")}`, middle, 288, {
    font: fonts.italic,
    size: 13,
    align: "center",
  });

  const x = 84;
  const end = sheet.width - 84;
  const pair = { label: fonts.regular, value: fonts.bold };
  sheet.text(pupil.name.toUpperCase(), middle, 334, { font: fonts.bold, size: 20, align: "center" });
  sheet.line(middle - 60, 344, middle + 60, 344, 0.8, red);

  let y = 384;
  const halves = (a: readonly [string, string], b: readonly [string, string]): void => {
    sheet.entry(a[0], a[1], x, middle - 10, y, pair);
    sheet.entry(b[0], b[1], middle + 2, end, y, pair);
    y += 25;
  };
  const whole = (label: string, value: string): void => {
    sheet.entry(label, value, x, end, y, pair);
    y += 25;
  };
  halves(["Ngày sinh", vietnameseDate(pupil.birthDate)], ["Giới tính", pupil.gender]);
  halves(["Dân tộc", pupil.ethnicity], ["Quốc tịch", pupil.nationality]);
  halves(["Số định danh cá nhân", pupil.personalId], ["Mã học sinh", pupil.pupilCode]);
  whole("Nơi sinh", pupil.birthPlace);
  whole("Nơi ở hiện tại", pupil.residence);
  halves(["Họ và tên cha", pupil.father.name], ["Nghề nghiệp", pupil.father.occupation]);
  halves(["Họ và tên mẹ", pupil.mother.name], ["Nghề nghiệp", pupil.mother.occupation]);

  y += 14;
  sheet.text("QUÁ TRÌNH HỌC TẬP", middle, y, { font: fonts.bold, size: 12, align: "center" });
  yearAtAGlance(sheet, transcript, fonts, x, end, y + 14);

  const foot = sheet.height - 92;
  sheet.text("Mã tra cứu học bạ số", middle, foot, { font: fonts.regular, size: 9.5, align: "center", color: faint });
  sheet.text(transcript.id, middle, foot + 16, { font: fonts.bold, size: 13, align: "center" });
}

function yearAtAGlance(sheet: Sheet, t: Transcript, fonts: RecordFonts, x: number, end: number, top: number): void {
  const columns = [
    ["Năm học", t.schoolYear.replace("-", " – ")],
    ["Lớp", t.className],
    ["Số đăng bộ", t.registerNumber],
    ["Học tập", levelName(t.year.learning)],
    ["Rèn luyện", levelName(t.year.conduct)],
    ["Kết quả", t.promoted ? "Được lên lớp" : "Chưa được lên lớp"],
  ] as const;
  const shares = [0.18, 0.1, 0.16, 0.15, 0.16, 0.25];
  const width = end - x;
  sheet.box(x, top, width, 22, { fill: wash });
  sheet.box(x, top, width, 48, { border: 0.7 });
  sheet.line(x, top + 22, end, top + 22);
  let left = x;
  columns.forEach(([head, value], index) => {
    const share = (shares[index] ?? 0) * width;
    if (index > 0) sheet.line(left, top, left, top + 48);
    sheet.text(head, left + share / 2, top + 15, { font: fonts.bold, size: 10, align: "center" });
    sheet.text(value, left + share / 2, top + 39, { font: fonts.regular, size: 11, align: "center" });
    left += share;
  });
}

function frame(sheet: Sheet): void {
  const { width, height } = sheet;
  sheet.box(34, 34, width - 68, height - 68, { border: 2.2, color: red });
  sheet.box(39.5, 39.5, width - 79, height - 79, { border: 0.6, color: red });
  for (const [x, y] of [
    [34, 34],
    [width - 34, 34],
    [34, height - 34],
    [width - 34, height - 34],
  ] as const) {
    sheet.box(x - 5, y - 5, 10, 10, { fill: rgb(1, 1, 1), border: 1.2, color: red });
    sheet.box(x - 2, y - 2, 4, 4, { fill: red });
  }
}

/** A plain open book; the state emblem has no place on a fictional record. */
function openBook(sheet: Sheet, x: number, y: number): void {
  const at = { x, y: sheet.height - y, scale: 0.9 };
  const look = { borderColor: red, borderWidth: 1.4 };
  sheet.page.drawSvgPath("M0,26 C-14,14 -34,12 -52,18 L-52,-22 C-34,-28 -14,-26 0,-14 Z", { ...at, ...look });
  sheet.page.drawSvgPath("M0,26 C14,14 34,12 52,18 L52,-22 C34,-28 14,-26 0,-14 Z", { ...at, ...look });
  for (const dy of [-12, -3, 6]) {
    sheet.page.drawSvgPath(`M-44,${dy} C-30,${dy - 4} -16,${dy - 2} -8,${dy + 4}`, {
      ...at,
      borderColor: rule,
      borderWidth: 0.8,
    });
    sheet.page.drawSvgPath(`M44,${dy} C30,${dy - 4} 16,${dy - 2} 8,${dy + 4}`, {
      ...at,
      borderColor: rule,
      borderWidth: 0.8,
    });
  }
  sheet.page.drawSvgPath("M-58,22 L-58,32 C-34,26 -14,26 0,36 C14,26 34,26 58,32 L58,22", {
    ...at,
    borderColor: ink,
    borderWidth: 1,
  });
}

/** 2012-03-09 → 09/03/2012 */
export function vietnameseDate(iso: string): string {
  return iso.split("-").reverse().join("/");
}
