import { CertsError } from "@hocba/certs";
import type { CryptoProvider, DigestAlgorithm } from "@hocba/certs/crypto";

/** Digest of the chunks, or null where the provider does not know the algorithm: then it proves nothing. */
export function digestIfKnown(
  crypto: CryptoProvider,
  algorithm: DigestAlgorithm,
  chunks: readonly Uint8Array[],
): Uint8Array | null {
  try {
    return crypto.digest(algorithm, ...chunks);
  } catch (error) {
    if (error instanceof CertsError && error.code === "ALGORITHM_UNSUPPORTED") return null;
    throw error;
  }
}
