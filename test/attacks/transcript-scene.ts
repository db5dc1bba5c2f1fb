import { sign as nodeSign, randomBytes } from "node:crypto";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { type IssuedLeaf, startDevPki } from "@hocba/certs/dev-pki";
import { trustAnchor } from "@hocba/certs/trust";
import { parseCertificate } from "@hocba/certs/x509";
import { SignaturesError } from "@hocba/signatures";
import { type PlannedSignature, planSignatures, shippedProfiles } from "@hocba/signatures/profiles";
import { xadesFormat } from "@hocba/signatures/sign";
import { buildTimestampRequest, readTimestampResponse } from "@hocba/signatures/timestamps";
import { type VerificationContext, type VerificationReport, verifyDocument } from "@hocba/signatures/verify";
import {
  EXC_C14N,
  elementsAtPath,
  encodeBase64,
  findXmlSignatures,
  parseXml,
  readXmlSignature,
  SHA256,
  type XmlReference,
} from "@hocba/signatures/xml";

export const DS = "http://www.w3.org/2000/09/xmldsig#";
export const XADES = "http://uri.etsi.org/01903/v1.3.2#";
const ECDSA = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";

const profile = shippedProfiles.get("hocba-xml")!;
const xades = xadesFormat(nodeCrypto);
export const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
export const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** An unsigned transcript in the ministry's shape, of one pupil with two subjects. */
export function unsignedTranscript(
  pupil = "Trần Thị Bình",
  id = "HB-1",
  marks: readonly [string, string] = ["7.8", "8.1"],
) {
  const subject = (code: string, mark: string) =>
    `<DIEM_TONG_KET Id="mon-${code}"><MA_MON_HOC>${code}</MA_MON_HOC><CA_NAM>${mark}</CA_NAM></DIEM_TONG_KET>`;
  return (
    `<HOC_BA phienBan="1.0"><DU_LIEU_HOC_BA Id="data"><THONG_TIN_HOC_BA Id="thongtinhocba"><MA_HOC_BA>${id}</MA_HOC_BA><NAM_HOC>2025-2026</NAM_HOC>` +
    "<TEN_LOP>8A1</TEN_LOP><KHOI>8</KHOI><CO_SO_GIAO_DUC><MA_TRUONG>89999001</MA_TRUONG><TEN_TRUONG>THCS Thử Nghiệm</TEN_TRUONG>" +
    `<DIA_CHI>An Giang</DIA_CHI></CO_SO_GIAO_DUC><lyLich><HO_VA_TEN>${pupil}</HO_VA_TEN></lyLich><BANG_DIEM>` +
    `${subject("19", marks[0])}${subject("15", marks[1])}</BANG_DIEM></THONG_TIN_HOC_BA><DANH_SACH_THONG_TIN_KY><DANH_SACH_GVBM>` +
    '<GVBM Id="gvbm-19" maMonHoc="19"/><GVBM Id="gvbm-15" maMonHoc="15"/></DANH_SACH_GVBM><GVCN/></DANH_SACH_THONG_TIN_KY></DU_LIEU_HOC_BA>' +
    "<PHAT_HANH_HOC_BA><DANH_SACH_CBQL><CBQL/></DANH_SACH_CBQL><KY_PHAT_HANH/></PHAT_HANH_HOC_BA></HOC_BA>"
  );
}

export interface HandSigned {
  /** Attributes of the ds:Signature. */
  attributes?: string;
  /** Content of ds:SignedInfo after SignatureMethod; digests are filled in where `DigestValue` is empty. */
  references: string;
  method?: string;
  c14n?: string;
  /** The whole ds:KeyInfo; default: the leaf's certificate. */
  keyInfo?: string;
  /** ds:Object elements. */
  objects?: string;
}

