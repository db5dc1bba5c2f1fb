import { constants, createHash, type KeyObject, randomBytes, sign as signOctets } from "node:crypto";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { type DevPki, startDevPki } from "@hocba/certs/dev-pki";
import { makeClass, transcriptXml } from "@hocba/gateway/demo/sample-class";
import { buildSignedAttributes, buildSignedData, cmsSigner, signatureTimestampAttribute } from "@hocba/signatures/cms";
import { planSignatures, shippedProfiles } from "@hocba/signatures/profiles";
import {
  completeDocumentTimestamp,
  padesFormat,
  prepareDocumentTimestamp,
  type SignerIdentity,
  xadesFormat,
} from "@hocba/signatures/sign";
import { buildTimestampRequest, readTimestampResponse } from "@hocba/signatures/timestamps";
import { PDFDocument } from "pdf-lib";
import type { SignedDocument } from "./corpus-documents.ts";

/** Documents signed just now, and what a verifier needs to pass every one of them. */
export interface FreshDocuments {
  readonly documents: readonly SignedDocument[];
  /** DER of the root to trust. */
  readonly root: Uint8Array;
  readonly crls: readonly Uint8Array[];
}

interface Signer {
  readonly identity: SignerIdentity;
  readonly privateKey: KeyObject;
}

/** Signs a transcript and small PDF and CMS files in every form the product writes, with keys made for this one call. */
export async function freshDocuments(): Promise<FreshDocuments> {
  const pki = await startDevPki({ keyBits: 2048 });
  try {
    const rsa = await makeSigner(pki, "rsa-pkcs1-sha256");
    const pss = { ...rsa, identity: { ...rsa.identity, algorithm: "rsa-pss-sha256" } } as const;
    const ec = await makeSigner(pki, "ecdsa-p256-sha256");
    const blank = await smallPdf();
    const once = await signedPdf(pki, blank, ec, "A", true);
    const documents: SignedDocument[] = [
      { name: "fresh/pades-t.pdf", bytes: await signedPdf(pki, blank, rsa, "S", true) },
      { name: "fresh/pades-b-pss.pdf", bytes: await signedPdf(pki, blank, pss, "S", false) },
      { name: "fresh/pades-two.pdf", bytes: await signedPdf(pki, once, rsa, "B", true) },
      { name: "fresh/pades-archive.pdf", bytes: await documentStamped(pki, once) },
      { name: "fresh/transcript.xml", bytes: await signedTranscript(pki, [rsa, pss, ec]) },
      ...(await signedCms(pki, ec)),
    ];
    const crls = [await pki.crl("issuing"), await pki.crl("root")];
    return { documents, root: pki.root.certificate, crls };
  } finally {
    await pki.close();
  }
}

async function makeSigner(pki: DevPki, algorithm: SignerIdentity["algorithm"]): Promise<Signer> {
  const { certificate, privateKey } = await pki.issueLeaf({
    subject: { commonName: "Nguyễn Thị Thử Nghiệm" },
    keyType: algorithm.startsWith("rsa") ? "rsa-2048" : "ec-p256",
  });
  return { identity: { certificate, chain: [pki.issuing.certificate], algorithm }, privateKey };
}

function signWith({ identity, privateKey }: Signer, octets: Uint8Array, encoding: "der" | "ieee-p1363"): Uint8Array {
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  const options = identity.algorithm === "rsa-pss-sha256" ? pss : { dsaEncoding: encoding };
  return new Uint8Array(signOctets("sha256", octets, { key: privateKey, ...options }));
}

const stamp = (pki: DevPki, octets: Uint8Array) => stampDigest(pki, createHash("sha256").update(octets).digest());

async function stampDigest(pki: DevPki, digest: Uint8Array): Promise<Uint8Array> {
  const expected = { digestAlgorithm: "sha256" as const, digest, nonce: randomBytes(8) };
  const response = await fetch(pki.tsa.url, {
    method: "POST",
    headers: { "content-type": "application/timestamp-query" },
    body: buildTimestampRequest({ ...expected, certReq: true }) as Uint8Array<ArrayBuffer>,
  });
  return readTimestampResponse(new Uint8Array(await response.arrayBuffer()), expected).raw;
}

async function smallPdf(): Promise<Uint8Array> {
  const document = await PDFDocument.create();
  document.addPage([300, 200]).drawText("Transcript", { x: 40, y: 100 });
  return document.save();
}

async function signedPdf(pki: DevPki, content: Uint8Array, signer: Signer, fieldName: string, stamped: boolean) {
  const format = padesFormat(nodeCrypto);
  const prepared = format.prepare(content, signer.identity, { fieldName, signingTime: new Date() });
  const value = signWith(signer, prepared.toBeSigned, "der");
  return format.complete(
    prepared,
    value,
    ...(stamped ? [await stamp(pki, format.timestampInput(prepared, value))] : []),
  );
}

async function documentStamped(pki: DevPki, content: Uint8Array): Promise<Uint8Array> {
  const prepared = prepareDocumentTimestamp(content, { fieldName: "Archive" }, nodeCrypto);
  return completeDocumentTimestamp(prepared, await stampDigest(pki, prepared.messageImprint));
}

async function signedTranscript(pki: DevPki, signers: readonly Signer[]): Promise<Uint8Array> {
  const format = xadesFormat(nodeCrypto);
  let content = transcriptXml(makeClass({ pupils: 1 }).pupils[0]!);
  const plan = planSignatures(shippedProfiles.get("hocba-xml")!, content);
  const last = Math.max(...plan.map((p) => p.step.order));
  for (const order of new Set(plan.map((p) => p.step.order))) {
    const planned = plan.filter((p) => p.step.order === order);
    const members = planned.map((p, i) => ({
      signer: signers[i % signers.length]!.identity,
      spec: { ...p.xml!, signatureId: p.id.replace(":", "-"), signingTime: new Date(), claimedRole: p.step.role },
    }));
    const prepared = format.prepareBatch(content, members);
    const values = prepared.toBeSigned.map((octets, i) => signWith(signers[i % signers.length]!, octets, "ieee-p1363"));
    const token = order === last ? await stamp(pki, format.timestampInputOf(prepared, 0, values[0]!)) : null;
    content = format.completeBatch(prepared, values, [token]);
  }
  return content;
}

async function signedCms(pki: DevPki, signer: Signer): Promise<SignedDocument[]> {
  const content = new TextEncoder().encode("Học bạ số: nội dung có chữ ký.\n".repeat(8));
  const constant = cmsSigner(signer.identity, nodeCrypto);
  const messageDigest = nodeCrypto.digest("sha256", content);
  const signedAttributes = buildSignedAttributes(constant, { messageDigest, signingTime: new Date() });
  const signatureValue = signWith(signer, signedAttributes, "der");
  const unsignedAttributes = [signatureTimestampAttribute(await stamp(pki, signatureValue))];
  const parts = { signedAttributes, signatureValue, unsignedAttributes };
  return [
    { name: "fresh/enveloping.p7m", bytes: buildSignedData(constant, { ...parts, content }) },
    { name: "fresh/detached.p7s", bytes: buildSignedData(constant, parts), detached: content },
  ];
}
