import type { CryptoProvider, DigestAlgorithm, RunningDigest } from "@hocba/certs/crypto";

/** Below this many octets, forking a state costs more than hashing anew. */
const WORTH_SHARING = 8 * 1024;
/** States kept for one document: more signatures than this are hashed from the nearest state below. */
const MAX_STATES = 64;

interface PrefixState {
  readonly algorithm: DigestAlgorithm;
  readonly length: number;
  readonly state: RunningDigest;
}

/**
 * The provider, made for one document: digests of messages that begin with the document's beginning share the work. Each
 * signature of a PDF covers the file up to its own place, each time stamp nearly all of it, and the report names the digest
 * of the whole. `document` must not change while the provider is in use.
 */
export function sharedPrefixCrypto(crypto: CryptoProvider, document: Uint8Array): CryptoProvider {
  const states: PrefixState[] = [];

  const afterPrefix = (algorithm: DigestAlgorithm, length: number): RunningDigest => {
    let nearest: PrefixState | null = null;
    for (const known of states) {
      if (known.algorithm === algorithm && known.length <= length && known.length > (nearest?.length ?? 0))
        nearest = known;
    }
    const state = nearest?.state.copy() ?? crypto.startDigest(algorithm);
    const from = nearest?.length ?? 0;
    if (from < length) state.update(document.subarray(from, length));
    if (from === length || length === document.length || states.length >= MAX_STATES) return state;
    states.push({ algorithm, length, state });
    return state.copy();
  };

  return {
    digest(algorithm, ...chunks) {
      const [first] = chunks;
      if (!first || first.length < WORTH_SHARING || !isBeginning(first, document)) {
        return crypto.digest(algorithm, ...chunks);
      }
      const state = afterPrefix(algorithm, first.length);
      for (let i = 1; i < chunks.length; i++) state.update(chunks[i]!);
      return state.digest();
    },
    startDigest: (algorithm) => crypto.startDigest(algorithm),
    verify: (spki, algorithm, chunks, signature) => crypto.verify(spki, algorithm, chunks, signature),
  };
}

/** True when the octets are the document's first ones, by place in memory. */
const isBeginning = (octets: Uint8Array, document: Uint8Array): boolean =>
  octets.buffer === document.buffer && octets.byteOffset === document.byteOffset && octets.length <= document.length;
