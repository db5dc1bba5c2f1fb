import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, sign as nodeSign } from "node:crypto";
import { nullValue, oid, sequence } from "../der/index.ts";
import { CertsError } from "../errors.ts";

/** Kinds of key the dev PKI makes: those of real tokens (RSA-2048, RSA-3072), of real CAs, and the curves of RFC 5480, RFC 8410. */
export type DevKeyType = "rsa-2048" | "rsa-3072" | "rsa-4096" | "ec-p256" | "ec-p384" | "ed25519";

export type DevDigest = "sha1" | "sha256" | "sha384" | "sha512";

/** A private key with what a structure signed by it has to say. */
export interface SigningKey {
  readonly privateKey: KeyObject;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  /** AlgorithmIdentifier of the signatures it makes, DER. */
  readonly algorithm: Uint8Array;
  /** The same key with another digest: for weak-algorithm cases in tests. Ed25519 knows only its own. */
  withDigest(digest: DevDigest): SigningKey;
  /** Signature value over `data`, made on libuv's threads so that the event loop goes on serving. */
  sign(data: Uint8Array): Promise<Uint8Array>;
}

const RSA_WITH: Record<DevDigest, string> = {
  sha1: "1.2.840.113549.1.1.5",
  sha256: "1.2.840.113549.1.1.11",
  sha384: "1.2.840.113549.1.1.12",
  sha512: "1.2.840.113549.1.1.13",
};
const ECDSA_WITH: Record<DevDigest, string> = {
  sha1: "1.2.840.10045.4.1",
  sha256: "1.2.840.10045.4.3.2",
  sha384: "1.2.840.10045.4.3.3",
  sha512: "1.2.840.10045.4.3.4",
};

/** Makes a new key pair on libuv's threads. */
export function generateKey(type: DevKeyType): Promise<KeyObject> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, _public: KeyObject, key: KeyObject) => (error ? reject(error) : resolve(key));
    if (type === "ed25519") generateKeyPair("ed25519", undefined, done);
    else if (type === "ec-p256" || type === "ec-p384")
      generateKeyPair("ec", { namedCurve: type === "ec-p256" ? "P-256" : "P-384" }, done);
    else generateKeyPair("rsa", { modulusLength: Number(type.slice(4)) }, done);
  });
}

/**
 * A signing key around `privateKey` (a KeyObject, or PKCS #8 in PEM): RSA PKCS #1 v1.5, ECDSA or Ed25519.
 * @throws CertsError ALGORITHM_UNSUPPORTED for other kinds of key
 */
export function signingKey(privateKey: KeyObject | string, digest: DevDigest = "sha256"): SigningKey {
  const key = typeof privateKey === "string" ? createPrivateKey(privateKey) : privateKey;
  const spki = new Uint8Array(createPublicKey(key).export({ type: "spki", format: "der" }));
  const kind = key.asymmetricKeyType;
  let algorithm: Uint8Array;
  // RFC 4055 §5 wants NULL parameters for RSA, RFC 5758 §3.2 and RFC 8410 §3 want none for the others.
  if (kind === "rsa") algorithm = sequence(oid(RSA_WITH[digest]), nullValue());
  else if (kind === "ec") algorithm = sequence(oid(ECDSA_WITH[digest]));
  else if (kind === "ed25519") algorithm = sequence(oid("1.3.101.112"));
  else throw new CertsError("ALGORITHM_UNSUPPORTED", `the dev PKI cannot sign with a ${kind} key`);
  const hash = kind === "ed25519" ? null : digest;
  return {
    privateKey: key,
    spki,
    algorithm,
    withDigest: (other) => signingKey(key, other),
    sign: (data) =>
      new Promise((resolve, reject) => {
        nodeSign(hash, data, key, (error, value) => (error ? reject(error) : resolve(new Uint8Array(value))));
      }),
  };
}
