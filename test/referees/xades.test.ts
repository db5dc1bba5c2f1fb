import { execFileSync, spawnSync } from "node:child_process";
import { createPrivateKey, type KeyObject, sign, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { type PlannedSignature, planSignatures, readFacts, shippedProfiles } from "@hocba/signatures/profiles";
import {
  addSignatureTimestamp,
  embedXades,
  type SignerIdentity,
  type XadesSpec,
  xades,
  xadesFormat,
} from "@hocba/signatures/sign";
import {
  findXmlSignatures,
  isCovered,
  parseXml,
  readXadesProperties,
  readXmlSignature,
  verifyWithKeyInfo,
} from "@hocba/signatures/xml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const profile = shippedProfiles.get("hocba-xml")!;
const SUBJECTS: readonly (readonly [code: string, name: string])[] = [
  ["19", "Ngữ văn"],
  ["15", "Toán"],
  ["69", "Ngoại ngữ 1"],
  ["14", "Giáo dục công dân & pháp luật"],
  ["31", "Khoa học tự nhiên"],
  ["32", "Lịch sử và Địa lí"],
];

/** A transcript with Windows line ends, a comment and characters that canonical form escapes. */
function transcript(): string {
  const marks = SUBJECTS.map(
    ([code, name]) =>
      `<DIEM_TONG_KET Id="mon-${code}"><MA_MON_HOC>${code}</MA_MON_HOC>\r\n<TEN_MON_HOC>${name.replace("&", "&amp;")}</TEN_MON_HOC><CA_NAM ghiChu='"Đạt" > 5'>7.8</CA_NAM></DIEM_TONG_KET>`,
  ).join("\r\n");
  const holders = SUBJECTS.map(([code], i) =>
    i % 2 ? `<GVBM Id="gvbm-${code}" maMonHoc="${code}" />` : `<GVBM Id="gvbm-${code}" maMonHoc="${code}"></GVBM>`,
  ).join("");
  return (
    `\ufeff<?xml version="1.0" encoding="UTF-8"?>\r\n<!-- học bạ số -->\r\n<HOC_BA phienBan="1.0"><DU_LIEU_HOC_BA Id="data"><THONG_TIN_HOC_BA Id="thongtinhocba">` +
    "<MA_HOC_BA>HB-1</MA_HOC_BA><NAM_HOC>2025-2026</NAM_HOC><TEN_LOP>8A1</TEN_LOP><CO_SO_GIAO_DUC><MA_TRUONG>T01</MA_TRUONG><TEN_TRUONG>THCS Núi Sập</TEN_TRUONG></CO_SO_GIAO_DUC>" +
    `<lyLich><HO_VA_TEN>Trần Thị Bích Ngọc</HO_VA_TEN></lyLich><BANG_DIEM>${marks}<!-- hết --></BANG_DIEM></THONG_TIN_HOC_BA>` +
    `<DANH_SACH_THONG_TIN_KY><DANH_SACH_GVBM>${holders}</DANH_SACH_GVBM><GVCN/></DANH_SACH_THONG_TIN_KY></DU_LIEU_HOC_BA>` +
    "<PHAT_HANH_HOC_BA><DANH_SACH_CBQL><CBQL/></DANH_SACH_CBQL><KY_PHAT_HANH/></PHAT_HANH_HOC_BA></HOC_BA>\r\n"
  );
}

const bytesOf = (text: string) => new TextEncoder().encode(text);
const hasXmlsec = spawnSync("xmlsec1", ["--version"]).status === 0;
const folder = mkdtempSync(join(tmpdir(), "hocba-xades-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface TestSigner extends SignerIdentity {
  key: KeyObject;
  pem: string;
}

function makeSigner(name: string, algorithm: SignerIdentity["algorithm"]): TestSigner {
  const [keyFile, pem] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
  const kind = algorithm.startsWith("ecdsa") ? ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"] : ["rsa:2048"];
  execFileSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      ...kind,
      "-nodes",
      "-keyout",
      keyFile,
      "-out",
      pem,
      "-days",
      "30",
      "-subj",
      `/CN=${name}`,
    ],
    { stdio: "ignore" },
  );
  const certificate = new Uint8Array(new X509Certificate(readFileSync(pem)).raw);
  return { certificate, chain: [], algorithm, key: createPrivateKey(readFileSync(keyFile)), pem };
}

