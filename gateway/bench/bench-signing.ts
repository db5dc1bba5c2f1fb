import { createHash } from "node:crypto";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { benchRawSign } from "@hocba/hsm-adapters/bench";
import { Pkcs11Signer } from "@hocba/hsm-adapters/pkcs11";
import { completeInPlace, padesFormat } from "@hocba/signatures/sign";
import { openBenchToken } from "./bench-token.ts";
import { type Figure, rateOf } from "./measure.ts";
import { samplePdf } from "./signed-samples.ts";

const KIB = 1024;

/** Raw C_Sign rate, and the two-phase pipeline (PAdES-B-B, 100 KB) over the same sessions in the same process. */
export async function benchSigning(options: { seconds: number; sessions: number }): Promise<Figure[]> {
  const { seconds, sessions } = options;
  const pades = padesFormat(nodeCrypto);
  const token = await openBenchToken(sessions);
  try {
    const raw = await benchRawSign(token.config, { seconds, sessions });
    const pdf = await samplePdf(100 * KIB);
    const signer = new Pkcs11Signer([token.config], { stateDirectory: null });
    try {
      const perSecond = await rateOf(
        async (i) => {
          const prepared = pades.prepare(pdf, token.signer, {
            fieldName: "S",
            signingTime: new Date(1_750_000_000_000 + i),
          });
          const digest = createHash("sha256").update(prepared.toBeSigned).digest();
          const value = await signer.sign(token.key, token.signer.algorithm, digest);
          // As the pipeline does.
          return completeInPlace(prepared, value, nodeCrypto);
        },
        { seconds, lanes: sessions * 2 },
      );
      return [
        {
          name: "C_Sign RSA-2048, SoftHSM",
          perSecond: raw.perSecond,
          unit: "signatures/s",
          note: `${sessions} sessions`,
        },
        {
          name: "pipeline PAdES-B-B, 100 KB",
          perSecond,
          unit: "documents/s",
          ratio: { to: "C_Sign", value: perSecond / raw.perSecond },
          goal: "≥ 0.70 × C_Sign",
        },
      ];
    } finally {
      await signer.close();
    }
  } finally {
    await token.close();
  }
}
