import type { Subject } from "./subjects.ts";

/** Levels of TT 22/2021: Tốt, Khá, Đạt, Chưa đạt. */
export type Level = "T" | "K" | "Đ" | "CĐ";
/** Result of a subject that is assessed by comments. */
export type CommentResult = "Đ" | "CĐ";

/** A subject's year. Marks are in tenths (78 is 7,8), so that no rounding is ever done on binary fractions. */
export type SubjectResult =
  | {
      readonly subject: Subject;
      readonly by: "mark";
      readonly term1: number;
      readonly term2: number;
      readonly year: number;
    }
  | {
      readonly subject: Subject;
      readonly by: "comment";
      readonly term1: CommentResult;
      readonly term2: CommentResult;
      readonly year: CommentResult;
    };

export type Period = "term1" | "term2" | "year";
export type Award = "Học sinh Xuất sắc" | "Học sinh Giỏi";

/** Year mark: ĐTBmcn = (ĐTBmhkI + 2 × ĐTBmhkII) / 3, to one decimal (TT 22/2021 Đ.9.1b). In tenths. */
export function yearMark(term1: number, term2: number): number {
  return Math.round((term1 + 2 * term2) / 3);
}

const ladder: readonly Level[] = ["CĐ", "Đ", "K", "T"];

/** Learning result of a term or the year (TT 22/2021 Đ.9.2), with the adjustment of Đ.9.3. */
export function learningLevel(results: readonly SubjectResult[], period: Period): Level {
  const level = unadjustedLevel(results, period);
  const rank = ladder.indexOf(level);
  // Đ.9.3: lowered by two steps or more from Tốt or Khá by one single subject: one step up.
  for (const aim of [3, 2]) {
    if (aim - rank < 2) continue;
    const becauseOfOne = results.some((_, index) => {
      const bestCase = results.map((result, i) => (i === index ? atItsBest(result) : result));
      return ladder.indexOf(unadjustedLevel(bestCase, period)) >= aim;
    });
    if (becauseOfOne) return ladder[rank + 1] ?? level;
  }
  return level;
}

function unadjustedLevel(results: readonly SubjectResult[], period: Period): Level {
  const marks: number[] = [];
  let failedComments = 0;
  for (const result of results) {
    if (result.by === "mark") marks.push(result[period]);
    else if (result[period] === "CĐ") failedComments++;
  }
  const atLeast = (mark: number): number => marks.filter((value) => value >= mark).length;
  const lowest = Math.min(...marks);
  if (failedComments === 0 && lowest >= 65 && atLeast(80) >= 6) return "T";
  if (failedComments === 0 && lowest >= 50 && atLeast(65) >= 6) return "K";
  if (failedComments <= 1 && lowest >= 35 && atLeast(50) >= 6) return "Đ";
  return "CĐ";
}

function atItsBest(result: SubjectResult): SubjectResult {
  return result.by === "mark"
    ? { ...result, term1: 100, term2: 100, year: 100 }
    : { ...result, term1: "Đ", term2: "Đ", year: "Đ" };
}

/** Conduct of the year from its two terms (TT 22/2021 Đ.8.2b). */
export function yearConduct(term1: Level, term2: Level): Level {
  const first = ladder.indexOf(term1);
  if (term2 === "T") return first >= 2 ? "T" : "K";
  if (term2 === "K") return first >= 1 ? "K" : "Đ";
  if (term2 === "Đ") return first === 3 ? "K" : "Đ";
  return "CĐ";
}

/** Moves up to the next grade: conduct and learning at least Đạt, at most 45 half-days away (TT 22/2021 Đ.12.1). */
export function isPromoted(learning: Level, conduct: Level, absences: number): boolean {
  return learning !== "CĐ" && conduct !== "CĐ" && absences <= 45;
}

/** End-of-year award (TT 22/2021 Đ.15.1). */
export function award(learning: Level, conduct: Level, results: readonly SubjectResult[]): Award | null {
  if (learning !== "T" || conduct !== "T") return null;
  const excellent = results.filter((result) => result.by === "mark" && result.year >= 90).length;
  return excellent >= 6 ? "Học sinh Xuất sắc" : "Học sinh Giỏi";
}

/** A mark as it stands in the XML ("7.8") and, with a comma, on paper ("7,8"). */
export function formatMark(tenths: number, separator: "." | "," = "."): string {
  return `${Math.floor(tenths / 10)}${separator}${tenths % 10}`;
}

/** A level in words: Tốt, Khá, Đạt, Chưa đạt. */
export function levelName(level: Level): string {
  return { T: "Tốt", K: "Khá", Đ: "Đạt", CĐ: "Chưa đạt" }[level];
}
