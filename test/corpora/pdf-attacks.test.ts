import { readFileSync } from "node:fs";
import { join } from "node:path";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { trustAnchor } from "@hocba/certs/trust";
import { type Certificate, parseCertificate } from "@hocba/certs/x509";
import { parseSignedData } from "@hocba/signatures/cms";
import { openPdf, signatureFields } from "@hocba/signatures/pdf";
import { shippedPolicies, type VerificationReport, verifyDocument } from "@hocba/signatures/verify";
import { describe, expect, it } from "vitest";
import { sharedPath } from "../shared-material.ts";

interface AttackFile {
  file: string;
  expected: {
    family: string;
    stage?: string;
    signatures?: number;
    signatureMath?: string;
    modification?: string;
    required?: string;
    mustNot?: string[];
  };
}

const folder = sharedPath("corpora/pdf-attacks");

/** The signer's certificate as its own anchor and no revocation demanded: then nothing but the attack stands between file and TOTAL-PASSED. */
function verifyTrusting(bytes: Uint8Array): VerificationReport {
  const vn = shippedPolicies.get("vn-official")!;
  const revocation = { ...vn.rules["revocation-information"], effect: "inform" } as const;
  const anchors = embedded(bytes);
  return verifyDocument(bytes, {
    crypto: nodeCrypto,
    policy: { ...vn, rules: { ...vn.rules, "revocation-information": revocation } },
    time: new Date(Math.max(...anchors.map((c) => c.notBefore), 0) + 1000),
    anchors: anchors.map((c) => trustAnchor(c)),
    certificates: [],
    crls: [],
    ocspResponses: [],
    fileName: "attack.pdf",
  }).report;
}

function embedded(bytes: Uint8Array): Certificate[] {
  try {
    return signatureFields(openPdf(bytes)).flatMap((s) =>
      parseSignedData(s.contents).certificates.map(parseCertificate),
    );
  } catch {
    // The attacks with empty or broken /Contents hold no certificate to trust.
    return [];
  }
}

describe.skipIf(!folder)("attacks on PDF signatures", () => {
  const files: AttackFile[] = folder ? JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) : [];
  const reports = files.map((f) => [f, verifyTrusting(new Uint8Array(readFileSync(join(folder!, f.file))))] as const);
  const clean = reports.filter(([f]) => !f.expected.mustNot && f.expected.signatureMath === "intact");
  const attacks = reports.filter(([f]) => f.expected.mustNot);
  const flagged = attacks.filter(([, r]) => r.indication !== "TOTAL-PASSED");
  console.log(
    `pdf-attacks: ${flagged.length}/${attacks.length} attacks flagged, ${clean.filter(([, r]) => r.indication === "TOTAL-PASSED").length}/${clean.length} controls clean`,
  );
  for (const [f, r] of reports) {
    const brief = r.signatures.map(
      (s) => `${s.indication} ${s.subIndication} ${s.integrity} ${s.coverage} ${s.laterChanges}`,
    );
    console.log(`  ${f.file}: ${r.indication}; ${brief.join(" | ")}`);
  }

  it.each(attacks)("flags $file", (file, report) => {
    expect(report.indication).not.toBe("TOTAL-PASSED");
    for (const s of report.signatures) {
      if (file.expected.family === "universal signature forgery") expect(s.integrity).not.toBe("intact");
      else expect(s.coverage !== "whole-file" || s.laterChanges !== "none" || s.integrity !== "intact").toBe(true);
    }
  });

  it.each(clean)("leaves the control $file clean", (_, report) => {
    expect(report.signatures.length).toBeGreaterThan(0);
    for (const s of report.signatures) expect(s).toMatchObject({ integrity: "intact", laterChanges: "none" });
    expect(report.indication).toBe("TOTAL-PASSED");
  });

  it.each(reports.filter(([f]) => f.expected.signatures === 0))("finds no signature in $file", (_, report) => {
    expect(report.indication).toBe("NO-SIGNATURE");
  });

  it.each(reports.filter(([f]) => f.expected.signatureMath === "broken"))("calls $file broken", (_, report) => {
    expect(report.indication).toBe("TOTAL-FAILED");
    expect(report.signatures.some((s) => s.integrity === "broken")).toBe(true);
  });

  it.each(clean)("never calls $file intact with an octet changed in its signed ranges", (file) => {
    const bytes = new Uint8Array(readFileSync(join(folder!, file.file)));
    const [signature] = signatureFields(openPdf(bytes));
    const [first, firstLength, second, secondLength] = signature!.byteRange!;
    const covered = firstLength + secondLength;
    for (let i = 0; i < 60; i++) {
      const offset = Math.floor((covered * (i + 0.37)) / 60);
      const at = offset < firstLength ? first + offset : second + offset - firstLength;
      const changed = new Uint8Array(bytes);
      changed[at]! ^= 1 << (i % 8);
      const report = verifyTrusting(changed);
      expect([at, report.signatures.some((s) => s.integrity === "intact")]).toEqual([at, false]);
      expect(report.indication).not.toBe("TOTAL-PASSED");
    }
  });
});
