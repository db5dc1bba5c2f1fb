import { describe, expect, it } from "vitest";
import { readRegister } from "./certificate-register.ts";

const line = {
  fingerprint: "AB".repeat(32),
  role: "subject-teacher",
  school: "001",
  subjects: ["19"],
  validFrom: "2026-01-01T00:00:00.000Z",
  validTo: "2026-12-31T00:00:00.000Z",
  revokedAt: "2026-06-01T00:00:00.000Z",
} as const;
const certificate = { fingerprint: line.fingerprint, serial: "01", issuer: "CN=A", subject: "CN=B" };
const may = Date.parse("2026-05-01T00:00:00Z");

describe("a certificate register", () => {
  const register = readRegister(
    `${JSON.stringify(line)}\n\n${JSON.stringify({ ...line, role: "principal", subjects: null })}\n`,
  );

  it("binds certificate, role, school, subject and time together", () => {
    expect(register.isBound(certificate, "subject-teacher", "001", may, "19")).toBe(true);
    expect(register.isBound(certificate, "principal", "001", may, null)).toBe(true);
    expect(register.isBound(certificate, "subject-teacher", "001", may, "20"), "another subject").toBe(false);
    expect(register.isBound(certificate, "seal", "001", may, null), "another role").toBe(false);
    expect(register.isBound(certificate, "principal", "002", may, null), "another school").toBe(false);
    expect(register.isBound(certificate, "principal", null, may, null), "no school").toBe(false);
    expect(register.isBound({ ...certificate, fingerprint: "CD".repeat(32) }, "principal", "001", may, null)).toBe(
      false,
    );
    for (const day of ["2025-12-31", "2026-06-01", "2027-01-01"]) {
      expect(register.isBound(certificate, "principal", "001", Date.parse(day), null), day).toBe(false);
    }
  });

  it("names the line that is none", () => {
    const wrong = `${JSON.stringify(line)}\n${JSON.stringify({ ...line, role: "director" })}\n`;
    expect(() => readRegister(wrong)).toThrow(/line 2/);
    expect(() => readRegister("[")).toThrow(/line 1/);
  });
});
