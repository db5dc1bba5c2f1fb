import {
  constants,
  createHash,
  createPublicKey,
  createVerify,
  type Hash,
  hash as hashOnce,
  type KeyObject,
  publicDecrypt,
  verify as verifyOnce,
} from "node:crypto";
import { readWhole } from "../der/element.ts";
import { concatBytes } from "../der/values.ts";
import { nullValue, oid, sequence } from "../der/write.ts";
import { CertsError } from "../errors.ts";
import { keyFits } from "./key-fits.ts";
import { LruCache } from "./lru-cache.ts";
import type { CryptoProvider, DigestAlgorithm, RunningDigest, SignatureAlgorithm } from "./provider.ts";
import { emsaPssVerify } from "./pss.ts";
import { type PublicKey, readPublicKey } from "./public-key.ts";

/** Up to this many octets are joined for the one-shot call; longer messages are streamed instead of copied. */
const ONE_SHOT_LIMIT = 1 << 20;
const ONE_SHOT_DIGEST = 1 << 16;

interface Imported {
  key: PublicKey;
  /** null when OpenSSL refuses the key, such as a point off its curve. */
  object: KeyObject | null;
}
const keys = new LruCache<string, Imported>(2000);

const OPENSSL_NAME: Readonly<Record<DigestAlgorithm, string>> = {
  md5: "md5",
  sha1: "sha1",
  sha224: "sha224",
  sha256: "sha256",
  sha384: "sha384",
  sha512: "sha512",
  "sha512-224": "sha512-224",
  "sha512-256": "sha512-256",
  "sha3-224": "sha3-224",
  "sha3-256": "sha3-256",
  "sha3-384": "sha3-384",
  "sha3-512": "sha3-512",
  ripemd160: "ripemd160",
};

function start(algorithm: DigestAlgorithm): Hash {
  try {
    return createHash(OPENSSL_NAME[algorithm]);
  } catch (cause) {
    throw new CertsError("ALGORITHM_UNSUPPORTED", `digest ${algorithm}`, { cause });
  }
}

function digest(algorithm: DigestAlgorithm, ...chunks: readonly Uint8Array[]): Uint8Array {
  if (chunks.length === 1 && chunks[0]!.length <= ONE_SHOT_DIGEST) return digestOnce(algorithm, chunks[0]!);
  const hash = start(algorithm);
  for (const chunk of chunks) hash.update(chunk);
  return octetsOf(hash.digest());
}

/** Without an object made for it: short messages take less time than that. */
function digestOnce(algorithm: DigestAlgorithm, message: Uint8Array): Uint8Array {
  try {
    return octetsOf(hashOnce(OPENSSL_NAME[algorithm], message, "buffer"));
  } catch (cause) {
    throw new CertsError("ALGORITHM_UNSUPPORTED", `digest ${algorithm}`, { cause });
  }
}

const octetsOf = (value: Buffer): Uint8Array => new Uint8Array(value.buffer, value.byteOffset, value.length);

const running = (hash: Hash): RunningDigest => ({
  update: (chunk) => void hash.update(chunk),
  copy: () => running(hash.copy()),
  digest: () => octetsOf(hash.digest()),
});

function importKey(spki: Uint8Array): Imported | null {
  const id = Buffer.from(spki.buffer, spki.byteOffset, spki.length).toString("latin1");
  const known = keys.get(id);
  if (known) return known;
  let key: PublicKey;
  try {
    key = readPublicKey(spki);
  } catch (error) {
    if (error instanceof CertsError) return null;
    throw error;
  }
  let object: KeyObject | null = null;
  try {
    object = createPublicKey({ key: Buffer.from(opensslSpki(spki, key)), format: "der", type: "spki" });
  } catch {
    // OpenSSL gives no stable reason; whether that means "unsupported" or "malformed" is decided by `key` below.
  }
  const imported = { key, object };
  keys.set(id, imported);
  return imported;
}

/**
 * An RSASSA-PSS key as a plain RSA key: OpenSSL lets the former neither decrypt without padding nor use another digest for
 * MGF1. The key's own limits are checked by `keyFits`.
 */
