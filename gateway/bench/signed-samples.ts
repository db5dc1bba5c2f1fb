import { createHash, type KeyObject, randomBytes, sign as signOctets } from "node:crypto";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import type { DevPki } from "@hocba/certs/dev-pki";
import { planSignatures, shippedProfiles } from "@hocba/signatures/profiles";
import { padesFormat, type SignerIdentity, xadesFormat } from "@hocba/signatures/sign";
import { buildTimestampRequest, readTimestampResponse } from "@hocba/signatures/timestamps";
import { PDFDocument } from "pdf-lib";
import { makeClass, transcriptXml } from "../demo/sample-class/index.ts";

/** A software key with its certificate. */
export interface SampleSigner {
  readonly identity: SignerIdentity;
  readonly privateKey: KeyObject;
}

export async function sampleSigner(pki: DevPki): Promise<SampleSigner> {
  const { certificate, privateKey } = await pki.issueLeaf({ subject: { commonName: "Nguyễn Thị Đo Lường" } });
  return {
    identity: { certificate, chain: [pki.issuing.certificate], algorithm: "rsa-pkcs1-sha256" },
    privateKey,
  };
}

const signWith = (signer: SampleSigner, octets: Uint8Array) => signOctets("sha256", octets, signer.privateKey);

async function stamp(pki: DevPki, octets: Uint8Array): Promise<Uint8Array> {
  const expected = {
    digestAlgorithm: "sha256" as const,
    digest: createHash("sha256").update(octets).digest(),
    nonce: randomBytes(8),
  };
  const response = await fetch(pki.tsa.url, {
    method: "POST",
    headers: { "content-type": "application/timestamp-query" },
    body: buildTimestampRequest({ ...expected, certReq: true }) as Uint8Array<ArrayBuffer>,
  });
  return readTimestampResponse(new Uint8Array(await response.arrayBuffer()), expected).raw;
}

/** A one-page PDF of about so many octets, without a signature. */
export async function samplePdf(size: number): Promise<Uint8Array> {
  const document = await PDFDocument.create();
  document.addPage();
  await document.attach(randomBytes(size), "filler.bin");
  // Eight digits that a caller may change, to have many documents.
  document.setSubject("00000000");
  return document.save({ useObjectStreams: false });
}

/** PAdES-B-T with one signature. */
export async function signedPdf(size: number, signer: SampleSigner, pki: DevPki): Promise<Uint8Array> {
  const pades = padesFormat(nodeCrypto);
  const prepared = pades.prepare(await samplePdf(size), signer.identity, { fieldName: "S", signingTime: new Date() });
  const value = signWith(signer, prepared.toBeSigned);
  return pades.complete(prepared, value, await stamp(pki, pades.timestampInput(prepared, value)));
}

/** A transcript with all signatures of its profile, the last one stamped. */
export async function signedTranscript(
  signer: SampleSigner,
  pki: DevPki,
): Promise<{ content: Uint8Array; signatures: number }> {
  const xades = xadesFormat(nodeCrypto);
  const profile = shippedProfiles.get("hocba-xml")!;
  const unsigned = transcriptXml(makeClass({ pupils: 1 }).pupils[0]!);
  const plan = planSignatures(profile, unsigned);
  const last = Math.max(...plan.map((p) => p.step.order));
  let content = unsigned;
  for (const order of new Set(plan.map((p) => p.step.order))) {
    const members = plan
      .filter((p) => p.step.order === order)
      .map((p) => ({
        signer: signer.identity,
        spec: { ...p.xml!, signatureId: p.id.replace(":", "-"), signingTime: new Date(), claimedRole: p.step.role },
      }));
    const prepared = xades.prepareBatch(content, members);
    const values = prepared.toBeSigned.map((octets) => signWith(signer, octets));
    const token = order === last ? await stamp(pki, xades.timestampInputOf(prepared, 0, values[0]!)) : null;
    content = xades.completeBatch(prepared, values, [token]);
  }
  return { content, signatures: plan.length };
}