/** One ds:Reference with an empty digest. */
export const reference = (
  uri: string | null,
  more: { transforms?: string; type?: string; digestMethod?: string; id?: string } = {},
) =>
  `<ds:Reference${more.id ? ` Id="${more.id}"` : ""}${uri === null ? "" : ` URI="${uri}"`}${more.type ? ` Type="${more.type}"` : ""}><ds:Transforms>` +
  `${more.transforms ?? `<ds:Transform Algorithm="${EXC_C14N}"/>`}</ds:Transforms><ds:DigestMethod Algorithm="${more.digestMethod ?? SHA256}"/><ds:DigestValue></ds:DigestValue></ds:Reference>`;

/** A school, its signers with real keys, a PKI on loopback, and the verifier of a receiving school. */
export async function transcriptScene() {
  const pki = await startDevPki({ keyBits: 2048 });
  const leaves = new Map<string, IssuedLeaf>();
  const person = (name: string) =>
    pki.issueLeaf({ subject: { organization: "THCS Thử Nghiệm", commonName: name }, keyType: "ec-p256" });
  leaves.set("subject-teacher:19", await person("Hà Văn Tý"));
  leaves.set("subject-teacher:15", await person("Lê Thị Sửu"));
  leaves.set("homeroom-teacher", await person("Phạm Dần"));
  leaves.set("principal", await person("Đỗ Mão"));
  leaves.set(
    "seal",
    await pki.issueLeaf({
      kind: "seal",
      subject: { organization: "THCS Thử Nghiệm", commonName: "TRƯỜNG THCS THỬ NGHIỆM", uid: ["MNS:K1", "MST:1"] },
      keyType: "ec-p256",
    }),
  );
  const context: Omit<VerificationContext, "fileName"> = {
    crypto: nodeCrypto,
    policy: "vn-official",
    time: new Date(),
    anchors: [trustAnchor(parseCertificate(pki.root.certificate))],
    certificates: [pki.issuing.certificate],
    crls: [await pki.crl("root"), await pki.crl("issuing")],
    ocspResponses: [],
  };

  async function stamp(octets: Uint8Array, url = pki.tsa.url): Promise<Uint8Array> {
    const request = {
      digestAlgorithm: "sha256",
      digest: nodeCrypto.digest("sha256", octets),
      nonce: randomBytes(8),
    } as const;
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/timestamp-query" },
      body: buildTimestampRequest({ ...request, certReq: true }) as BodyInit,
    });
    return readTimestampResponse(new Uint8Array(await response.arrayBuffer()), request).raw;
  }

  async function signAll(
    text: string,
    options: {
      skip?: readonly string[];
      as?: Record<string, IssuedLeaf | undefined>;
      stamps?: boolean;
      order?: (a: PlannedSignature, b: PlannedSignature) => number;
      token?: (octets: Uint8Array, planned: PlannedSignature) => Promise<Uint8Array | null>;
    } = {},
  ): Promise<string> {
    let document = encode(text);
    const planned = planSignatures(profile, document);
    if (options.order) planned.sort(options.order);
    for (const each of planned) {
      if (options.skip?.includes(each.id)) continue;
      const leaf = options.as?.[each.id] ?? leaves.get(each.id)!;
      const signer = {
        certificate: leaf.certificate,
        chain: [pki.issuing.certificate],
        algorithm: "ecdsa-p256-sha256",
      } as const;
      const prepared = xades.prepare(document, signer, {
        reference: each.xml!.reference,
        holder: each.xml!.holder,
        signatureId: `sig-${each.id.replace(":", "-")}`,
        signingTime: new Date(),
      });
      const value = nodeSign("sha256", prepared.toBeSigned, { key: leaf.privateKey, dsaEncoding: "ieee-p1363" });
      const octets = xades.timestampInput(prepared, value);
      const token = options.token
        ? await options.token(octets, each)
        : options.stamps === false
          ? null
          : await stamp(octets);
      document = xades.complete(prepared, value, token ?? undefined) as Uint8Array<ArrayBuffer>;
    }
    return decode(document);
  }

  /** Puts a signature made by hand at the end of the element at `holder`: for insiders, who have a key and no scruples. */
  function signByHand(text: string, holder: string, leaf: IssuedLeaf, what: HandSigned): string {
    const keyInfo =
      what.keyInfo ??
      `<ds:KeyInfo><ds:X509Data><ds:X509Certificate>${encodeBase64(leaf.certificate)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`;
    const marker = `<ds:Signature xmlns:ds="${DS}"${what.attributes ?? ' Id="sig-hand"'}>`;
    const signature =
      `${marker}<ds:SignedInfo><ds:CanonicalizationMethod Algorithm="${what.c14n ?? EXC_C14N}"/><ds:SignatureMethod Algorithm="${what.method ?? ECDSA}"/>` +
      `${what.references}</ds:SignedInfo><ds:SignatureValue></ds:SignatureValue>${keyInfo}${what.objects ?? ""}</ds:Signature>`;
    let whole = appended(text, holder, signature);
    const start = whole.indexOf(marker);
    // An empty SignatureValue is base64 of nothing, so that the unfinished signature can be read.
    for (;;) {
      const at = whole.indexOf("<ds:DigestValue></ds:DigestValue>", start);
      if (at < 0 || at > whole.indexOf("</ds:SignedInfo>", start)) break;
      const document = parseXml(encode(whole));
      const element = findXmlSignatures(document).find((s) => s.start === start)!;
      const read = readXmlSignature(document, element, { crypto: nodeCrypto });
      const open = read.references.find((r) => r.element.first("DigestValue")!.ownText === "")!;
      const digest = digestOf(open) ?? "AAAA";
      whole = `${whole.slice(0, at)}<ds:DigestValue>${digest}${whole.slice(at + "<ds:DigestValue>".length)}`;
    }
    const document = parseXml(encode(whole));
    const element = findXmlSignatures(document).find((s) => s.start === start)!;
    const { signedInfoOctets } = readXmlSignature(document, element, { crypto: nodeCrypto });
    const value = nodeSign("sha256", signedInfoOctets, { key: leaf.privateKey, dsaEncoding: "ieee-p1363" });
    const at = whole.indexOf("<ds:SignatureValue>", start) + "<ds:SignatureValue>".length;
    return whole.slice(0, at) + encodeBase64(new Uint8Array(value)) + whole.slice(at);
  }

  const verify = (text: string | Uint8Array, more: Partial<VerificationContext> = {}): VerificationReport =>
    verifyDocument(typeof text === "string" ? encode(text) : text, { ...context, fileName: "hb.xml", ...more }).report;

  return { pki, leaves, context, person, stamp, signAll, signByHand, verify, close: () => pki.close() };
}

