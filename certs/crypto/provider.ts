/** Digest algorithms by their usual short names. */
export type DigestAlgorithm =
  | "md5"
  | "sha1"
  | "sha224"
  | "sha256"
  | "sha384"
  | "sha512"
  | "sha512-224"
  | "sha512-256"
  | "sha3-224"
  | "sha3-256"
  | "sha3-384"
  | "sha3-512"
  | "ripemd160";

/** What an AlgorithmIdentifier or an XML algorithm URI says about a signature, resolved. */
export type SignatureAlgorithm =
  | { scheme: "rsa-pkcs1"; digest: DigestAlgorithm }
  | { scheme: "rsa-pss"; digest: DigestAlgorithm; mgfDigest: DigestAlgorithm; saltLength: number }
  /** `encoding`: ECDSA-Sig-Value in DER (X.509, CMS) or r||s (IEEE P1363, XMLDSig). */
  | { scheme: "ecdsa"; digest: DigestAlgorithm; encoding: "der" | "p1363" }
  | { scheme: "dsa"; digest: DigestAlgorithm; encoding: "der" | "p1363" }
  | { scheme: "eddsa"; curve: "ed25519" | "ed448" };

/** A digest in the making, whose state can be forked: messages with a common beginning are hashed once up to where they part. */
export interface RunningDigest {
  /** Takes up further octets. */
  update(chunk: Uint8Array): void;
  /** The same state, from here on independent. */
  copy(): RunningDigest;
  /** The digest of all octets taken up; ends the use of this object. */
  digest(): Uint8Array;
}

/**
 * The cryptography the verifier stands on. Synchronous, so that verification is one pure function of its input.
 * Two implementations: `nodeCrypto` (OpenSSL through node:crypto) and `portableCrypto` (browser).
 */
export interface CryptoProvider {
  /** Digest of the chunks as if joined. @throws CertsError ALGORITHM_UNSUPPORTED */
  digest(algorithm: DigestAlgorithm, ...chunks: readonly Uint8Array[]): Uint8Array;
  /** Begins a digest. @throws CertsError ALGORITHM_UNSUPPORTED */
  startDigest(algorithm: DigestAlgorithm): RunningDigest;
  /**
   * True when `signature` over the joined chunks verifies under the SubjectPublicKeyInfo. False for every malformed
   * signature and for a key that does not fit the algorithm.
   * @throws CertsError ALGORITHM_UNSUPPORTED when the provider cannot judge (then nothing was proven)
   */
  verify(
    spki: Uint8Array,
    algorithm: SignatureAlgorithm,
    chunks: readonly Uint8Array[],
    signature: Uint8Array,
  ): boolean;
}
