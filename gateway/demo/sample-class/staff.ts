import { fictionalName, type Gender, withoutDiacritics } from "./names.ts";
import { type SeededRandom, seededRandom } from "./random.ts";
import { lowerSecondarySubjects } from "./subjects.ts";

export interface School {
  /** The school's code in the sector's database (matruong). */
  readonly code: string;
  readonly name: string;
  readonly address: string;
  readonly commune: string;
  readonly province: string;
  /** Agency code and tax code, in the seal's certificate as `UID=MNS:…` and `UID=MST:…`. */
  readonly agencyCode: string;
  readonly taxCode: string;
  readonly mailDomain: string;
}

export type StaffRole =
  | { readonly role: "subject-teacher"; readonly subjectCode: string }
  | { readonly role: "homeroom-teacher" }
  | { readonly role: "principal" }
  | { readonly role: "seal" };

/** Parts of a certificate's subject in the order of the G2 profile; a repeated part is a list. */
export interface CertificateSubject {
  readonly country: "VN";
  readonly locality: string;
  readonly organization: string;
  readonly organizationalUnits: readonly string[];
  readonly commonName: string;
  readonly email?: string;
  /** `MNS:…`, `MST:…` on seals. */
  readonly uids: readonly string[];
}

/** A person, or the school's seal, that signs. One certificate each; roles are bound to it in the registry. */
export interface StaffMember {
  /** Stable in the school, fit for a key label. */
  readonly id: string;
  readonly kind: "person" | "seal";
  readonly name: string;
  /** "Thầy", "Cô" for people, "" for the seal. */
  readonly address: string;
  readonly roles: readonly StaffRole[];
  readonly certificateSubject: CertificateSubject;
}

export interface Staff {
  readonly members: readonly StaffMember[];
  readonly teachers: ReadonlyMap<string, StaffMember>;
  readonly homeroom: StaffMember;
  readonly principal: StaffMember;
  readonly seal: StaffMember;
}

/** The fictional school of the demo. No such commune, province or school code exists. */
export const sampleSchool: School = {
  code: "00000999",
  name: "Trường THCS Bông Điên Điển",
  address: "Ấp Mộng Mơ, xã Phú Mộng, tỉnh An Hà",
  commune: "Phú Mộng",
  province: "An Hà",
  agencyCode: "H00.0.999",
  taxCode: "0000000999",
  mailDomain: "anha.example",
};

/**
 * The people who sign for one class, and the school's seal: a teacher per subject, the homeroom teacher (who also
 * teaches this class mathematics and guides its activities, as is usual), the principal. Same seed, school and class
 * name, same people.
 */
export function makeStaff(klass: { seed: string; school: School; className: string }): Staff {
  const { school } = klass;
  const random = seededRandom(`${klass.seed}/staff/${klass.className}`);
  const used = new Set<string>();
  const teachers = new Map<string, StaffMember>();
  const homeroomSubjects = new Set(["15", "91"]);

  const homeroom = person(random, used, school, "gvcn", [
    { role: "homeroom-teacher" },
    ...[...homeroomSubjects].map((subjectCode): StaffRole => ({ role: "subject-teacher", subjectCode })),
  ]);
  for (const { code } of lowerSecondarySubjects) {
    const teacher = homeroomSubjects.has(code)
      ? homeroom
      : person(random, used, school, `gv-${code}`, [{ role: "subject-teacher", subjectCode: code }]);
    teachers.set(code, teacher);
  }
  const principal = person(random, used, school, "hieu-truong", [{ role: "principal" }]);
  const seal: StaffMember = {
    id: "con-dau",
    kind: "seal",
    name: school.name,
    address: "",
    roles: [{ role: "seal" }],
    certificateSubject: {
      country: "VN",
      locality: school.province,
      organization: `UBND TỈNH ${school.province.toUpperCase()}`,
      organizationalUnits: [`UBND XÃ ${school.commune.toUpperCase()}`],
      commonName: school.name.toUpperCase(),
      uids: [`MNS:${school.agencyCode}`, `MST:${school.taxCode}`],
    },
  };
  return { members: [...new Set(teachers.values()), principal, seal], teachers, homeroom, principal, seal };
}

function person(
  random: SeededRandom,
  used: Set<string>,
  school: School,
  id: string,
  roles: readonly StaffRole[],
): StaffMember {
  const gender: Gender = random.next() < 0.4 ? "Nam" : "Nữ";
  let name = fictionalName(random, gender);
  while (used.has(name)) name = fictionalName(random, gender);
  used.add(name);
  return {
    id,
    kind: "person",
    name,
    address: gender === "Nam" ? "Thầy" : "Cô",
    roles,
    certificateSubject: {
      country: "VN",
      locality: school.province,
      organization: `UBND TỈNH ${school.province.toUpperCase()}`,
      organizationalUnits: [`UBND XÃ ${school.commune.toUpperCase()}`, school.name.toUpperCase()],
      commonName: name,
      email: `${withoutDiacritics(name)}@${school.mailDomain}`,
      uids: [],
    },
  };
}
