import { sign as nodeSign, randomBytes } from "node:crypto";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { type DevPki, type IssuedLeaf, startDevPki } from "@hocba/certs/dev-pki";
import { trustAnchor } from "@hocba/certs/trust";
import { parseCertificate } from "@hocba/certs/x509";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { planSignatures, shippedProfiles } from "../profiles/index.ts";
import { xadesFormat } from "../sign/xades.ts";
import { buildTimestampRequest, readTimestampResponse } from "../timestamps/index.ts";
import {
  type CertificateRegistry,
  type VerificationContext,
  type VerificationReport,
  verifyDocument,
} from "./index.ts";

const profile = shippedProfiles.get("hocba-xml")!;
const xades = xadesFormat(nodeCrypto);

const UNSIGNED = `<HOC_BA phienBan="1.0"><DU_LIEU_HOC_BA Id="data"><THONG_TIN_HOC_BA Id="thongtinhocba"><MA_HOC_BA>HB-1</MA_HOC_BA><NAM_HOC>2025-2026</NAM_HOC><TEN_LOP>8A1</TEN_LOP><KHOI>8</KHOI><CO_SO_GIAO_DUC><MA_TRUONG>89999001</MA_TRUONG><TEN_TRUONG>THCS Thử Nghiệm</TEN_TRUONG><DIA_CHI>An Giang</DIA_CHI></CO_SO_GIAO_DUC><lyLich><HO_VA_TEN>Trần Thị Bình</HO_VA_TEN></lyLich><BANG_DIEM><DIEM_TONG_KET Id="mon-19"><MA_MON_HOC>19</MA_MON_HOC><CA_NAM>7.8</CA_NAM></DIEM_TONG_KET><DIEM_TONG_KET Id="mon-15"><MA_MON_HOC>15</MA_MON_HOC><CA_NAM>8.1</CA_NAM></DIEM_TONG_KET></BANG_DIEM></THONG_TIN_HOC_BA><DANH_SACH_THONG_TIN_KY><DANH_SACH_GVBM><GVBM Id="gvbm-19" maMonHoc="19"/><GVBM Id="gvbm-15" maMonHoc="15"/></DANH_SACH_GVBM><GVCN/></DANH_SACH_THONG_TIN_KY></DU_LIEU_HOC_BA><PHAT_HANH_HOC_BA><DANH_SACH_CBQL><CBQL/></DANH_SACH_CBQL><KY_PHAT_HANH/></PHAT_HANH_HOC_BA></HOC_BA>`;

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

let pki: DevPki;
const leaves = new Map<string, IssuedLeaf>();
let context: Omit<VerificationContext, "fileName">;
let signed: string;

beforeAll(async () => {
  pki = await startDevPki({ keyBits: 2048 });
  const person = (name: string) =>
    pki.issueLeaf({ subject: { organization: "THCS Thử Nghiệm", commonName: name }, keyType: "ec-p256" });
  for (const [step, name] of [
    ["subject-teacher:19", "Hà Văn Tý"],
    ["subject-teacher:15", "Lê Thị Sửu"],
    ["homeroom-teacher", "Phạm Dần"],
    ["principal", "Đỗ Mão"],
  ] as const)
    leaves.set(step, await person(name));
  leaves.set(
    "seal",
    await pki.issueLeaf({
      kind: "seal",
      subject: { organization: "THCS Thử Nghiệm", commonName: "TRƯỜNG THCS THỬ NGHIỆM", uid: ["MNS:K1", "MST:1"] },
      keyType: "ec-p256",
    }),
  );
  signed = await signAll(UNSIGNED);
  context = {
    crypto: nodeCrypto,
    policy: "vn-official",
    time: new Date(),
    anchors: [trustAnchor(parseCertificate(pki.root.certificate))],
    certificates: [pki.issuing.certificate],
    crls: [await pki.crl("root"), await pki.crl("issuing")],
    ocspResponses: [],
  };
}, 60_000);
afterAll(() => pki.close());

async function stamp(octets: Uint8Array): Promise<Uint8Array> {
  const request = {
    digestAlgorithm: "sha256",
    digest: nodeCrypto.digest("sha256", octets),
    nonce: randomBytes(8),
  } as const;
  const response = await fetch(pki.tsa.url, {
    method: "POST",
    headers: { "content-type": "application/timestamp-query" },
    body: buildTimestampRequest({ ...request, certReq: true }) as BodyInit,
  });
  return readTimestampResponse(new Uint8Array(await response.arrayBuffer()), request).raw;
}

