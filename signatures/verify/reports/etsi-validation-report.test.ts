import { nodeCrypto } from "@hocba/certs/crypto/node";
import { toHex } from "@hocba/certs/der";
import { describe, expect, it } from "vitest";
import { DS_NS, descendants, parseXml, type XmlElement } from "../../xml/index.ts";
import type { SignatureReport, VerificationReport } from "../report.ts";
import { etsiValidationReport, VALIDATION_REPORT_NS } from "./index.ts";

const certificate = new TextEncoder().encode("stands for a certificate");
const fingerprint = toHex(nodeCrypto.digest("sha256", certificate));

const signature: SignatureReport = {
  id: "Signature1",
  format: "PAdES",
  level: "T",
  indication: "TOTAL-PASSED",
  subIndication: null,
  integrity: "intact",
  coverage: "whole-file",
  laterChanges: "none",
  role: "principal",
  signer: {
    subject: "CN=Nguyễn Văn A & Con,O=THCS <Thử>",
    issuer: "CN=CA",
    serial: "01",
    notBefore: "2025-01-01T00:00:00.000Z",
    notAfter: "2028-01-01T00:00:00.000Z",
    fingerprint,
  },
  claimedSigningTime: "2026-05-30T02:00:00.000Z",
  bestSignatureTime: "2026-05-30T02:00:05.000Z",
  timestamps: [
    {
      type: "signature",
      time: "2026-05-30T02:00:05.000Z",
      tsa: "CN=TSA",
      integrity: "intact",
      imprintMatches: true,
      indication: "TOTAL-PASSED",
      subIndication: null,
    },
  ],
  revocation: [],
  covers: [],
  findings: [{ code: "SOMETHING", severity: "info", message: { vi: "Điều \u0001 gì đó", en: "Something" } }],
};

const report: VerificationReport = {
  file: "hocba.pdf",
  sha256: "ab".repeat(32),
  format: "pdf",
  indication: "TOTAL-PASSED",
  subIndication: null,
  policy: "vn-official",
  validationTime: "2026-06-01T00:00:00.000Z",
  profile: null,
  signatures: [signature],
  findings: [],
};

const read = (text: string): XmlElement => parseXml(new TextEncoder().encode(text)).root;
const all = (root: XmlElement, name: string) => [...descendants(root)].filter((e) => e.local === name);
const texts = (root: XmlElement, name: string) => all(root, name).map((e) => e.textContent);

describe("the ETSI validation report", () => {
  it("is one XML document in the namespaces of TS 119 102-2", () => {
    const root = read(etsiValidationReport(report));
    expect([root.local, root.uri]).toEqual(["ValidationReport", VALIDATION_REPORT_NS]);
    const used = new Set([...descendants(root)].map((e) => e.uri));
    expect([...used].sort()).toEqual(["http://uri.etsi.org/01903/v1.3.2#", VALIDATION_REPORT_NS, DS_NS]);
  });

  it("gives the parts of a signature's report in the order of the schema", () => {
    const one = read(etsiValidationReport(report)).first("SignatureValidationReport")!;
    expect(one.elements().map((e) => e.local)).toEqual([
      "SignatureIdentifier",
      "ValidationConstraintsEvaluationReport",
      "ValidationTimeInfo",
      "SignersDocument",
      "SignatureAttributes",
      "SignerInformation",
      "SignatureValidationProcess",
      "SignatureValidationStatus",
    ]);
  });

  it("tells verdict, times, signer and document as they are", () => {
    const root = read(etsiValidationReport(report));
    expect(texts(root, "MainIndication")).toEqual(["urn:etsi:019102:mainindication:total-passed"]);
    expect(texts(root, "SubIndication")).toEqual([]);
    expect(texts(root, "ValidationTime")).toEqual([report.validationTime]);
    expect(texts(root, "POETime")).toEqual([signature.bestSignatureTime]);
    expect(texts(root, "TimeStampValue")).toEqual([signature.bestSignatureTime]);
    expect(texts(root, "Signer")).toEqual([signature.signer!.subject]);
    expect(texts(root, "PolicyName")).toEqual(["vn-official"]);
    const digest = root.first("SignatureValidationReport")!.first("SignersDocument")!.first("DigestAlgAndValue")!;
    expect(Buffer.from(digest.first("DigestValue", DS_NS)!.textContent, "base64").toString("hex")).toBe(report.sha256);
  });

  it("names a sub-indication and a revocation with time and reason", () => {
    const root = read(
      etsiValidationReport({
        ...report,
        signatures: [
          {
            ...signature,
            indication: "TOTAL-FAILED",
            subIndication: "REVOKED",
            revocation: [
              {
                subject: signature.signer!.subject,
                status: "revoked",
                source: "crl",
                thisUpdate: "2026-05-01T00:00:00.000Z",
                revokedAt: "2026-04-01T00:00:00.000Z",
                reason: "keyCompromise",
              },
            ],
          },
        ],
      }),
    );
    expect(texts(root, "SubIndication")).toEqual(["urn:etsi:019102:subindication:REVOKED"]);
    expect(texts(root, "RevocationTime")).toEqual(["2026-04-01T00:00:00.000Z"]);
    expect(texts(root, "RevocationReason")).toEqual(["urn:etsi:019102:revocationReason:keyCompromise"]);
  });

  it("refers only to objects that it holds, each with an id of its own", () => {
    const root = read(etsiValidationReport({ ...report, signatures: [signature, { ...signature, id: "Signature2" }] }));
    const ids = [...descendants(root)].flatMap((e) => e.attribute("id") ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    const references = [...descendants(root)].flatMap((e) => e.attribute("VOReference") ?? []);
    expect(references.length).toBeGreaterThan(3);
    for (const reference of references) expect(ids).toContain(reference);
  });

  it("carries a certificate that is at hand, and the digest of one that is not", () => {
    const objects = (options?: Parameters<typeof etsiValidationReport>[1]) =>
      all(read(etsiValidationReport(report, options)), "ValidationObject").at(-1)!;
    const without = objects();
    expect(Buffer.from(all(without, "DigestValue")[0]!.textContent, "base64").toString("hex").toUpperCase()).toBe(
      fingerprint,
    );
    const within = objects({ certificates: [certificate, new Uint8Array(3)], crypto: nodeCrypto });
    expect(new Uint8Array(Buffer.from(all(within, "base64")[0]!.textContent, "base64"))).toEqual(certificate);
  });

  it("says of an unsigned file that it carries no signature", () => {
    const root = read(etsiValidationReport({ ...report, indication: "NO-SIGNATURE", signatures: [] }));
    expect(texts(root, "MainIndication")).toEqual(["urn:hocba:mainindication:no-signature"]);
  });
});
