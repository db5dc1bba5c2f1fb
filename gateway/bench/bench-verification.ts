import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { startDevPki } from "@hocba/certs/dev-pki";
import { PathCache } from "@hocba/certs/path";
import { trustAnchor } from "@hocba/certs/trust";
import { parseCertificate } from "@hocba/certs/x509";
import { type VerificationContext, verifyDocument } from "@hocba/signatures/verify";
import { type Figure, rateOf } from "./measure.ts";
import { sampleSigner, signedPdf, signedTranscript } from "./signed-samples.ts";

/** What no verifier can do without: so many digests of the octets, so many RSA-2048 verifications. */
async function floor(octets: Uint8Array, rsaVerifications: number, seconds: number): Promise<number> {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const message = Buffer.from("floor");
  const signature = sign("sha256", message, privateKey);
  const key = createPublicKey(publicKey.export({ type: "spki", format: "pem" }));
  return rateOf(
    () => {
      createHash("sha256").update(octets).digest();
      for (let i = 0; i < rsaVerifications; i++) verify("sha256", message, key, signature);
    },
    { seconds, lanes: 1 },
  );
}

/** Offline verification on one thread with warm caches: an official-size PDF with a time stamp, a fully signed transcript. */
export async function benchVerification({ seconds }: { seconds: number }): Promise<Figure[]> {
  const pki = await startDevPki({ keyBits: 2048 });
  try {
    const signer = await sampleSigner(pki);
    const pdf = await signedPdf(150 * 1024, signer, pki);
    const transcript = await signedTranscript(signer, pki);
    const context: VerificationContext = {
      crypto: nodeCrypto,
      policy: "vn-official",
      time: new Date(),
      anchors: [trustAnchor(parseCertificate(pki.root.certificate))],
      certificates: [],
      crls: [await pki.crl("issuing"), await pki.crl("root")],
      ocspResponses: [],
      fileName: "bench",
      cache: new PathCache(),
    };
    const measure = async (name: string, content: Uint8Array, rsa: number, goal: string): Promise<Figure> => {
      const { report } = verifyDocument(content, context);
      const low = await floor(content, rsa, seconds);
      const perSecond = await rateOf(() => verifyDocument(content, context), { seconds, lanes: 1 });
      return {
        name,
        perSecond,
        unit: "documents/s",
        ratio: { to: `floor (SHA-256 + ${rsa} RSA)`, value: perSecond / low },
        goal,
        // A fast wrong answer is no figure.
        note: report.indication,
      };
    };
    return [
      await measure("verify PDF 150 KB, PAdES-B-T", pdf, 2, "≥ 0.30 × floor, ≥ 1000/s"),
      await measure(
        `verify XML, ${transcript.signatures} signatures`,
        transcript.content,
        transcript.signatures + 1,
        "≥ 100/s",
      ),
    ];
  } finally {
    await pki.close();
  }
}