async function signAll(text: string, skip: readonly string[] = [], as: Record<string, string> = {}): Promise<string> {
  let document = encode(text);
  for (const planned of planSignatures(profile, document)) {
    if (skip.includes(planned.id)) continue;
    const leaf = leaves.get(as[planned.id] ?? planned.id)!;
    const signer = {
      certificate: leaf.certificate,
      chain: [pki.issuing.certificate],
      algorithm: "ecdsa-p256-sha256",
    } as const;
    const prepared = xades.prepare(document, signer, {
      reference: planned.xml!.reference,
      holder: planned.xml!.holder,
      signatureId: `sig-${planned.id.replace(":", "-")}`,
      signingTime: new Date(),
    });
    const value = nodeSign("sha256", prepared.toBeSigned, { key: leaf.privateKey, dsaEncoding: "ieee-p1363" });
    const token = await stamp(xades.timestampInput(prepared, value));
    document = xades.complete(prepared, value, token) as Uint8Array<ArrayBuffer>;
  }
  return decode(document);
}

const verify = (text: string, more: Partial<VerificationContext> = {}): VerificationReport =>
  verifyDocument(encode(text), { ...context, fileName: "hb.xml", ...more }).report;
const errors = (report: VerificationReport) => report.findings.filter((f) => f.severity === "error").map((f) => f.code);
const signatureOf = (id: string) =>
  new RegExp(`<ds:Signature [^>]*Id="sig-${id}".*?</ds:Signature>`, "s").exec(signed)![0];

