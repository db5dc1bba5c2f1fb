import {
  type Award,
  award,
  type CommentResult,
  isPromoted,
  type Level,
  learningLevel,
  type SubjectResult,
  yearConduct,
  yearMark,
} from "./assessment.ts";
import { familyName, fictionalName, type Gender } from "./names.ts";
import { type SeededRandom, seededRandom } from "./random.ts";
import { homeroomRemark, subjectRemark } from "./remarks.ts";
import { makeStaff, type School, type Staff, sampleSchool } from "./staff.ts";
import { lowerSecondarySubjects } from "./subjects.ts";

export interface PupilBiography {
  /** The ministry's pupil code. */
  readonly pupilCode: string;
  /** Twelve digits; begins with 000, which no province has. */
  readonly personalId: string;
  readonly name: string;
  readonly gender: Gender;
  /** ISO 8601 date. */
  readonly birthDate: string;
  readonly birthPlace: string;
  readonly ethnicity: string;
  readonly nationality: string;
  readonly residence: string;
  readonly father: { readonly name: string; readonly occupation: string };
  readonly mother: { readonly name: string; readonly occupation: string };
}

/** One term or the year: learning result, conduct, half-days of absence. */
export interface PeriodSummary {
  readonly learning: Level;
  readonly conduct: Level;
  readonly absences: number;
}

/** All that stands in one pupil's transcript of one school year. */
export interface Transcript {
  /** The transcript's lookup code (MA_HOC_BA), unique in the class. */
  readonly id: string;
  /** Number in the register (số đăng bộ). */
  readonly registerNumber: string;
  readonly school: School;
  readonly schoolYear: string;
  readonly grade: number;
  readonly className: string;
  readonly pupil: PupilBiography;
  readonly results: readonly (SubjectResult & { readonly remark: string; readonly teacher: string })[];
  readonly term1: PeriodSummary;
  readonly term2: PeriodSummary;
  readonly year: PeriodSummary;
  readonly promoted: boolean;
  readonly award: Award | null;
  readonly homeroomRemark: string;
  readonly homeroomTeacher: string;
  readonly principal: string;
  /** ISO 8601 date on which the record is closed. */
  readonly closedOn: string;
}

export interface SampleClass {
  readonly seed: string;
  readonly school: School;
  readonly schoolYear: string;
  readonly grade: number;
  readonly className: string;
  readonly staff: Staff;
  /** In the order of the class register: by given name, then middle, then family name. */
  readonly pupils: readonly Transcript[];
}

export interface SampleClassOptions {
  readonly seed?: string;
  /** @defaultValue 40 */
  readonly pupils?: number;
  /** 6 to 9. @defaultValue 8 */
  readonly grade?: number;
  /** Letter and number after the grade. @defaultValue "A1" */
  readonly section?: string;
  /** "2025-2026" */
  readonly schoolYear?: string;
  readonly school?: School;
}

/**
 * A fictional lower secondary class with its marks, results, promotions and awards by TT 22/2021/TT-BGDĐT. The same
 * options give the same class, to the byte.
 */
export function makeClass(options: SampleClassOptions = {}): SampleClass {
  const { seed = "hoc-ba-so", pupils = 40, grade = 8, section = "A1", schoolYear = "2025-2026" } = options;
  const school = options.school ?? sampleSchool;
  const years = /^(\d{4})-(\d{4})$/.exec(schoolYear);
  if (years === null || Number(years[2]) !== Number(years[1]) + 1) throw new RangeError("schoolYear: YYYY-YYYY");
  if (!Number.isInteger(grade) || grade < 6 || grade > 9) throw new RangeError("grade: 6 to 9");
  if (!Number.isInteger(pupils) || pupils < 1 || pupils > 10_000) throw new RangeError("pupils: 1 to 10,000");

  const className = `${grade}${section}`;
  const staff = makeStaff({ seed, school, className });
  const random = seededRandom(`${seed}/class/${className}`);
  const birthYear = Number(years[1]) - grade - 5;
  const biographies = Array.from({ length: pupils }, () => biography(random, school, birthYear)).sort(byVietnameseName);

  return {
    seed,
    school,
    schoolYear,
    grade,
    className,
    staff,
    pupils: biographies.map((draft, index) => {
      const number = String(index + 1).padStart(3, "0");
      const code = `${school.code}${String(birthYear).slice(2)}${className}${number}`;
      const pupil = {
        ...draft,
        pupilCode: code,
        personalId: `000${draft.gender === "Nam" ? 2 : 3}${String(birthYear).slice(2)}${grade}${serial(index)}`,
      };
      return {
        id: `HB${schoolYear.replace("-", "")}-${school.code}-${className}-${number}`,
        registerNumber: `${number}/${className}`,
        school,
        schoolYear,
        grade,
        className,
        pupil,
        ...yearOf(random.fork(`year/${index}`), staff),
        homeroomTeacher: staff.homeroom.name,
        principal: staff.principal.name,
        closedOn: `${years[2]}-05-29`,
      };
    }),
  };
}

