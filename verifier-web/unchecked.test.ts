import type { SignatureReport, VerificationReport } from "@hocba/signatures/verify";
import { describe, expect, it } from "vitest";
import { uncheckedPoints } from "./unchecked.ts";

const subject = "C=VN,O=UBND TỈNH AN HÀ,CN=Đỗ Quỳnh Thảo";
const signature: SignatureReport = {
  id: "CBQL",
  format: "PAdES",
  level: "T",
  indication: "TOTAL-PASSED",
  subIndication: null,
  integrity: "intact",
  coverage: "whole-file",
  laterChanges: "none",
  role: "principal",
  signer: { subject, issuer: "CN=CA", serial: "01", notBefore: "", notAfter: "", fingerprint: "" },
  claimedSigningTime: null,
  bestSignatureTime: "2026-05-29T01:00:00Z",
  timestamps: [],
  revocation: [{ subject, status: "good", source: "crl", thisUpdate: "2026-05-29T00:00:00Z" }],
  covers: [],
  findings: [],
};
const points = (changes: Partial<SignatureReport>, findings: VerificationReport["findings"] = []) =>
  uncheckedPoints({
    file: "a.pdf",
    sha256: "",
    format: "pdf",
    indication: "TOTAL-PASSED",
    subIndication: null,
    policy: "vn-official",
    validationTime: "",
    profile: null,
    signatures: [{ ...signature, ...changes }],
    findings,
  }).map((point) => point.vi);

describe("what a verdict leaves open", () => {
  it("is at least whether the school has withdrawn the transcript since", () => {
    expect(points({})).toEqual([expect.stringContaining("thu hồi hay thay thế")]);
  });

  it("tells of a signer for whom no revocation answer came, also when others were answered for", () => {
    const ofTheCa = { subject: "CN=CA", status: "good", source: "crl", thisUpdate: "" } as const;
    expect(points({ revocation: [ofTheCa] })[0]).toBe(
      "Chưa kiểm tra được chứng thư của Đỗ Quỳnh Thảo có bị thu hồi không.",
    );
    expect(points({ revocation: [{ ...ofTheCa, subject, status: "unknown" }] })).toHaveLength(2);
  });

  it("tells of a time that nothing proves", () => {
    expect(points({ bestSignatureTime: null })[0]).toBe("Thời điểm ký của Đỗ Quỳnh Thảo chưa được chứng minh.");
  });

  it("repeats no finding and takes over those that say they are open", () => {
    const finding = (code: string) => ({ code, severity: "error", message: { vi: code, en: code } }) as const;
    const told = points({ revocation: [], findings: [finding("REVOCATION_UNKNOWN"), finding("HASH_MISMATCH")] }, [
      finding("HOCBA_NO_REGISTRY"),
      finding("REVOCATION_UNKNOWN"),
    ]);
    expect(told.slice(0, -1)).toEqual(["HOCBA_NO_REGISTRY", "REVOCATION_UNKNOWN"]);
  });
});
