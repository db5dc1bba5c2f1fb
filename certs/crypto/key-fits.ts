import type { SignatureAlgorithm } from "./provider.ts";
import type { PublicKey } from "./public-key.ts";
import type { RsaPssParameters } from "./signature-algorithm.ts";

/** True when a key of this kind can make signatures of this scheme. */
export function keyFits(key: PublicKey, algorithm: SignatureAlgorithm): boolean {
  switch (algorithm.scheme) {
    case "rsa-pkcs1":
      return key.kind === "rsa" && !key.pssOnly && rsaBounded(key.bits, key.exponent);
    case "rsa-pss":
      return key.kind === "rsa" && rsaBounded(key.bits, key.exponent) && withinLimits(key.pss, algorithm);
    case "ecdsa":
      return key.kind === "ec";
    case "dsa":
      return key.kind === "dsa";
    case "eddsa":
      return key.kind === algorithm.curve;
  }
}

/** RFC 4055 §3.3: the digests the key names, and no shorter salt. */
function withinLimits(limits: RsaPssParameters | null, algorithm: RsaPssParameters): boolean {
  return (
    limits === null ||
    (limits.digest === algorithm.digest &&
      limits.mgfDigest === algorithm.mgfDigest &&
      algorithm.saltLength >= limits.saltLength)
  );
}

/** The bounds OpenSSL sets too: a hostile key must not buy minutes of exponentiation. */
function rsaBounded(bits: number, exponent: bigint): boolean {
  if (bits < 256 || bits > 16_384 || exponent < 3n || (exponent & 1n) === 0n) return false;
  return bits <= 3072 ? exponent < 1n << BigInt(bits) : exponent < 1n << 64n;
}
