import { createHash } from "node:crypto";
import { Pkcs11Signer, type TokenConfig } from "../pkcs11/index.ts";
import { type KeyRef, SignerError } from "../signer.ts";

export interface RawSignRate {
  /** C_Sign calls per second, RSA PKCS #1 v1.5. */
  readonly perSecond: number;
  readonly signatures: number;
  readonly seconds: number;
  readonly sessions: number;
  readonly key: KeyRef;
}

/**
 * Signatures per second of the token itself: this process, no host between, every session kept busy. The measure other
 * rates are given as a ratio of. A first tenth of the time warms up and is not counted.
 * @throws SignerError; KEY_NOT_FOUND when the token has no RSA key
 */
export async function benchRawSign(
  config: TokenConfig,
  options: { seconds: number; sessions: number; keyId?: string; stateDirectory?: string },
): Promise<RawSignRate> {
  const { seconds, sessions, keyId } = options;
  const signer = new Pkcs11Signer([{ ...config, sessions }], { stateDirectory: options.stateDirectory ?? null });
  try {
    const key = (await signer.keys()).find(
      (k) => k.algorithms.includes("rsa-pkcs1-sha256") && (keyId === undefined || k.id === keyId),
    );
    if (!key) throw new SignerError("KEY_NOT_FOUND", "no RSA key to measure with", { details: { token: config.name } });
    const digest = createHash("sha256").update("học bạ").digest();
    const run = async (ms: number): Promise<{ count: number; ms: number }> => {
      const begin = performance.now();
      let count = 0;
      const one = async (): Promise<void> => {
        while (performance.now() - begin < ms) {
          await signer.sign(key, "rsa-pkcs1-sha256", digest);
          count++;
        }
      };
      // Twice as many callers as sessions: none idles while the event loop hands out the next digest.
      await Promise.all(Array.from({ length: sessions * 2 }, one));
      return { count, ms: performance.now() - begin };
    };
    await run(seconds * 100);
    const { count, ms } = await run(seconds * 1000);
    return {
      perSecond: (count / ms) * 1000,
      signatures: count,
      seconds: ms / 1000,
      sessions,
      key: { token: key.token, id: key.id },
    };
  } finally {
    await signer.close();
  }
}