function signWith(signer: TestSigner, octets: Uint8Array): Uint8Array {
  if (signer.algorithm === "ecdsa-p256-sha256") {
    return new Uint8Array(sign("sha256", octets, { key: signer.key, dsaEncoding: "ieee-p1363" }));
  }
  const pss = { padding: 6, saltLength: 32 };
  return new Uint8Array(
    sign("sha256", octets, { key: signer.key, ...(signer.algorithm === "rsa-pss-sha256" ? pss : {}) }),
  );
}

const specOf = (planned: PlannedSignature, more: Partial<XadesSpec> = {}): XadesSpec => ({
  ...planned.xml!,
  signatureId: `sig-${planned.id.replace(":", "-")}`,
  signingTime: new Date("2026-05-29T08:30:00Z"),
  claimedRole: `${planned.step.title.vi} <${planned.key ?? "-"}>`,
  ...more,
});

/** Leads a transcript through all signers, each order at once; `token` stamps every signature. */
function signAll(
  document: Uint8Array,
  signerOf: (planned: PlannedSignature) => TestSigner,
  token: Uint8Array | null = null,
  more: Partial<XadesSpec> = {},
): Uint8Array {
  const format = xadesFormat(nodeCrypto);
  const plan = planSignatures(profile, document);
  let current = document;
  for (const order of new Set(plan.map((p) => p.step.order))) {
    const group = plan.filter((p) => p.step.order === order);
    const members = group.map((p) => ({ signer: signerOf(p), spec: specOf(p, more) }));
    const prepared = format.prepareBatch(current, members);
    const values = prepared.toBeSigned.map((octets, i) => signWith(signerOf(group[i]!), octets));
    current = format.completeBatch(
      prepared,
      values,
      group.map(() => token),
    );
  }
  return current;
}

/** One verdict per signature, in document order. */
function xmlsec(document: Uint8Array, count: number, pems: string[]): boolean[] {
  const file = join(folder, "signed.xml");
  writeFileSync(file, document);
  const ids = ["DU_LIEU_HOC_BA", "THONG_TIN_HOC_BA", "DIEM_TONG_KET"];
  const qualified = ["http://uri.etsi.org/01903/v1.3.2#:SignedProperties", "http://www.w3.org/2000/09/xmldsig#:Object"];
  return Array.from({ length: count }, (_, i) => {
    const result = spawnSync("xmlsec1", [
      "--verify",
      ...[...ids, ...qualified].flatMap((name) => ["--id-attr:Id", name]),
      "--node-xpath",
      `(//*[local-name()='Signature'])[${i + 1}]`,
      ...pems.flatMap((pem) => ["--trusted-pem", pem]),
      "--enabled-key-data",
      "x509",
      file,
    ]);
    return result.status === 0;
  });
}

function ours(document: Uint8Array): boolean[] {
  const parsed = parseXml(document);
  return findXmlSignatures(parsed).map((element) => {
    const signature = readXmlSignature(parsed, element, { crypto: nodeCrypto });
    const value = verifyWithKeyInfo(signature, nodeCrypto);
    return value.status === "valid" && signature.references.every((r) => r.status === "intact");
  });
}

