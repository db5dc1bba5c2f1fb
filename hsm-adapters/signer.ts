import { HocbaError } from "@hocba/certs";

/** The mechanisms in use, by PKCS #11 name: CKM_RSA_PKCS, CKM_RSA_PKCS_PSS, CKM_ECDSA; all over SHA-256. */
export type SigningAlgorithm = "rsa-pkcs1-sha256" | "rsa-pss-sha256" | "ecdsa-p256-sha256";

/** Where a key lives. `token` is the name the operator gave it in the configuration; `id` is CKA_ID in lower-case hex. */
export interface KeyRef {
  readonly token: string;
  readonly id: string;
}

/** A private key that can sign, with what the token holds beside it under the same CKA_ID. */
export interface TokenKey extends KeyRef {
  readonly label: string;
  /** What this key can sign with on this token; empty for a key of a kind we do not sign with. */
  readonly algorithms: readonly SigningAlgorithm[];
  /** SubjectPublicKeyInfo in DER, if the token tells (or its certificate does). */
  readonly spki: Uint8Array | null;
  /** DER of the certificate object with the same CKA_ID, if the token holds one. */
  readonly certificate: Uint8Array | null;
}

/** Something that signs with a key it never gives away. Every adapter passes `contract.test-suite.ts`. */
export interface Signer {
  /** Keys that can sign, found by CKA_ID. @throws SignerError */
  keys(): Promise<TokenKey[]>;
  /**
   * Signs a SHA-256 digest (32 octets). RSA PKCS #1 v1.5 wraps it in DigestInfo (RFC 8017 §9.2); PSS uses MGF1-SHA-256
   * and a salt of 32 octets; ECDSA returns ECDSA-Sig-Value in DER. Concurrency is bounded by the adapter.
   * An aborted call rejects with the signal's reason; whether the key was used by then is not known.
   * @throws SignerError; `retryable` tells whether the same call may succeed later
   */
  sign(key: KeyRef, algorithm: SigningAlgorithm, digest: Uint8Array, signal?: AbortSignal): Promise<Uint8Array>;
  /** Cheap proof that the token answers, for readiness. @throws SignerError */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export type SignerErrorCode =
  /** The token is not there: pulled out, HSM unreachable, slot empty. Retryable. */
  | "TOKEN_ABSENT"
  /** The token answered with a device error or died in the call. Retryable. */
  | "TOKEN_FAILED"
  /** No answer in time. Retryable. */
  | "TOKEN_TIMEOUT"
  /** All sessions busy and the queue full. Retryable. */
  | "TOKEN_BUSY"
  /** The PIN was refused. Final: it is never tried a second time by itself, since tokens lock. */
  | "PIN_INCORRECT"
  /** The token has locked its PIN. Final. */
  | "PIN_LOCKED"
  /** The key does not exist on this token. Final. */
  | "KEY_NOT_FOUND"
  /** The key cannot do what was asked. Final. */
  | "MECHANISM_UNSUPPORTED"
  /** The PKCS #11 module cannot be loaded. Final. */
  | "MODULE_UNUSABLE"
  /** The configuration does not hold together; `details.field` names the place. Final. */
  | "CONFIG_INVALID"
  /** The caller asked for something that has no meaning, such as a digest that is not 32 octets long. Final. */
  | "REQUEST_INVALID";

export class SignerError extends HocbaError<SignerErrorCode> {}
