import { nodeCrypto } from "@hocba/certs/crypto/node";
import { parseCertificate } from "@hocba/certs/x509";
import type { CertificateRegistry } from "@hocba/signatures/verify";
import { z } from "zod";
import { GatewayError } from "../errors.ts";
import type { BindingReader, CertificateBinding } from "../ledger/index.ts";

const instant = z.iso.datetime();

/** Says: this certificate may sign in this role for this school. One line of a register, which holds no key and no secret. */
const lineSchema = z.strictObject({
  /** SHA-256 of the certificate, upper-case hex. */
  fingerprint: z.string().regex(/^[0-9A-F]{64}$/),
  role: z.enum(["subject-teacher", "homeroom-teacher", "principal", "seal"]),
  school: z.string().min(1),
  /** Subjects a teacher may sign; null for all, and for other roles. */
  subjects: z.array(z.string()).nullable(),
  validFrom: instant,
  validTo: instant,
  /** From when on it counts no more. */
  revokedAt: instant.nullable(),
});

export type RegisterLine = z.output<typeof lineSchema>;

/** A binding of the ledger as a line of a register. */
export function registerLine(binding: CertificateBinding): RegisterLine {
  const iso = (time: number): string => new Date(time).toISOString();
  return {
    fingerprint: parseCertificate(binding.certificate).fingerprint(nodeCrypto),
    role: binding.role,
    school: binding.school,
    subjects: binding.subjects === null ? null : [...binding.subjects],
    validFrom: iso(binding.validFrom),
    validTo: iso(binding.validTo),
    revokedAt: binding.revokedAt === null ? null : iso(binding.revokedAt),
  };
}

/** A register from its JSON lines. @throws GatewayError CONFIG_INVALID naming the line */
export function readRegister(text: string): CertificateRegistry {
  const lines = new Map<string, RegisterLine[]>();
  for (const [n, json] of text.split("\n").entries()) {
    if (json.trim() === "") continue;
    let line: RegisterLine;
    try {
      line = lineSchema.parse(JSON.parse(json));
    } catch (cause) {
      throw new GatewayError("CONFIG_INVALID", `line ${n + 1} is not one of a certificate register`, { cause });
    }
    lines.set(line.fingerprint, [...(lines.get(line.fingerprint) ?? []), line]);
  }
  return {
    isBound: ({ fingerprint }, role, school, time, subject) =>
      (lines.get(fingerprint) ?? []).some((line) => line.school === school && covers(line, role, time, subject)),
  };
}

/** The bindings of a ledger as a register that speaks for the schools of the ledger and no others. */
export function ledgerRegister(ledger: BindingReader): CertificateRegistry {
  return {
    knows: (school) => school !== null && ledger.hasSchool(school),
    isBound: ({ fingerprint }, role, school, time, subject) =>
      school !== null &&
      ledger
        .bindings(school, role)
        .map(registerLine)
        .some((line) => line.fingerprint === fingerprint && covers(line, role, time, subject)),
  };
}

function covers(line: RegisterLine, role: RegisterLine["role"], time: number, subject: string | null): boolean {
  return (
    line.role === role &&
    (subject === null || line.subjects === null || line.subjects.includes(subject)) &&
    Date.parse(line.validFrom) <= time &&
    time <= Date.parse(line.validTo) &&
    (line.revokedAt === null || time < Date.parse(line.revokedAt))
  );
}