/** Five digits, distinct for the at most 10,000 pupils of a class. */
function serial(index: number): string {
  return String(index * 7 + 13).padStart(5, "0");
}

const collator = new Intl.Collator("vi");

function byVietnameseName(a: { name: string }, b: { name: string }): number {
  const left = a.name.split(" ").reverse();
  const right = b.name.split(" ").reverse();
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order = collator.compare(left[i] ?? "", right[i] ?? "");
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

const occupations = [
  "Làm ruộng",
  "Buôn bán",
  "Công nhân",
  "Giáo viên",
  "Nuôi thuỷ sản",
  "Thợ may",
  "Tài xế",
  "Viên chức",
];
const hamlets = ["Mộng Mơ", "Bình Yên", "Sao Mai", "Tân Mộng", "Cầu Vồng", "Lúa Vàng"];

function biography(random: SeededRandom, school: School, birthYear: number) {
  const gender: Gender = random.next() < 0.5 ? "Nam" : "Nữ";
  const father = fictionalName(random, "Nam");
  const day = (low: number, high: number): string => String(random.integer(low, high)).padStart(2, "0");
  return {
    name: fictionalName(random, gender, familyName(father)),
    gender,
    birthDate: `${birthYear}-${day(1, 12)}-${day(1, 28)}`,
    birthPlace: `Tỉnh ${school.province}`,
    ethnicity: random.pick(["Kinh", "Kinh", "Kinh", "Kinh", "Khmer", "Hoa", "Chăm"]),
    nationality: "Việt Nam",
    residence: `Ấp ${random.pick(hamlets)}, xã ${school.commune}, tỉnh ${school.province}`,
    father: { name: father, occupation: random.pick(occupations) },
    mother: { name: fictionalName(random, "Nữ"), occupation: random.pick([...occupations, "Nội trợ"]) },
  };
}

function yearOf(random: SeededRandom, staff: Staff) {
  const ability = 75 + 13 * random.normal();
  const results = lowerSecondarySubjects.map((subject) => {
    const result = resultOf(random, subject, ability);
    return {
      ...result,
      remark: subjectRemark(random, result),
      teacher: staff.teachers.get(subject.code)?.name ?? "",
    };
  });
  const conduct = (): Level => {
    const score = ability + 9 * random.normal();
    return score > 66 ? "T" : score > 52 ? "K" : score > 40 ? "Đ" : "CĐ";
  };
  const absences = (): number => Math.max(0, Math.round(2 + 3 * random.normal()));
  const term1 = { learning: learningLevel(results, "term1"), conduct: conduct(), absences: absences() };
  const term2 = { learning: learningLevel(results, "term2"), conduct: conduct(), absences: absences() };
  const year = {
    learning: learningLevel(results, "year"),
    conduct: yearConduct(term1.conduct, term2.conduct),
    absences: term1.absences + term2.absences,
  };
  return {
    results,
    term1,
    term2,
    year,
    promoted: isPromoted(year.learning, year.conduct, year.absences),
    award: award(year.learning, year.conduct, results),
    homeroomRemark: homeroomRemark(random, year.learning),
  };
}

function resultOf(
  random: SeededRandom,
  subject: (typeof lowerSecondarySubjects)[number],
  ability: number,
): SubjectResult {
  const bent = 6 * random.normal();
  if (subject.assessedBy === "comment") {
    const passes = (): CommentResult => (ability + bent + 8 * random.normal() > 42 ? "Đ" : "CĐ");
    const [term1, term2] = [passes(), passes()];
    // TT 22/2021 Đ.9.1a: the year's result is that of the second term.
    return { subject, by: "comment", term1, term2, year: term2 };
  }
  const mark = (): number => Math.max(15, Math.min(100, Math.round(ability + bent + 4 * random.normal())));
  const [term1, term2] = [mark(), mark()];
  return { subject, by: "mark", term1, term2, year: yearMark(term1, term2) };
}
