import { createHash } from "node:crypto";
import { type CryptoProvider, LruCache, type SignatureAlgorithm } from "@hocba/certs/crypto";

/** Certificates, CRLs' heads and OCSP answers are smaller; what is larger will hardly come again. */
const LARGEST_MESSAGE = 16 * 1024;

/**
 * The provider, remembering outcomes: the same certificates and OCSP answers stand behind every document of a class, and whether a
 * signature fits a message under a key depends on neither time nor trust. Asked for by a digest of all three, so that only what
 * was asked in every octet is answered from memory.
 */
export function rememberingCrypto(crypto: CryptoProvider, capacity = 5000): CryptoProvider {
  const outcomes = new LruCache<string, boolean>(capacity);
  return {
    digest: (algorithm, ...chunks) => crypto.digest(algorithm, ...chunks),
    startDigest: (algorithm) => crypto.startDigest(algorithm),
    verify(spki, algorithm, chunks, signature) {
      let length = 0;
      for (const chunk of chunks) length += chunk.length;
      if (length > LARGEST_MESSAGE) return crypto.verify(spki, algorithm, chunks, signature);
      const key = keyOf(spki, algorithm, chunks, length, signature);
      const known = outcomes.get(key);
      if (known !== undefined) return known;
      const outcome = crypto.verify(spki, algorithm, chunks, signature);
      outcomes.set(key, outcome);
      return outcome;
    },
  };
}

/** The lengths tell where one part ends: no two questions give the same octets. */
function keyOf(
  spki: Uint8Array,
  algorithm: SignatureAlgorithm,
  chunks: readonly Uint8Array[],
  length: number,
  signature: Uint8Array,
): string {
  const hash = createHash("sha256");
  hash.update(`${JSON.stringify(algorithm)}/${spki.length}/${length}/${signature.length}/`);
  hash.update(spki);
  for (const chunk of chunks) hash.update(chunk);
  return hash.update(signature).digest("base64");
}
