import type { CryptoProvider } from "../crypto/provider.ts";
import type { Certificate } from "../x509/certificate.ts";
import type { SignerCandidate } from "./crl-signer.ts";
import type { RevocationOptions } from "./revocation-options.ts";
import type { Revocation, RevocationCode } from "./revocation-status.ts";

/** How the status of a signer of evidence counts: it must be good, it must not be revoked, it is not asked for. */
export type OwnStatus = "must-be-good" | "must-not-be-revoked" | "not-asked";

/** What the checks of CRLs and OCSP responses share about one certificate. */
export interface CheckContext {
  readonly certificate: Certificate;
  /** Its issuer in the path, with the key in force there. */
  readonly issuer: SignerCandidate;
  /** Everybody whose key may have signed a CRL. */
  readonly candidates: readonly SignerCandidate[];
  /** The instant asked about. */
  readonly time: number;
  readonly crypto: CryptoProvider;
  readonly options: RevocationOptions;
  /** Is this certificate, which is not in the path, valid at `time` under the same anchor (RFC 5280 §6.3.3 (f))? */
  readonly signerTrusted: (certificate: Certificate, time: number, ownStatus: OwnStatus) => boolean;
}

/** The answer of one kind of evidence. */
export interface EvidenceOutcome {
  readonly status: "good" | "revoked" | "unknown";
  readonly code: RevocationCode;
  readonly thisUpdate: number | null;
  readonly nextUpdate: number | null;
  readonly revocation: Revocation | null;
  readonly revokedLater: Revocation | null;
  readonly evidence: Uint8Array | null;
}

export const nothingKnown = (code: RevocationCode): EvidenceOutcome => ({
  status: "unknown",
  code,
  thisUpdate: null,
  nextUpdate: null,
  revocation: null,
  revokedLater: null,
  evidence: null,
});

/** Which of two reasons for not knowing says more. */
const WEIGHT: readonly RevocationCode[] = [
  "NO_EVIDENCE",
  "EVIDENCE_OUT_OF_SCOPE",
  "EVIDENCE_MALFORMED",
  "EVIDENCE_FROM_THE_FUTURE",
  "RESPONDER_DOES_NOT_KNOW",
  "EVIDENCE_SIGNATURE_INVALID",
  "EVIDENCE_SIGNER_NOT_TRUSTED",
  "EVIDENCE_PROFILE_VIOLATION",
  "EVIDENCE_UNKNOWN_CRITICAL_EXTENSION",
  "EVIDENCE_STALE",
  "EXPIRED_NOT_COVERED",
  "REASONS_NOT_COVERED",
];
export const weightier = (a: RevocationCode, b: RevocationCode): RevocationCode =>
  WEIGHT.indexOf(b) > WEIGHT.indexOf(a) ? b : a;

/**
 * Does this revocation bind at the instant asked about? A compromised key is worthless from the invalidity date on,
 * whenever the CA came to know; other reasons bind from the revocation on (RFC 5280 §5.3.2, EN 319 102-1 §5.2.6.4).
 */
export function bindsAt(revocation: Revocation, time: number): boolean {
  if (revocation.revokedAt <= time) return true;
  const compromise =
    revocation.reason === "keyCompromise" ||
    revocation.reason === "cACompromise" ||
    revocation.reason === "aACompromise";
  return compromise && revocation.invalidityDate !== null && revocation.invalidityDate <= time;
}

export const nowOf = (context: CheckContext): number =>
  (context.options.now ?? context.time) + (context.options.clockTolerance ?? 300_000);
