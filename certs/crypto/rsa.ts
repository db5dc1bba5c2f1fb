import { equalBytes } from "../der/values.ts";
import { nullValue, octetString, oid as oidDer, sequence } from "../der/write.ts";
import { digestOid } from "./digest-algorithm.ts";
import type { CryptoProvider, SignatureAlgorithm } from "./provider.ts";
import { emsaPssVerify } from "./pss.ts";
import type { PublicKey } from "./public-key.ts";

type RsaKey = Extract<PublicKey, { kind: "rsa" }>;
type RsaAlgorithm = Extract<SignatureAlgorithm, { scheme: "rsa-pkcs1" | "rsa-pss" }>;

/** RSASSA-PKCS1-v1_5 and RSASSA-PSS verification (RFC 8017 §8) on BigInt. */
export function verifyRsa(
  digest: CryptoProvider["digest"],
  key: RsaKey,
  algorithm: RsaAlgorithm,
  messageDigest: Uint8Array,
  signature: Uint8Array,
): boolean {
  const size = Math.ceil(key.bits / 8);
  if (signature.length !== size) return false;
  const s = fromOctets(signature);
  if (s >= key.modulus) return false;
  const message = power(s, key.exponent, key.modulus);
  if (algorithm.scheme === "rsa-pss") {
    const length = Math.ceil((key.bits - 1) / 8);
    const encoded = toOctets(message, length);
    return encoded !== null && emsaPssVerify(digest, algorithm, messageDigest, encoded, key.bits);
  }
  const encoded = toOctets(message, size)!;
  const info = sequence(sequence(oidDer(digestOid(algorithm.digest)), nullValue()), octetString(messageDigest));
  // RFC 8017 §8.2.2 compares encodings; parsing what was decrypted is how forgeries with small exponents passed. The digest
  // identifier's parameters are NULL there (appendix A.2.4): without them OpenSSL refuses it too.
  const expected = pkcs1Encoding(info, size);
  return expected !== null && equalBytes(encoded, expected);
}

function pkcs1Encoding(info: Uint8Array, size: number): Uint8Array | null {
  if (size < info.length + 11) return null;
  const out = new Uint8Array(size).fill(0xff);
  out[0] = 0;
  out[1] = 1;
  out[size - info.length - 1] = 0;
  out.set(info, size - info.length);
  return out;
}

/** Non-negative integer from big-endian octets. */
export function fromOctets(bytes: Uint8Array): bigint {
  let hex = "0x0";
  for (const octet of bytes) hex += octet.toString(16).padStart(2, "0");
  return BigInt(hex);
}

function toOctets(value: bigint, length: number): Uint8Array | null {
  const hex = value.toString(16).padStart(2 * length, "0");
  if (hex.length > 2 * length) return null;
  return Uint8Array.from({ length }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

/** Modular exponentiation, left to right. For public data: not constant in time. */
export function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  const b = base % modulus;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % modulus;
    if (bit === "1") result = (result * b) % modulus;
  }
  return result;
}
