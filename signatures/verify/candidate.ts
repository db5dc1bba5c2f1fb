import type { Certificate } from "@hocba/certs/x509";
import type { ChangeLevel } from "../pdf/changes/index.ts";
import type { TimestampToken } from "../timestamps/token.ts";
import type { Conclusion } from "./conclusion.ts";
import type { CryptographicVerification } from "./cryptographic-verification.ts";
import type { Finding, SignatureReport, TimestampReport } from "./report.ts";
import type { CertificateReference } from "./signing-certificate-reference.ts";

/**
 * One signature as the readers of the formats hand it to the validation process. From here on the formats are alike:
 * what differs is inside the functions.
 */
export interface SignatureCandidate {
  readonly id: string;
  readonly format: SignatureReport["format"];
  /** Format checking (EN 319 102-1 §5.2.2) and what the reader found odd. */
  readonly formatChecking: Conclusion;
  /** False when it breaks a rule of its ETSI format that leaves the mathematics alone; then it has no level. */
  readonly followsFormat: boolean;
  /** Certificates the signature names outside what it covers: sid, KeyInfo. */
  readonly named: readonly Certificate[];
  /** Certificate references under the signature; null when it has none. */
  readonly references: readonly CertificateReference[] | null;
  /** The mathematics with a given certificate's key, or without any. */
  readonly verify: (certificate: Certificate | null) => CryptographicVerification;
  /** Milliseconds since 1970; null when not stated. */
  readonly claimedSigningTime: number | null;
  readonly timestamps: readonly TimestampCandidate[];
  readonly coverage: SignatureReport["coverage"];
  readonly laterChanges: SignatureReport["laterChanges"];
  /** PDF: the heaviest change that came after; `none` for other formats. */
  readonly laterLevel: ChangeLevel;
  readonly covers: readonly string[];
  /** PDF: offset after the last signed octet; null for other formats and where there is no usable range. */
  readonly signedEnd: number | null;
  readonly counterSignature: boolean;
  /** It refers to a complete set of validation data (EN 319 122-1 §A.1, EN 319 132-1 §A.1): short of it, it has no LT level. */
  readonly refersToValidationData?: boolean;
  /** A DocTimeStamp is its own time stamp. */
  readonly documentTimestamp: TimestampCandidate | null;
}

/** A time stamp and what it must stamp. */
export interface TimestampCandidate {
  readonly type: TimestampReport["type"];
  /** Null when it cannot be read; `problem` says why. */
  readonly token: TimestampToken | null;
  readonly problem: Finding | null;
  /**
   * The octets under the message imprint, in pieces. Several alternatives where writers of the standard's editions
   * differ; an empty list when the data cannot be put together; null when they are not at hand (a token by itself).
   */
  readonly imprintInputs: () => readonly (readonly Uint8Array[])[] | null;
  /** Instead of `imprintInputs`, where what is stamped is a hash value: whether the imprint is it; null: not known. */
  readonly imprintHolds?: boolean | null;
  /** Structural faults of the token's surroundings that break it, such as a hash index naming absent data. */
  readonly faults: readonly Finding[];
  /** It covers validation data and earlier time stamps too, so that it makes level LTA. */
  readonly archival: boolean;
  /** It covers references to certificates and revocation data alone: of the signature it proves nothing. */
  readonly referencesOnly?: boolean;
}