export type TranscriptScene = Awaited<ReturnType<typeof transcriptScene>>;

/** Null where the library refuses to work it out: the signer then signs some digest. */
function digestOf(reference: XmlReference): string | null {
  try {
    const octets = reference.octets();
    return octets && reference.digestAlgorithm
      ? encodeBase64(nodeCrypto.digest(reference.digestAlgorithm, octets))
      : null;
  } catch (error) {
    if (error instanceof SignaturesError) return null;
    throw error;
  }
}

/** Text with `what` as the last child of the only element at the path. */
export function appended(text: string, path: string, what: string): string {
  const document = parseXml(encode(text));
  const [holder, ...more] = elementsAtPath(document.root, path);
  if (!holder || more.length > 0) throw new Error(`not one element at ${path}`);
  if (!holder.selfClosing) return text.slice(0, holder.contentEnd) + what + text.slice(holder.contentEnd);
  const open = text.slice(holder.start, holder.end).replace(/\/>$/, ">");
  return `${text.slice(0, holder.start)}${open}${what}</${holder.name}>${text.slice(holder.end)}`;
}

export const errorsOf = (report: VerificationReport): string[] => [
  ...report.findings.filter((f) => f.severity === "error").map((f) => f.code),
  ...report.signatures.flatMap((s) => s.findings.filter((f) => f.severity === "error").map((f) => f.code)),
];

/** The text of the signature with this Id. */
export const signatureIn = (text: string, id: string): string =>
  new RegExp(`<ds:Signature [^>]*Id="sig-${id}".*?</ds:Signature>`, "s").exec(text)![0];