describe("XML signatures of a transcript", { timeout: 60_000 }, () => {
  let rsa: TestSigner;
  let pss: TestSigner;
  let ec: TestSigner;
  let signers: Record<string, TestSigner>;
  let pems: string[];
  const token = Uint8Array.of(0x30, 0x03, 0x02, 0x01, 0x2a);
  let signed: Uint8Array;

  beforeAll(() => {
    rsa = makeSigner("rsa", "rsa-pkcs1-sha256");
    pss = makeSigner("pss", "rsa-pss-sha256");
    ec = makeSigner("ec", "ecdsa-p256-sha256");
    signers = { "subject-teacher": rsa, "homeroom-teacher": ec, principal: rsa, seal: ec };
    pems = [rsa.pem, ec.pem];
    signed = signAll(bytesOf(transcript()), (p) => signers[p.step.id]!, token);
  });

  it("are planned by the profile, one per subject and role, and the facts are read", () => {
    const plan = planSignatures(profile, bytesOf(transcript()));
    expect(plan.map((p) => p.id)).toEqual([
      ...SUBJECTS.map(([code]) => `subject-teacher:${code}`),
      "homeroom-teacher",
      "principal",
      "seal",
    ]);
    expect(readFacts(profile, bytesOf(transcript()))).toMatchObject({ documentId: "HB-1", schoolName: "THCS Núi Sập" });
  });

  it.skipIf(!hasXmlsec)("verify with xmlsec1 and with our verifier, every one", () => {
    const all = Array.from({ length: SUBJECTS.length + 3 }, () => true);
    expect(ours(signed)).toEqual(all);
    expect(xmlsec(signed, all.length, pems)).toEqual(all);
  });

  it("by RSA-PSS verify too", () => {
    // xmlsec1 of this system knows no RSA-PSS: OpenSSL under our verifier judges alone.
    const byPss = signAll(bytesOf(transcript()), () => pss);
    expect(ours(byPss)).toEqual(Array.from({ length: SUBJECTS.length + 3 }, () => true));
  });

  it("leave every octet of the document as it was", () => {
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(signed);
    const without = text
      .replace(/<ds:Signature .*?<\/ds:Signature>/gs, "")
      .replaceAll("<GVCN></GVCN>", "<GVCN/>")
      .replaceAll("<CBQL></CBQL>", "<CBQL/>")
      .replaceAll("<KY_PHAT_HANH></KY_PHAT_HANH>", "<KY_PHAT_HANH/>")
      .replace(/(<GVBM [^>]* )><\/GVBM>/g, "$1/>");
    expect(without).toBe(transcript());
  });

  it("carry the properties of the B level, and a time stamp over the signature value", () => {
    const format = xadesFormat(nodeCrypto);
    const [first] = planSignatures(profile, bytesOf(transcript()));
    const prepared = format.prepareBatch(bytesOf(transcript()), [{ signer: rsa, spec: specOf(first!) }]);
    const value = signWith(rsa, prepared.toBeSigned[0]!);
    const parsed = parseXml(format.completeBatch(prepared, [value], [token]));
    const signature = readXmlSignature(parsed, findXmlSignatures(parsed)[0]!, { crypto: nodeCrypto });
    const properties = readXadesProperties(signature)!;
    expect(properties.signedPropertiesCovered).toBe(true);
    expect(properties.signingTime).toBe("2026-05-29T08:30:00Z");
    expect(properties.claimedRoles).toEqual(["Giáo viên bộ môn <19>"]);
    expect(properties.signingCertificates![0]!.digest).toEqual(nodeCrypto.digest("sha256", rsa.certificate));
    const [stamp] = properties.signatureTimestamps;
    expect(stamp!.tokens).toEqual([token]);
    expect(stamp!.inputs()).toEqual([format.timestampInputOf(prepared, 0, value)]);
    const subject = parsed.ids.get("mon-19")![0]!;
    expect(isCovered(signature.references[0]!, subject)).toBe(true);
    expect(isCovered(signature.references[0]!, parsed.ids.get("mon-15")![0]!)).toBe(false);
  });

  it.skipIf(!hasXmlsec)("in the plain form of vendors verify as well", () => {
    const plain = signAll(bytesOf(transcript()), (p) => signers[p.step.id]!, null, { form: "xmldsig" });
    const all = Array.from({ length: SUBJECTS.length + 3 }, () => true);
    expect(ours(plain)).toEqual(all);
    expect(xmlsec(plain, all.length, pems)).toEqual(all);
  });

  it.skipIf(!hasXmlsec)("are refused by xmlsec1 and by us when a covered octet changes", () => {
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(signed);
    const [subject, principal, seal] = [0, SUBJECTS.length + 1, SUBJECTS.length + 2];
    const attacks: [string, (t: string) => string, number[]][] = [
      ["a mark is raised", (t) => t.replace(">7.8<", ">9.8<"), [subject, SUBJECTS.length, principal, seal]],
      ["the pupil's name is changed", (t) => t.replace("Bích Ngọc", "Bích Ngoc"), [SUBJECTS.length, principal, seal]],
      [
        "the signing time is changed",
        (t) => t.replace("2026-05-29T08:30", "2026-05-29T08:31"),
        [subject, principal, seal],
      ],
      [
        "a teacher's stamp is taken out",
        (t) => t.replace(/<xades:UnsignedProperties>.*?<\/xades:UnsignedProperties>/s, ""),
        [principal, seal],
      ],
    ];
    for (const [story, change, broken] of attacks) {
      const attacked = bytesOf(change(text));
      const expected = Array.from({ length: SUBJECTS.length + 3 }, (_, i) => !broken.includes(i));
      expect(ours(attacked), story).toEqual(expected);
      expect(xmlsec(attacked, expected.length, pems), story).toEqual(expected);
    }
  });

  it("of another day are embedded once their part is unchanged, and stamped only while nothing covers them", () => {
    const unsigned = bytesOf(transcript());
    const [a, b] = planSignatures(profile, unsigned);
    // Two teachers prepare on the same state of the file and come back in the other order.
    const [first, second] = [a!, b!].map((p) => xades.prepare(unsigned, rsa, specOf(p)));
    const values = [first!, second!].map((p) => signWith(rsa, p.toBeSigned));
    let current = embedXades(unsigned, second!.placement, values[1]!, null, nodeCrypto);
    current = embedXades(current, first!.placement, values[0]!, token, nodeCrypto);
    expect(ours(current)).toEqual([true, true]);
    expect(() => embedXades(current, first!.placement, values[0]!, null, nodeCrypto)).toThrow(
      expect.objectContaining({ code: "XML_HOLDER_TAKEN" }),
    );
    const stamped = addSignatureTimestamp(current, second!.placement.signatureId, token);
    expect(ours(stamped)).toEqual([true, true]);
    const changed = bytesOf(transcript().replace(">7.8<", ">6.8<"));
    expect(() => embedXades(changed, first!.placement, values[0]!, null, nodeCrypto)).toThrow(
      expect.objectContaining({ code: "XML_UNSUPPORTED" }),
    );
    const unstamped = signAll(unsigned, (p) => signers[p.step.id]!);
    expect(() => addSignatureTimestamp(unstamped, "sig-subject-teacher-19", token)).toThrow(
      expect.objectContaining({ code: "XML_HOLDER_INSIDE_REFERENCE" }),
    );
    expect(ours(addSignatureTimestamp(unstamped, "sig-seal", token)).every(Boolean)).toBe(true);
  });

  it("are refused with a code where they do not fit", () => {
    const plan = planSignatures(profile, bytesOf(transcript()));
    const homeroom = plan.find((p) => p.id === "homeroom-teacher")!;
    const prepare = (text: string, spec: XadesSpec) => () => xades.prepare(bytesOf(text), rsa, spec);
    const code = (value: string) => expect.objectContaining({ code: value });
    const cases: [string, () => unknown, string][] = [
      ["no reference", prepare(transcript(), specOf(homeroom, { reference: "#nowhere" })), "XML_MISSING_ELEMENT"],
      ["no holder", prepare(transcript(), specOf(homeroom, { holder: "A/B" })), "XML_MISSING_ELEMENT"],
      ["duplicate Id", prepare(transcript().replace("mon-15", "mon-19"), specOf(plan[0]!)), "XML_DUPLICATE_ID"],
      [
        "inside its reference",
        prepare(transcript(), specOf(homeroom, { reference: "#data" })),
        "XML_HOLDER_INSIDE_REFERENCE",
      ],
      [
        "signed already",
        () => xades.prepare(signed, rsa, specOf(homeroom, { signatureId: "other" })),
        "XML_HOLDER_TAKEN",
      ],
      [
        "a DTD",
        prepare(transcript().replace("<HOC_BA", "<!DOCTYPE HOC_BA><HOC_BA"), specOf(homeroom)),
        "XML_DTD_FORBIDDEN",
      ],
      ["not well-formed", prepare(transcript().replace("</HOC_BA>", ""), specOf(homeroom)), "XML_NOT_WELL_FORMED"],
      [
        "missing block",
        () => planSignatures(profile, bytesOf(transcript().replace("<CBQL/>", ""))),
        "XML_MISSING_ELEMENT",
      ],
      [
        "missing teacher's place",
        () => planSignatures(profile, bytesOf(transcript().replace('maMonHoc="19"', ""))),
        "XML_MISSING_ELEMENT",
      ],
      [
        "two subjects of one code",
        () => planSignatures(profile, bytesOf(transcript().replace("<MA_MON_HOC>15<", "<MA_MON_HOC>19<"))),
        "XML_DUPLICATE_ID",
      ],
    ];
    for (const [story, act, expected] of cases) expect(act, story).toThrow(code(expected));
    // A teacher late by a step: the principal's signature covers the place and would break.
    const partly = signAll(bytesOf(transcript().replace("<GVCN/>", "<GVCN/><GVCN2/>")), (p) => signers[p.step.id]!);
    const late = specOf(homeroom, { holder: homeroom.xml!.holder.replace("GVCN", "GVCN2"), signatureId: "late" });
    expect(() => xades.prepare(partly, rsa, late)).toThrow(code("XML_HOLDER_INSIDE_REFERENCE"));
  });
});