function opensslSpki(spki: Uint8Array, key: PublicKey): Uint8Array {
  if (key.kind !== "rsa" || !key.pssOnly) return spki;
  const bits = readWhole(spki, { ber: true }).children()[1]!;
  return sequence(sequence(oid("1.2.840.113549.1.1.1"), nullValue()), bits.raw);
}

function verify(
  spki: Uint8Array,
  algorithm: SignatureAlgorithm,
  chunks: readonly Uint8Array[],
  signature: Uint8Array,
): boolean {
  const imported = importKey(spki);
  if (!imported || !keyFits(imported.key, algorithm)) return false;
  const { key, object } = imported;
  if (key.kind === "ec" && key.curve === null) {
    throw new CertsError("ALGORITHM_UNSUPPORTED", "elliptic curve unknown or given by explicit parameters");
  }
  if (key.kind === "dsa" && key.parameters === null) {
    throw new CertsError("ALGORITHM_UNSUPPORTED", "DSA key with inherited parameters");
  }
  if (!object) return false;
  // RFC 8017 §8.1.2 and §8.2.2, step 1: OpenSSL takes an RSASSA-PSS signature shortened by its leading zeros.
  if (key.kind === "rsa" && signature.length !== Math.ceil(key.bits / 8)) return false;
  switch (algorithm.scheme) {
    case "rsa-pkcs1":
      return run(algorithm.digest, { key: object, padding: constants.RSA_PKCS1_PADDING }, chunks, signature);
    case "rsa-pss":
      return verifyPss(object, key, algorithm, chunks, signature);
    case "ecdsa":
    case "dsa":
      return run(
        algorithm.digest,
        { key: object, dsaEncoding: algorithm.encoding === "der" ? "der" : "ieee-p1363" },
        chunks,
        signature,
      );
    case "eddsa":
      return run(null, { key: object }, chunks, signature);
  }
}

function verifyPss(
  object: KeyObject,
  key: PublicKey,
  algorithm: Extract<SignatureAlgorithm, { scheme: "rsa-pss" }>,
  chunks: readonly Uint8Array[],
  signature: Uint8Array,
): boolean {
  if (algorithm.digest === algorithm.mgfDigest) {
    const options = { key: object, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: algorithm.saltLength };
    return run(algorithm.digest, options, chunks, signature);
  }
  // node:crypto ties the digest of MGF1 to that of the message, so the padding is checked here.
  if (key.kind !== "rsa") return false;
  let decrypted: Uint8Array;
  try {
    decrypted = publicDecrypt({ key: object, padding: constants.RSA_NO_PADDING }, signature);
  } catch {
    return false;
  }
  const length = Math.ceil((key.bits - 1) / 8);
  if (decrypted.length > length && decrypted[0] !== 0) return false;
  const encoded = decrypted.subarray(decrypted.length - length);
  return emsaPssVerify(digest, algorithm, digest(algorithm.digest, ...chunks), encoded, key.bits);
}

type VerifyKey = Exclude<Parameters<typeof verifyOnce>[2], string | Buffer | KeyObject> & { key: KeyObject };

function run(
  name: DigestAlgorithm | null,
  key: VerifyKey,
  chunks: readonly Uint8Array[],
  signature: Uint8Array,
): boolean {
  let total = 0;
  for (const chunk of chunks) total += chunk.length;
  try {
    if (name === null || total <= ONE_SHOT_LIMIT) {
      const message = chunks.length === 1 ? chunks[0]! : concatBytes(...chunks);
      return verifyOnce(name === null ? null : OPENSSL_NAME[name], message, key, signature);
    }
    const verifier = createVerify(OPENSSL_NAME[name]);
    for (const chunk of chunks) verifier.update(chunk);
    return verifier.verify(key, signature);
  } catch (cause) {
    // A digest this build lacks is "cannot judge"; every other failure inside OpenSSL means it is no signature.
    if (name !== null && !hasDigest(name)) throw new CertsError("ALGORITHM_UNSUPPORTED", `digest ${name}`, { cause });
    return false;
  }
}

function hasDigest(name: DigestAlgorithm): boolean {
  try {
    createHash(OPENSSL_NAME[name]);
    return true;
  } catch {
    return false;
  }
}

/** OpenSSL through node:crypto, with the imported keys kept. */
export const nodeCrypto: CryptoProvider = {
  digest,
  startDigest: (algorithm) => running(start(algorithm)),
  verify,
};
