import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Finding, SignatureReport, VerificationReport } from "@hocba/signatures/verify";
import { PDFDocument } from "pdf-lib";
import { afterAll, describe, expect, it } from "vitest";
import { pdfReport } from "./index.ts";

const dir = mkdtempSync(join(tmpdir(), "hocba-report-"));
afterAll(() => rmSync(dir, { recursive: true }));

const signature = (name: string, role: string | null, more: Partial<SignatureReport> = {}): SignatureReport => ({
  id: `sig-${role}`,
  format: "XAdES",
  level: "T",
  indication: "TOTAL-PASSED",
  subIndication: null,
  integrity: "intact",
  coverage: "partial",
  laterChanges: "none",
  role,
  signer: {
    subject: `CN=${name},O=Trường THCS Thử Nghiệm,C=VN`,
    issuer: "CN=CA phục vụ các cơ quan Nhà nước G2,O=Ban Cơ yếu Chính phủ,C=VN",
    serial: "0A1B2C",
    notBefore: "2025-01-01T00:00:00.000Z",
    notAfter: "2028-01-01T00:00:00.000Z",
    fingerprint: "AB".repeat(32),
  },
  claimedSigningTime: "2026-05-30T02:00:00.000Z",
  bestSignatureTime: "2026-05-30T02:00:05.000Z",
  timestamps: [],
  revocation: [
    {
      subject: `CN=${name},O=Trường THCS Thử Nghiệm,C=VN`,
      status: "good",
      source: "crl",
      thisUpdate: "2026-05-30T00:00:00.000Z",
    },
  ],
  covers: [],
  findings: [],
  ...more,
});

const report = (more: Partial<VerificationReport> = {}): VerificationReport => ({
  file: "/nhà/trường/hocba-8A1.xml",
  sha256: "0123456789abcdef".repeat(4),
  format: "xml",
  indication: "TOTAL-PASSED",
  subIndication: null,
  policy: "vn-official",
  validationTime: "2026-06-01T01:02:03.000Z",
  profile: null,
  signatures: [signature("Hà Văn Tý", "subject-teacher"), signature("Đỗ Thị Mão", "principal")],
  findings: [],
  ...more,
});

const error = (vi: string, en: string): Finding => ({ code: "X", severity: "error", message: { vi, en } });

/** Text as a reader of paper has it, line breaks taken as spaces. */
async function read(of: VerificationReport): Promise<string> {
  const path = join(dir, "report.pdf");
  writeFileSync(path, await pdfReport(of));
  execFileSync("qpdf", ["--check", path], { stdio: "pipe" });
  return execFileSync("pdftotext", ["-layout", path, "-"], { encoding: "utf8" }).replaceAll(/\s+/g, " ");
}

describe("the printable report", () => {
  it("opens with the verdict and the sentence to act on, Vietnamese before English", async () => {
    const text = await read(report());
    const places = ["KẾT QUẢ KIỂM TRA CHỮ KÝ SỐ", "HỢP LỆ", "tài liệu nguyên vẹn", "the document is whole"].map((s) =>
      text.indexOf(s),
    );
    expect(places.every((at) => at >= 0)).toBe(true);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  it("names the file without its folder, its SHA-256, the time in Vietnam and the policy", async () => {
    const text = await read(report());
    expect(text).toContain("hocba-8A1.xml");
    expect(text).not.toContain("nhà/trường");
    expect(text.replaceAll(" ", "")).toContain("0123456789abcdef".repeat(4));
    expect(text).toContain("08:02:03 01/06/2026 (UTC+7)");
    expect(text).toContain("vn-official");
  });

  it("lists every signer with role, time and certificate status", async () => {
    const text = await read(report());
    for (const expected of [
      "Hà Văn Tý",
      "Giáo viên bộ môn / Subject teacher",
      "Đỗ Thị Mão",
      "Cán bộ quản lý / Principal",
      "09:00:05 30/05/2026",
      "Không bị thu hồi",
    ]) {
      expect(text).toContain(expected);
    }
    expect(text).toContain("Không có. / Nothing.");
  });

  it("tells what speaks against the document, and which signatures it concerns", async () => {
    const text = await read(
      report({
        indication: "TOTAL-FAILED",
        signatures: [
          signature("Hà Văn Tý", "subject-teacher"),
          signature("Đỗ Thị Mão", "principal", {
            indication: "TOTAL-FAILED",
            subIndication: "HASH_FAILURE",
            integrity: "broken",
            findings: [error("Nội dung đã bị sửa.", "The content was altered.")],
          }),
        ],
      }),
    );
    expect(text).toContain("KHÔNG HỢP LỆ");
    expect(text).toContain("Nội dung đã bị sửa. (№ 2)");
    expect(text).toContain("HASH FAILURE");
    expect(text).toContain("Đã bị sửa đổi");
  });

  it("never passes over what is not known: revocation, unproven times", async () => {
    const text = await read(
      report({ signatures: [signature("Lê Sửu", null, { revocation: [], bestSignatureTime: null })] }),
    );
    expect(text).toContain("Chưa biết chứng thư có bị thu hồi hay không: Lê Sửu.");
    expect(text).toContain("1 chữ ký không có dấu thời gian");
    expect(text).toContain("tự khai");
  });

  it("says when there is nothing signed at all", async () => {
    const text = await read(report({ indication: "NO-SIGNATURE", signatures: [] }));
    expect(text).toContain("KHÔNG CÓ CHỮ KÝ SỐ");
    expect(text).not.toContain("Người ký, vai trò");
  });

  it("stands any name a stranger may put into a certificate, and stays within bounds", async () => {
    const names = ["\u202eexe.fdp", "a\nb\tc\u0000", "漢字 🎓", "x".repeat(5000), "\ud800", "", "𝕏"];
    const many = Array.from({ length: 400 }, (_, i) =>
      signature(names[i % names.length]!, "role\n!", {
        findings: [error(`Lỗi ${i} ${"dài ".repeat(500)}`, "e".repeat(3000))],
      }),
    );
    const bytes = await pdfReport(report({ file: `${"y".repeat(3000)}.pdf`, signatures: many }));
    expect((await PDFDocument.load(bytes)).getPageCount()).toBeLessThan(400);
    const text = await read(report({ signatures: many.slice(0, 3) }));
    expect(text).not.toContain("\u202e");
  }, 60_000);

  it("gives the same octets for the same report", async () => {
    const [a, b] = [await pdfReport(report()), await pdfReport(report())];
    expect(Buffer.compare(a, b)).toBe(0);
  });
});