describe("a transcript in XML, signed by the whole chain", () => {
  it("passes, with every role named and every time proven", () => {
    const report = verify(signed);
    expect(report.signatures.flatMap((s) => s.findings.filter((f) => f.severity === "error"))).toEqual([]);
    expect(report).toMatchObject({ indication: "TOTAL-PASSED", subIndication: null, format: "xml" });
    expect(report.signatures.map((s) => s.role)).toEqual([
      "subject-teacher",
      "subject-teacher",
      "homeroom-teacher",
      "principal",
      "seal",
    ]);
    expect(
      report.signatures.every((s) => s.level === "T" && s.format === "XAdES" && s.bestSignatureTime !== null),
    ).toBe(true);
  });

  it("fails when a subject's teacher has not signed, although all that is there verifies", async () => {
    const report = verify(await signAll(UNSIGNED, ["subject-teacher:15"]));
    expect(report.signatures.every((s) => s.indication === "TOTAL-PASSED")).toBe(true);
    expect(report).toMatchObject({ indication: "TOTAL-FAILED", subIndication: "SIG_CONSTRAINTS_FAILURE" });
    expect(errors(report)).toEqual(["HOCBA_STEP_MISSING"]);
  });

  it("fails without the seal: cut off the end, nothing else notices", () => {
    const report = verify(signed.replace(signatureOf("seal"), ""));
    expect(errors(report)).toEqual(["HOCBA_STEP_MISSING"]);
    expect(report.indication).toBe("TOTAL-FAILED");
  });

  // The attacker copies the signature of one subject into the place of the other, whose mark was never confirmed.
  it("fails when one teacher's signature stands in for another's", async () => {
    const half = await signAll(UNSIGNED, ["subject-teacher:15", "homeroom-teacher", "principal", "seal"]);
    const copy = /<ds:Signature .*?<\/ds:Signature>/s.exec(half)![0].replaceAll("sig-subject-teacher-19", "sig-copy");
    const forged = await signAll(half.replace('maMonHoc="15"/>', `maMonHoc="15">${copy}</GVBM>`), [
      "subject-teacher:19",
      "subject-teacher:15",
    ]);
    const report = verify(forged);
    expect(errors(report)).toContain("HOCBA_WRONG_REFERENCE");
    expect(report.indication).toBe("TOTAL-FAILED");
  });

  it("fails when a mark is changed, a holder is moved, or an Id is claimed twice", () => {
    expect(verify(signed.replace("<CA_NAM>8.1", "<CA_NAM>9.1")).indication).toBe("TOTAL-FAILED");
    const twice = verify(signed.replace("<KY_PHAT_HANH>", '<KY_PHAT_HANH><x Id="mon-15"/>'));
    expect(twice.indication).toBe("TOTAL-FAILED");
    const seal = signatureOf("seal");
    const moved = verify(signed.replace(seal, "").replace("</PHAT_HANH_HOC_BA>", `${seal}</PHAT_HANH_HOC_BA>`));
    expect(errors(moved)).toEqual(expect.arrayContaining(["HOCBA_STEP_MISSING", "HOCBA_WRONG_PLACE"]));
  });

  // What stands outside #data is covered by nobody; a reader might show it all the same.
  it("fails when text is added where no signature covers it", () => {
    const report = verify(signed.replace("<DANH_SACH_CBQL>", "<GHI_CHU>Được lên lớp</GHI_CHU><DANH_SACH_CBQL>"));
    expect(errors(report)).toEqual(["HOCBA_UNSIGNED_CONTENT"]);
  });

  // The seal's own signature is signed by nobody: whoever has the file can put a second result into it, in an object, an unsigned
  // property or KeyInfo, and a program that looks for DIEM_TONG_KET anywhere shows 9.9.
  it("fails when a result is hidden inside a signature, or told by an attribute", () => {
    const fake = "<DIEM_TONG_KET><MA_MON_HOC>19</MA_MON_HOC><CA_NAM>9.9</CA_NAM></DIEM_TONG_KET>";
    const before = (tag: string, text: string) => {
      const at = signed.lastIndexOf(tag);
      expect(at).toBeGreaterThan(0);
      return signed.slice(0, at) + text + signed.slice(at);
    };
    const forged = [
      before("</ds:Signature>", `<ds:Object>${fake}</ds:Object>`),
      before("</ds:Signature>", `<ds:Object><HOC_BA><BANG_DIEM>${fake}</BANG_DIEM></HOC_BA></ds:Object>`),
      before("</ds:Signature>", '<ds:Object><q:CA_NAM xmlns:q="urn:q">9.9</q:CA_NAM></ds:Object>'),
      before("</xades:UnsignedSignatureProperties>", `<xades:Other>${fake}</xades:Other>`),
      before("</ds:KeyInfo>", fake),
      signed.replace("<PHAT_HANH_HOC_BA>", '<PHAT_HANH_HOC_BA><GHI_CHU CA_NAM="9.9"/>'),
    ];
    for (const text of forged) {
      const report = verify(text);
      expect(report.indication).toBe("TOTAL-FAILED");
      expect(errors(report)).toContain("HOCBA_UNSIGNED_CONTENT");
    }
  });

  // Without a seal the transcript would fail for the missing step. So the attacker renames or wraps the document element, hoping that
  // the file is no longer taken for a transcript and the remaining signatures alone decide.
  it("fails when the document element is renamed, wrapped or put into a namespace to escape the chain", () => {
    const cut = signed.replace(signatureOf("seal"), "");
    const forged = [
      `<GOI>${cut}</GOI>`,
      cut.replace("<HOC_BA ", "<BANG ").replace("</HOC_BA>", "</BANG>"),
      cut.replace("<HOC_BA ", '<h:HOC_BA xmlns:h="urn:x" ').replace("</HOC_BA>", "</h:HOC_BA>"),
    ];
    for (const text of forged) {
      const report = verify(text);
      expect(report.indication).toBe("TOTAL-FAILED");
      expect(errors(report)).toContain("HOCBA_STRUCTURE");
    }
  });

  it("warns when a person's certificate is used as seal", async () => {
    const report = verify(await signAll(UNSIGNED, [], { seal: "principal" }));
    const codes = report.findings.map((f) => f.code);
    expect(codes).toEqual(expect.arrayContaining(["HOCBA_SEAL_EXPECTED", "HOCBA_SAME_CERTIFICATE"]));
  });

  it("holds signers against the register where one is given", () => {
    const principal = parseCertificate(leaves.get("principal")!.certificate).fingerprint(nodeCrypto);
    const registry: CertificateRegistry = {
      isBound: (c, role, school) => school === "89999001" && (role !== "principal" || c.fingerprint !== principal),
    };
    expect(errors(verify(signed, { registry }))).toEqual(["HOCBA_NOT_REGISTERED"]);
    expect(errors(verify(signed, { registry: { isBound: () => true } }))).toEqual([]);
  });

  it("is undecided without revocation data, and wants it from where the certificates say", () => {
    const { report, wanted } = verifyDocument(encode(signed), { ...context, crls: [], fileName: "hb.xml" });
    expect(report).toMatchObject({ indication: "INDETERMINATE", subIndication: "TRY_LATER" });
    expect(new Set(wanted.map((w) => w.kind))).toEqual(new Set(["crl", "ocsp"]));
  });

  it("still passes after a teacher's certificate is revoked later, and fails to when it was revoked before", async () => {
    const serial = leaves.get("homeroom-teacher")!.serial;
    pki.revoke(serial, "keyCompromise", new Date(Date.now() + 60_000));
    const later = { time: new Date(Date.now() + 3600_000), crls: [await pki.crl("root"), await pki.crl("issuing")] };
    expect(verify(signed, later).indication).toBe("TOTAL-PASSED");
    const half = parseCertificate(leaves.get("subject-teacher:19")!.certificate).serial;
    pki.revoke(half, "keyCompromise", new Date(Date.now() - 600_000));
    const before = verify(signed, { ...later, crls: [await pki.crl("root"), await pki.crl("issuing")] });
    expect(before).toMatchObject({ indication: "INDETERMINATE", subIndication: "REVOKED_NO_POE" });
  });

  it("never passes with an octet changed in anything that is signed, signatures of others included", () => {
    const bytes = encode(signed);
    const end = decode(bytes).indexOf("</DU_LIEU_HOC_BA>");
    const start = signed.indexOf("<THONG_TIN_HOC_BA");
    for (let at = start; at < end; at += 307) {
      const changed = new Uint8Array(bytes);
      changed[at]! ^= 1 << (at % 7);
      const { report } = verifyDocument(changed, { ...context, fileName: "hb.xml" });
      // White space inside a start tag is not part of the canonical form (XMLDSig §4.4.3): then nothing was changed.
      if (bytes[at] === 0x20) continue;
      expect([at, report.indication]).not.toEqual([at, "TOTAL-PASSED"]);
    }
  }, 60_000);
});
