import { concatBytes, equalBytes } from "../der/values.ts";
import { digestLength } from "./digest-algorithm.ts";
import type { CryptoProvider, DigestAlgorithm } from "./provider.ts";

/**
 * EMSA-PSS-VERIFY (RFC 8017 §9.1.2).
 * @param encoded the encoded message EM, ceil((modulusBits − 1) / 8) octets
 */
export function emsaPssVerify(
  digest: CryptoProvider["digest"],
  options: { digest: DigestAlgorithm; mgfDigest: DigestAlgorithm; saltLength: number },
  messageDigest: Uint8Array,
  encoded: Uint8Array,
  modulusBits: number,
): boolean {
  const hashLength = digestLength[options.digest];
  const length = encoded.length;
  if (length < hashLength + options.saltLength + 2 || encoded[length - 1] !== 0xbc) return false;
  const dbLength = length - hashLength - 1;
  const hash = encoded.subarray(dbLength, length - 1);
  const unused = 8 * length - (modulusBits - 1);
  const keep = 0xff >> unused;
  if (encoded[0]! & ~keep) return false;
  const db = mgf1(digest, options.mgfDigest, hash, dbLength);
  for (let i = 0; i < dbLength; i++) db[i]! ^= encoded[i]!;
  db[0]! &= keep;
  const padding = dbLength - options.saltLength - 1;
  for (let i = 0; i < padding; i++) if (db[i] !== 0) return false;
  if (db[padding] !== 1) return false;
  const salt = db.subarray(padding + 1);
  return equalBytes(digest(options.digest, new Uint8Array(8), messageDigest, salt), hash);
}

/** MGF1 (RFC 8017 §B.2.1). */
function mgf1(
  digest: CryptoProvider["digest"],
  algorithm: DigestAlgorithm,
  seed: Uint8Array,
  length: number,
): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let counter = 0, made = 0; made < length; counter++) {
    const block = digest(algorithm, seed, Uint8Array.of(counter >>> 24, counter >>> 16, counter >>> 8, counter));
    parts.push(block);
    made += block.length;
  }
  return concatBytes(...parts).subarray(0, length);
}
