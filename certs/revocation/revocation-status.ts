import type { Certificate } from "../x509/certificate.ts";
import type { EvidenceLocations } from "./evidence-locations.ts";

/** CRLReason (RFC 5280 §5.3.1). */
export type RevocationReason =
  | "unspecified"
  | "keyCompromise"
  | "cACompromise"
  | "affiliationChanged"
  | "superseded"
  | "cessationOfOperation"
  | "certificateHold"
  | "removeFromCRL"
  | "privilegeWithdrawn"
  | "aACompromise";

const REASONS: Readonly<Record<number, RevocationReason>> = {
  0: "unspecified",
  1: "keyCompromise",
  2: "cACompromise",
  3: "affiliationChanged",
  4: "superseded",
  5: "cessationOfOperation",
  6: "certificateHold",
  8: "removeFromCRL",
  9: "privilegeWithdrawn",
  10: "aACompromise",
};

/** Name of a CRLReason; what the standard does not know is `unspecified`: revoked it is all the same. */
export const revocationReason = (value: number): RevocationReason => REASONS[value] ?? "unspecified";

/** A revocation as a CRL entry or an OCSP response states it. Times are milliseconds since 1970. */
export interface Revocation {
  readonly revokedAt: number;
  readonly reason: RevocationReason | null;
  /** When the key was lost or the certificate became invalid, as the CA believes. */
  readonly invalidityDate: number | null;
}

/** Why a status is unknown, or KNOWN. */
export type RevocationCode =
  | "KNOWN"
  /** The certificate says there will never be revocation information (RFC 9608). */
  | "NO_REVOCATION_AVAILABLE"
  | "NO_EVIDENCE"
  /** Not asked: a certificate above it, or something else in it, failed before. */
  | "NOT_REACHED"
  | "EVIDENCE_STALE"
  | "EVIDENCE_FROM_THE_FUTURE"
  | "EVIDENCE_MALFORMED"
  | "EVIDENCE_UNKNOWN_CRITICAL_EXTENSION"
  | "EVIDENCE_OUT_OF_SCOPE"
  | "EVIDENCE_SIGNATURE_INVALID"
  | "EVIDENCE_SIGNER_NOT_TRUSTED"
  | "EVIDENCE_PROFILE_VIOLATION"
  /** The evidence was issued after the certificate expired and does not say that it still lists expired ones. */
  | "EXPIRED_NOT_COVERED"
  | "REASONS_NOT_COVERED"
  | "RESPONDER_DOES_NOT_KNOW";

/** The status of one certificate at one time. */
export interface RevocationStatus {
  readonly certificate: Certificate;
  readonly status: "good" | "revoked" | "unknown";
  readonly code: RevocationCode;
  readonly source: "crl" | "ocsp" | null;
  readonly thisUpdate: number | null;
  readonly nextUpdate: number | null;
  /** Where revoked at the time asked about. */
  readonly revokedAt: number | null;
  readonly reason: RevocationReason | null;
  readonly invalidityDate: number | null;
  /** Good at the time asked about, and revoked since. */
  readonly revokedLater: Revocation | null;
  /** Encoding of the CRL or OCSP response that decided. */
  readonly evidence: Uint8Array | null;
  /** Where the certificate says more can be had; empty once the status is known. */
  readonly wanted: EvidenceLocations;
}
