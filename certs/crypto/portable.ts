import { ed448 } from "@noble/curves/ed448.js";
import { ed25519 } from "@noble/curves/ed25519.js";
import { md5, ripemd160, sha1 } from "@noble/hashes/legacy.js";
import { sha224, sha256, sha384, sha512, sha512_224, sha512_256 } from "@noble/hashes/sha2.js";
import { sha3_224, sha3_256, sha3_384, sha3_512 } from "@noble/hashes/sha3.js";
import { concatBytes } from "../der/values.ts";
import { CertsError } from "../errors.ts";
import { curveOf } from "./curves.ts";
import { keyFits } from "./key-fits.ts";
import type { CryptoProvider, DigestAlgorithm, RunningDigest, SignatureAlgorithm } from "./provider.ts";
import { type PublicKey, readPublicKey } from "./public-key.ts";
import { fromOctets, power, verifyRsa } from "./rsa.ts";
import { readRs } from "./signature-value.ts";

interface Hasher {
  update(chunk: Uint8Array): Hasher;
  clone(): Hasher;
  digest(): Uint8Array;
}

const HASHES: Readonly<Record<DigestAlgorithm, { create(): Hasher }>> = {
  md5,
  sha1,
  sha224,
  sha256,
  sha384,
  sha512,
  "sha512-224": sha512_224,
  "sha512-256": sha512_256,
  "sha3-224": sha3_224,
  "sha3-256": sha3_256,
  "sha3-384": sha3_384,
  "sha3-512": sha3_512,
  ripemd160,
};

function hasher(algorithm: DigestAlgorithm): Hasher {
  if (!Object.hasOwn(HASHES, algorithm)) throw new CertsError("ALGORITHM_UNSUPPORTED", `digest ${algorithm}`);
  return HASHES[algorithm].create();
}

function digest(algorithm: DigestAlgorithm, ...chunks: readonly Uint8Array[]): Uint8Array {
  const hash = hasher(algorithm);
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest();
}

const running = (hash: Hasher): RunningDigest => ({
  update: (chunk) => void hash.update(chunk),
  copy: () => running(hash.clone()),
  digest: () => hash.digest(),
});

function verify(
  spki: Uint8Array,
  algorithm: SignatureAlgorithm,
  chunks: readonly Uint8Array[],
  signature: Uint8Array,
): boolean {
  const key = keyOf(spki);
  if (!key || !keyFits(key, algorithm)) return false;
  if (algorithm.scheme === "eddsa") return verifyEdDsa(key, chunks, signature);
  const hash = digest(algorithm.digest, ...chunks);
  if (key.kind === "rsa" && (algorithm.scheme === "rsa-pkcs1" || algorithm.scheme === "rsa-pss")) {
    return verifyRsa(digest, key, algorithm, hash, signature);
  }
  if (key.kind === "ec" && algorithm.scheme === "ecdsa") return verifyEcdsa(key, algorithm, hash, signature);
  if (key.kind === "dsa" && algorithm.scheme === "dsa") return verifyDsa(key, algorithm, hash, signature);
  return false;
}

function keyOf(spki: Uint8Array): PublicKey | null {
  try {
    return readPublicKey(spki);
  } catch (error) {
    if (error instanceof CertsError) return null;
    throw error;
  }
}

function verifyEdDsa(key: PublicKey, chunks: readonly Uint8Array[], signature: Uint8Array): boolean {
  const message = concatBytes(...chunks);
  try {
    // RFC 8032 §5.1.7 with canonical encodings only, as OpenSSL judges.
    if (key.kind === "ed25519") return ed25519.verify(signature, message, key.key, { zip215: false });
    if (key.kind === "ed448") return ed448.verify(signature, message, key.key);
  } catch {
    // The library throws for lengths and points that cannot be: none of them is a signature.
  }
  return false;
}

function verifyEcdsa(
  key: Extract<PublicKey, { kind: "ec" }>,
  algorithm: { encoding: "der" | "p1363" },
  hash: Uint8Array,
  signature: Uint8Array,
): boolean {
  const curve = key.curve === null ? null : curveOf(key.curve);
  if (!curve) throw new CertsError("ALGORITHM_UNSUPPORTED", `elliptic curve ${key.curve ?? "by explicit parameters"}`);
  const order = curve.Point.Fn.ORDER;
  const size = curve.Point.Fn.BYTES;
  const value = readRs(signature, algorithm.encoding, size);
  if (!value || value.r <= 0n || value.s <= 0n || value.r >= order || value.s >= order) return false;
  const compact = octets(value.r, size, value.s);
  try {
    return curve.verify(compact, hash, key.point, { prehash: false, lowS: false });
  } catch {
    // A point that is not on the curve, or not encoded as one: no key, so no signature.
    return false;
  }
}

function octets(r: bigint, size: number, s: bigint): Uint8Array {
  const hex = r.toString(16).padStart(2 * size, "0") + s.toString(16).padStart(2 * size, "0");
  return Uint8Array.from({ length: 2 * size }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

/** DSA verification (FIPS 186-4 §4.7). */
function verifyDsa(
  key: Extract<PublicKey, { kind: "dsa" }>,
  algorithm: { encoding: "der" | "p1363" },
  hash: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (!key.parameters) throw new CertsError("ALGORITHM_UNSUPPORTED", "DSA key with inherited parameters");
  const { p, q, g } = key.parameters;
  const qBits = q > 0n ? q.toString(2).length : 0;
  if (key.bits > 10_000 || qBits < 160 || qBits > 256 || g <= 1n || g >= p || key.y <= 1n || key.y >= p) return false;
  const value = readRs(signature, algorithm.encoding, Math.ceil(qBits / 8));
  if (!value || value.r <= 0n || value.s <= 0n || value.r >= q || value.s >= q) return false;
  const z = fromOctets(hash.subarray(0, Math.ceil(qBits / 8)));
  const w = power(value.s, q - 2n, q);
  if ((w * value.s) % q !== 1n) return false;
  const v = (power(g, (z * w) % q, p) * power(key.y, (value.r * w) % q, p)) % p;
  return v % q === value.r;
}

/** Pure TypeScript over @noble/hashes and @noble/curves; RSA and DSA on BigInt. For the browser. */
export const portableCrypto: CryptoProvider = {
  digest,
  startDigest: (algorithm) => running(hasher(algorithm)),
  verify,
};
