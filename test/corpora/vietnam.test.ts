import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { parseTrustAnchors } from "@hocba/certs/trust";
import { pemOrDerBlocks } from "@hocba/certs/x509";
import { sentence, type VerificationReport, verifyDocument } from "@hocba/signatures/verify";
import { describe, expect, it } from "vitest";
import { sharedPath } from "../shared-material.ts";

const folder = sharedPath("vietnam");

describe.skipIf(!folder)("genuine Vietnamese documents, offline", () => {
  const certs = folder
    ? readdirSync(join(folder, "certs"), { recursive: true, encoding: "utf8" }).filter((f) =>
        /\.(pem|crt|cer)$/.test(f),
      )
    : [];
  const read = (name: string) => new Uint8Array(readFileSync(join(folder!, name)));
  const roots = certs.filter((f) => /root/i.test(f));
  const context = {
    crypto: nodeCrypto,
    policy: "vn-official",
    time: new Date("2026-11-01T00:00:00Z"),
    anchors: roots.flatMap((f) => parseTrustAnchors(read(`certs/${f}`))),
    certificates: certs.flatMap((f) => pemOrDerBlocks(read(`certs/${f}`))),
    crls: [],
    ocspResponses: [],
  } as const;
  const verify = (name: string): VerificationReport => {
    const { report } = verifyDocument(read(`signed/${name}`), { ...context, fileName: name });
    const brief = report.signatures.map(
      (s) => `${s.format}-${s.level} ${s.integrity} ${s.coverage} ${s.laterChanges} ${s.subIndication}`,
    );
    console.log(
      `vietnam: ${name}: ${report.indication} ${report.subIndication}; ${brief.join(" | ")}; ${sentence(report).vi}`,
    );
    return report;
  };
  const codes = (report: VerificationReport) => report.signatures.flatMap((s) => s.findings.map((f) => f.code));

  it("QĐ 970: whole and sound; only revocation is unknown; local time labelled UTC is told", () => {
    const report = verify("pdf_ttg_QD-970-2024.signed.pdf");
    expect(report).toMatchObject({ indication: "INDETERMINATE", subIndication: "TRY_LATER" });
    expect(report.signatures).toHaveLength(1);
    const [s] = report.signatures;
    expect(s).toMatchObject({
      format: "PDF-CMS",
      level: "T",
      integrity: "intact",
      coverage: "whole-file",
      laterChanges: "none",
    });
    expect(s!.timestamps).toMatchObject([
      { time: "2024-09-13T09:49:12.000Z", integrity: "intact", imprintMatches: true },
    ]);
    expect(codes(report)).toContain("SIGNING_TIME_LOCAL");
    expect(codes(report)).toContain("SIGNING_CERTIFICATE_ATTRIBUTE_MISSING");
    expect(codes(report)).not.toContain("TIMESTAMP_SKEW");
  });

  it("QĐ 985: sound, and the authority's clock was 680 s slow, said with the number", () => {
    const report = verify("pdf_ttg_QD-985-2024.signed.pdf");
    expect(report).toMatchObject({ indication: "INDETERMINATE", subIndication: "TRY_LATER" });
    const [s] = report.signatures;
    expect(s).toMatchObject({ integrity: "intact", coverage: "whole-file" });
    expect(s!.timestamps).toMatchObject([{ time: "2024-09-16T09:18:12.000Z", imprintMatches: true }]);
    const skew = s!.findings.find((f) => f.code === "TIMESTAMP_SKEW");
    expect(skew).toMatchObject({ severity: "warning", message: { en: expect.stringContaining("-680 s") } });
  });

  it("Phú Thọ: three signatures one upon the other, none broken, the last over the whole file", () => {
    const report = verify("pdf_phutho_quy-che-phoi-hop.pdf");
    expect(report.signatures).toHaveLength(3);
    expect(report.signatures.map((s) => s.integrity)).toEqual(["intact", "intact", "intact"]);
    expect(report.signatures.map((s) => s.coverage)).toEqual(["earlier-revision", "earlier-revision", "whole-file"]);
    expect(report.signatures.map((s) => s.claimedSigningTime === null)).toBeDefined();
    expect(report.signatures.every((s) => s.timestamps.length === 0)).toBe(true);
  });

  it("NĐ 282: rewritten after signing, fails although the CMS inside is sound", () => {
    const report = verify("pdf_congbao_282-2025-ND-CP.pdf");
    expect(report.indication).toBe("TOTAL-FAILED");
    expect(report.signatures.every((s) => s.integrity !== "intact")).toBe(true);
  });

  it("the tax notice in XML: both signatures verify over their parts", () => {
    const report = verify("xml_thue_TBao_01TB-DKDT_2sig_vgca-btc.xml");
    expect(report).toMatchObject({ format: "xml", indication: "INDETERMINATE", subIndication: "TRY_LATER" });
    expect(report.signatures).toMatchObject([
      { format: "XMLDSig", integrity: "intact", signer: { serial: "6B7234" } },
      { format: "XMLDSig", integrity: "intact", signer: { serial: "6B5DAB" } },
    ]);
    expect(report.signatures.map((s) => s.covers.length)).toEqual([2, 3]);
  });

  it("a token alone is sound by itself", () => {
    const report = verify("tsa-token_from_pdf_ttg_QD-985-2024.der");
    expect(report.signatures).toMatchObject([
      {
        format: "DocTimeStamp",
        integrity: "intact",
        subIndication: "SIGNED_DATA_NOT_FOUND",
        signer: { subject: expect.stringContaining("Máy chủ cấp dấu thời gian 01") },
      },
    ]);
    expect(report.signatures[0]!.timestamps).toMatchObject([{ integrity: "intact" }]);
  });

  it("without the roots nothing is trusted", () => {
    const { report } = verifyDocument(read("signed/pdf_ttg_QD-970-2024.signed.pdf"), {
      ...context,
      anchors: [],
      fileName: "x",
    });
    expect(report).toMatchObject({ indication: "INDETERMINATE", subIndication: "NO_CERTIFICATE_CHAIN_FOUND" });
  });

  it("the strict policy asks for what these signatures lack", () => {
    const { report } = verifyDocument(read("signed/pdf_ttg_QD-970-2024.signed.pdf"), {
      ...context,
      policy: "etsi-baseline",
      fileName: "x",
    });
    expect(report.indication).toBe("INDETERMINATE");
    expect(report.signatures[0]!.findings).toContainEqual(
      expect.objectContaining({ code: "SIGNING_CERTIFICATE_ATTRIBUTE_MISSING", severity: "error" }),
    );
  });
});
