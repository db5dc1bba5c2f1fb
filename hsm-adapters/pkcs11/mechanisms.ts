import { sequence, unsignedInteger } from "@hocba/certs/der";
import pkcs11js from "pkcs11js";
import { SignerError, type SigningAlgorithm } from "../signer.ts";

/** Octets of a SHA-256 digest. */
export const DIGEST_OCTETS = 32;

export const signingAlgorithms: readonly SigningAlgorithm[] = [
  "rsa-pkcs1-sha256",
  "rsa-pss-sha256",
  "ecdsa-p256-sha256",
];

/** DigestInfo of SHA-256 up to the digest (RFC 8017 §9.2, note 1). */
const DIGEST_INFO_SHA256 = Buffer.from("3031300d060960864801650304020105000420", "hex");

/** The whole DigestInfo (RFC 8017 §9.2), which CKM_RSA_PKCS pads and signs. */
export const digestInfo = (digest: Uint8Array): Buffer => Buffer.concat([DIGEST_INFO_SHA256, digest]);

/**
 * Refuses what no adapter can sign: an algorithm not in use here, a digest that is not SHA-256's length.
 * @throws SignerError REQUEST_INVALID
 */
export function checkSignRequest(algorithm: SigningAlgorithm, digest: Uint8Array): void {
  if (!signingAlgorithms.includes(algorithm)) {
    throw new SignerError("REQUEST_INVALID", "unknown signing algorithm", { details: { algorithm } });
  }
  if (!(digest instanceof Uint8Array) || digest.length !== DIGEST_OCTETS) {
    throw new SignerError("REQUEST_INVALID", `a SHA-256 digest has ${DIGEST_OCTETS} octets`, {
      details: { octets: digest?.length ?? null },
    });
  }
}

/** CK_MECHANISM_TYPE of the algorithm. */
export function mechanismType(algorithm: SigningAlgorithm): number {
  switch (algorithm) {
    case "rsa-pkcs1-sha256":
      return pkcs11js.CKM_RSA_PKCS;
    case "rsa-pss-sha256":
      return pkcs11js.CKM_RSA_PKCS_PSS;
    case "ecdsa-p256-sha256":
      return pkcs11js.CKM_ECDSA;
  }
}

/** CK_MECHANISM for C_SignInit. */
export function mechanismOf(algorithm: SigningAlgorithm): pkcs11js.Mechanism {
  const mechanism = mechanismType(algorithm);
  if (algorithm !== "rsa-pss-sha256") return { mechanism };
  return {
    mechanism,
    parameter: {
      type: pkcs11js.CK_PARAMS_RSA_PSS,
      hashAlg: pkcs11js.CKM_SHA256,
      mgf: pkcs11js.CKG_MGF1_SHA256,
      saltLen: DIGEST_OCTETS,
    } as pkcs11js.RsaPSS,
  };
}

/** What C_Sign gets for this digest. */
export const inputOf = (algorithm: SigningAlgorithm, digest: Uint8Array): Buffer =>
  algorithm === "rsa-pkcs1-sha256" ? digestInfo(digest) : Buffer.from(digest);

/** ECDSA-Sig-Value (RFC 3279 §2.2.3) from r||s as CKM_ECDSA gives it (PKCS #11 v2.40 mechanisms §2.3.1). */
export function ecdsaSigValue(raw: Uint8Array): Uint8Array {
  const half = raw.length / 2;
  return sequence(unsignedInteger(raw.subarray(0, half)), unsignedInteger(raw.subarray(half)));
}

/** The contract's form of what C_Sign returned. @throws SignerError TOKEN_FAILED when it cannot be a signature */
export function outputOf(algorithm: SigningAlgorithm, raw: Uint8Array): Uint8Array {
  if (algorithm === "ecdsa-p256-sha256") {
    if (raw.length === 64) return ecdsaSigValue(raw);
  } else if (raw.length >= 128 && raw.length <= 1024) {
    return Uint8Array.from(raw);
  }
  throw new SignerError("TOKEN_FAILED", "the token returned something that is not a signature", {
    retryable: true,
    details: { algorithm, octets: raw.length },
  });
}
