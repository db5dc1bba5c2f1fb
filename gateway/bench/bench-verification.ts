import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { startDevPki } from "@hocba/certs/dev-pki";
import { PathCache } from "@hocba/certs/path";
import { trustAnchor } from "@hocba/certs/trust";
import { parseCertificate } from "@hocba/certs/x509";
import { type VerificationContext, verifyDocument } from "@hocba/signatures/verify";
import { type Figure, rateOf } from "./measure.ts";
import { sampleSigner, signedPdf, signedTranscript } from "./signed-samples.ts";

/** Documents that each figure goes round, each with its own signatures, instants and octets: only signers recur. */
const DOCUMENTS = 8;
const SLICES = 5;

/** What no verifier can do without: so many digests of the octets, so many RSA-2048 verifications. */
function floorOf(documents: readonly Uint8Array[], rsaVerifications: number): (index: number) => void {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const message = Buffer.from("floor");
  const signature = sign("sha256", message, privateKey);
  const key = createPublicKey(publicKey.export({ type: "spki", format: "pem" }));
  return (index) => {
    createHash("sha256")
      .update(documents[index % documents.length]!)
      .digest();
    for (let i = 0; i < rsaVerifications; i++) verify("sha256", message, key, signature);
  };
}

const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;

/** Offline verification on one thread with warm caches: an official-size PDF with a time stamp, a fully signed transcript. */
export async function benchVerification({ seconds }: { seconds: number }): Promise<Figure[]> {
  const pki = await startDevPki({ keyBits: 2048 });
  try {
    const signer = await sampleSigner(pki);
    const pdfs: Uint8Array[] = [];
    const transcripts: { content: Uint8Array; signatures: number }[] = [];
    for (let i = 0; i < DOCUMENTS; i++) {
      pdfs.push(await signedPdf(150 * 1024, signer, pki));
      transcripts.push(await signedTranscript(signer, pki));
    }
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
    const measure = async (
      name: string,
      documents: readonly Uint8Array[],
      rsa: number,
      goal: string,
    ): Promise<Figure> => {
      const indications = new Set(documents.map((document) => verifyDocument(document, context).report.indication));
      const verifying = (index: number) => verifyDocument(documents[index % documents.length]!, context);
      const floor = floorOf(documents, rsa);
      // Compilers optimise code of this size for some ten seconds; a service runs for days.
      await rateOf(verifying, { seconds: 2 * seconds, lanes: 1 });
      // In turns, so that whatever else the machine does slows both.
      const rates: { floor: number; verifying: number }[] = [];
      for (let i = 0; i < SLICES; i++) {
        const slice = { seconds: seconds / SLICES, lanes: 1 };
        rates.push({ floor: await rateOf(floor, slice), verifying: await rateOf(verifying, slice) });
      }
      const perSecond = mean(rates.map((r) => r.verifying));
      return {
        name,
        perSecond,
        unit: "documents/s",
        ratio: { to: `floor (SHA-256 + ${rsa} RSA)`, value: perSecond / mean(rates.map((r) => r.floor)) },
        goal,
        // A fast wrong answer is no figure.
        note: [...indications].join(", "),
      };
    };
    const { signatures } = transcripts[0]!;
    return [
      await measure("verify PDF 150 KB, PAdES-B-T", pdfs, 2, "≥ 0.30 × floor, ≥ 1000/s"),
      await measure(
        `verify XML, ${signatures} signatures`,
        transcripts.map((t) => t.content),
        signatures + 1,
        "≥ 100/s",
      ),
    ];
  } finally {
    await pki.close();
  }
}
