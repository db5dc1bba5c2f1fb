import { describe, expect, it } from "vitest";
import {
  award,
  formatMark,
  isPromoted,
  learningLevel,
  type SubjectResult,
  yearConduct,
  yearMark,
} from "./assessment.ts";
import { lowerSecondarySubjects } from "./subjects.ts";

/** Year marks of the eight marked subjects in tenths, and the results of the four comment subjects. */
function year(marks: readonly number[], comments: readonly ("Đ" | "CĐ")[] = ["Đ", "Đ", "Đ", "Đ"]): SubjectResult[] {
  const [marked, commented] = [[...marks], [...comments]];
  return lowerSecondarySubjects.map((subject): SubjectResult => {
    if (subject.assessedBy === "mark") {
      const mark = marked.shift()!;
      return { subject, by: "mark", term1: mark, term2: mark, year: mark };
    }
    const result = commented.shift()!;
    return { subject, by: "comment", term1: result, term2: result, year: result };
  });
}
const level = (marks: readonly number[], comments?: readonly ("Đ" | "CĐ")[]) =>
  learningLevel(year(marks, comments), "year");

describe("the year mark", () => {
  it("weighs the second term twice and keeps one decimal", () => {
    expect(yearMark(75, 80)).toBe(78);
    expect(yearMark(66, 66)).toBe(66);
    expect(formatMark(yearMark(100, 100))).toBe("10.0");
    expect(formatMark(78, ",")).toBe("7,8");
  });
});

describe("the learning result of TT 22/2021 Đ.9", () => {
  it("is Tốt from six marks of 8.0 with none under 6.5", () => {
    expect(level([80, 80, 80, 80, 80, 80, 65, 65])).toBe("T");
    expect(level([80, 80, 80, 80, 80, 79, 65, 65])).toBe("K");
  });
  it("is Khá from six marks of 6.5 with none under 5.0", () => {
    expect(level([65, 65, 65, 65, 65, 65, 50, 50])).toBe("K");
    expect(level([65, 65, 65, 65, 65, 64, 50, 50])).toBe("Đ");
  });
  it("is Đạt from six marks of 5.0 with none under 3.5 and at most one comment subject failed", () => {
    expect(level([50, 50, 50, 50, 50, 50, 35, 35], ["CĐ", "Đ", "Đ", "Đ"])).toBe("Đ");
    expect(level([50, 50, 50, 50, 50, 50, 35, 35], ["CĐ", "CĐ", "Đ", "Đ"])).toBe("CĐ");
    expect(level([50, 50, 50, 50, 50, 50, 35, 34])).toBe("CĐ");
  });
  it("goes up one step when one single subject lowered it by two", () => {
    expect(level([90, 90, 90, 90, 90, 90, 90, 40])).toBe("K");
    expect(level([70, 70, 70, 70, 70, 70, 70, 30])).toBe("Đ");
    expect(level([90, 90, 90, 90, 90, 90, 40, 40])).toBe("Đ");
  });
});

describe("conduct, promotion and award", () => {
  it("lets the second term decide the year's conduct", () => {
    expect([yearConduct("K", "T"), yearConduct("Đ", "T"), yearConduct("T", "K"), yearConduct("CĐ", "K")]).toEqual([
      "T",
      "K",
      "K",
      "Đ",
    ]);
    expect([yearConduct("T", "Đ"), yearConduct("K", "Đ"), yearConduct("T", "CĐ")]).toEqual(["K", "Đ", "CĐ"]);
  });
  it("promotes from Đạt in both, up to 45 half-days away", () => {
    expect(isPromoted("Đ", "Đ", 45)).toBe(true);
    expect(isPromoted("Đ", "Đ", 46)).toBe(false);
    expect(isPromoted("CĐ", "T", 0)).toBe(false);
    expect(isPromoted("T", "CĐ", 0)).toBe(false);
  });
  it("awards Xuất sắc from six marks of 9.0, else Giỏi", () => {
    expect(award("T", "T", year([90, 90, 90, 90, 90, 90, 70, 70]))).toBe("Học sinh Xuất sắc");
    expect(award("T", "T", year([90, 90, 90, 90, 90, 89, 80, 70]))).toBe("Học sinh Giỏi");
    expect(award("T", "K", year([90, 90, 90, 90, 90, 90, 70, 70]))).toBeNull();
  });
});
