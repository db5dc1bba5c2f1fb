import type { Bilingual } from "../bilingual.ts";

/** The verdicts of ETSI EN 319 102-1 §5.1.3, and NO-SIGNATURE for a document that carries none. */
export type Indication = "TOTAL-PASSED" | "TOTAL-FAILED" | "INDETERMINATE" | "NO-SIGNATURE";

/** Sub-indications of ETSI EN 319 102-1 table 5 and 6. */
export type SubIndication =
  | "FORMAT_FAILURE"
  | "HASH_FAILURE"
  | "SIG_CRYPTO_FAILURE"
  | "REVOKED"
  | "EXPIRED"
  | "NOT_YET_VALID"
  | "SIG_CONSTRAINTS_FAILURE"
  | "CHAIN_CONSTRAINTS_FAILURE"
  | "CERTIFICATE_CHAIN_GENERAL_FAILURE"
  | "CRYPTO_CONSTRAINTS_FAILURE"
  | "POLICY_PROCESSING_ERROR"
  | "SIGNATURE_POLICY_NOT_AVAILABLE"
  | "TIMESTAMP_ORDER_FAILURE"
  | "NO_SIGNING_CERTIFICATE_FOUND"
  | "NO_CERTIFICATE_CHAIN_FOUND"
  | "NO_CERTIFICATE_CHAIN_FOUND_NO_POE"
  | "REVOKED_NO_POE"
  | "REVOKED_CA_NO_POE"
  | "OUT_OF_BOUNDS_NO_POE"
  | "OUT_OF_BOUNDS_NOT_REVOKED"
  | "REVOCATION_OUT_OF_BOUNDS_NO_POE"
  | "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
  | "NO_POE"
  | "TRY_LATER"
  | "SIGNED_DATA_NOT_FOUND"
  | "CUSTOM";

export interface Finding {
  /** Stable, from the catalogue in `findings.ts`. */
  code: string;
  severity: "error" | "warning" | "info";
  message: Bilingual;
}

export interface TimestampReport {
  type: "signature" | "document" | "archive" | "content" | "evidence-record";
  /** genTime, ISO 8601 UTC; null when the token cannot be read. */
  time: string | null;
  /** Subject of the TSA certificate; null when unknown. */
  tsa: string | null;
  integrity: "intact" | "broken";
  imprintMatches: boolean;
  /** Verdict on the token as a signature of its own (EN 319 102-1 §5.4). */
  indication: Indication;
  subIndication: SubIndication | null;
}

export interface RevocationReport {
  subject: string;
  status: "good" | "revoked" | "unknown";
  source: "crl" | "ocsp";
  thisUpdate: string;
  /** Time and reason of revocation, where revoked. */
  revokedAt?: string;
  reason?: string;
}

export interface SignerReport {
  /** RFC 4514 with UTF-8 left readable. */
  subject: string;
  issuer: string;
  /** Upper-case hex. */
  serial: string;
  notBefore: string;
  notAfter: string;
  /** SHA-256 of the certificate, upper-case hex. */
  fingerprint: string;
}

export interface SignatureReport {
  /** PDF field name, XML Id, or the position among the signer infos. */
  id: string;
  format: "PAdES" | "PDF-CMS" | "XAdES" | "XMLDSig" | "CAdES" | "CMS" | "DocTimeStamp";
  level: "B" | "T" | "LT" | "LTA" | "none";
  indication: Indication;
  subIndication: SubIndication | null;
  integrity: "intact" | "broken" | "unknown";
  coverage: "whole-file" | "earlier-revision" | "partial" | "unclear";
  laterChanges: "none" | "permitted" | "suspicious";
  /** Role in the transcript's chain (`subject-teacher`, `homeroom-teacher`, `principal`, `seal`), when a profile applies. */
  role: string | null;
  signer: SignerReport | null;
  claimedSigningTime: string | null;
  bestSignatureTime: string | null;
  timestamps: TimestampReport[];
  revocation: RevocationReport[];
  /** XML: what the signature covers, as element paths or Ids. Empty for other formats. */
  covers: string[];
  findings: Finding[];
}

/** The answer of `hocba verify --json` and `POST /v1/verifications`, one per file. */
export interface VerificationReport {
  file: string;
  /** SHA-256 of the file, lower-case hex. */
  sha256: string;
  format: "pdf" | "xml" | "cms" | "unknown";
  indication: Indication;
  subIndication: SubIndication | null;
  policy: string;
  validationTime: string;
  /** Name of the profile whose role chain the document was held against; null: its signatures alone were judged. */
  profile: string | null;
  signatures: SignatureReport[];
  findings: Finding[];
}
