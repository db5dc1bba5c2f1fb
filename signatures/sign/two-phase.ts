import type { DigestAlgorithm } from "@hocba/certs/crypto";

/** The signature algorithms we make; names shared with the `Signer` contract of hsm-adapters. */
export type SigningAlgorithm = "rsa-pkcs1-sha256" | "rsa-pss-sha256" | "ecdsa-p256-sha256";

/** Who will sign, known before the key is used: the certificate stands inside what is signed. */
export interface SignerIdentity {
  /** DER of the signing certificate. */
  certificate: Uint8Array;
  /** DER of the CA certificates to embed, issuer first; may be empty. */
  chain: readonly Uint8Array[];
  algorithm: SigningAlgorithm;
}

/**
 * First phase: the document with its reserved place, and the octets to sign. Everything is JSON apart from the byte
 * arrays, so that a person may sign days later in another process.
 */
export interface PreparedSignature<Placement> {
  /**
   * The document, complete but for the signature value. Read it, do not write to it: it may share its first octets with the document it
   * was prepared from (`octetsWithRoom`), as that may with the one before.
   */
  document: Uint8Array;
  /** The octets the key signs: DER of the signed attributes (RFC 5652 §5.4) or canonical SignedInfo (XMLDSig §4.4). */
  toBeSigned: Uint8Array;
  /** What `complete` needs to put the value in its place. */
  placement: Placement;
}

/**
 * One format's way through the two phases. The octets whose digest a time-stamping authority stamps are known once the
 * signature value is (RFC 3161 over SignerInfo.signature, EN 319 122-1 §5.3; over canonical ds:SignatureValue, EN 319 132-1 §5.3).
 */
export interface TwoPhaseFormat<Spec, Placement> {
  /** `document` stays as it is, and may be let go of. @throws SigningError */
  prepare(document: Uint8Array, signer: SignerIdentity, spec: Spec): PreparedSignature<Placement>;
  /** Octets under the message imprint of the signature time stamp. */
  timestampInput(prepared: PreparedSignature<Placement>, signatureValue: Uint8Array): Uint8Array;
  /**
   * The signed document: level B, or T with a TimeStampToken (DER). May be called again on the same `prepared` with a
   * token once stamping has caught up: the signature value stays the same. @throws SigningError
   */
  complete(prepared: PreparedSignature<Placement>, signatureValue: Uint8Array, timestampToken?: Uint8Array): Uint8Array;
}

export const MESSAGE_DIGEST: DigestAlgorithm = "sha256";
