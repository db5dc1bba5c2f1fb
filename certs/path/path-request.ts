import type { AlgorithmPolicy } from "../algorithms/algorithm-policy.ts";
import type { CryptoProvider } from "../crypto/provider.ts";
import type { RevocationOptions } from "../revocation/revocation-options.ts";
import type { RevocationStatus } from "../revocation/revocation-status.ts";
import type { TrustAnchor } from "../trust/trust-anchor.ts";
import type { Certificate } from "../x509/certificate.ts";
import type { KeyUsageBit } from "../x509/extensions.ts";
import type { CertificatePool } from "./certificate-pool.ts";
import type { PathCache } from "./path-cache.ts";

/** What is asked of `validatePath`. Times are milliseconds since 1970. */
export interface PathRequest {
  readonly certificate: Certificate;
  readonly anchors: readonly TrustAnchor[];
  /** Untrusted certificates a path may be built from. A pool built once is faster than a list. */
  readonly certificates: readonly Certificate[] | CertificatePool;
  /** The instant at which every certificate must be valid. */
  readonly time: number;
  readonly crypto: CryptoProvider;
  /** user-initial-policy-set, dotted; absent for any-policy. */
  readonly policies?: readonly string[];
  readonly explicitPolicy?: boolean;
  readonly inhibitPolicyMapping?: boolean;
  readonly inhibitAnyPolicy?: boolean;
  /** Key purposes of which the certificate must allow one (those above it too, where they limit purposes). */
  readonly purposes?: readonly string[];
  /** Key usages of which the certificate must allow one, if it limits usage. */
  readonly keyUsage?: readonly KeyUsageBit[];
  /** Most intermediates in a path, self-issued ones not counted. Default 16. */
  readonly maxIntermediates?: number;
  /** Judges digests and key sizes at `algorithmTime` (default `time`). Default: `not-broken`. */
  readonly algorithms?: AlgorithmPolicy;
  readonly algorithmTime?: number;
  /** When true, what the algorithm policy refuses is a finding and does not make the path invalid. */
  readonly algorithmsAdvisory?: boolean;
  /**
   * `validation` applies RFC 5280 §6 alone; `profile` also refuses certificates that break what §4 demands of their issuer, save
   * where the breach changes nothing for whoever processes the extension; `strict-profile` refuses those too. Breaches are in
   * `profileFindings` whichever is asked for. Default `validation`: much that is in use breaks §4 harmlessly.
   */
  readonly strictness?: "validation" | "profile" | "strict-profile";
  /** Checks revocation of every certificate under the anchor. Absent: not checked. */
  readonly revocation?: RevocationOptions;
  /** Object identifiers of critical extensions the caller itself processes. */
  readonly recognizedExtensions?: readonly string[];
  /** Kept between calls, it makes repeated chains cheap. */
  readonly cache?: PathCache;
}

export type PathCode =
  | "VALID"
  | "NO_PATH"
  | "WORK_LIMIT_EXCEEDED"
  | "SIGNATURE_INVALID"
  | "SIGNATURE_ALGORITHM_UNSUPPORTED"
  | "ALGORITHM_MISMATCH"
  | "ALGORITHM_NOT_ACCEPTABLE"
  | "NOT_YET_VALID"
  | "EXPIRED"
  | "ANCHOR_NOT_IN_FORCE"
  | "ANCHOR_NOT_TRUSTED_FOR_PURPOSE"
  | "NOT_A_CA"
  | "PATH_TOO_LONG"
  | "KEY_USAGE_NOT_ALLOWED"
  | "PURPOSE_NOT_ALLOWED"
  | "NAME_NOT_PERMITTED"
  | "NAME_EXCLUDED"
  | "NAME_NOT_COMPARABLE"
  | "TOO_MANY_NAMES"
  | "NAME_CONSTRAINTS_MALFORMED"
  | "POLICY_NOT_ACCEPTABLE"
  | "POLICY_MAPPING_INVALID"
  | "UNKNOWN_CRITICAL_EXTENSION"
  | "EXTENSION_MALFORMED"
  | "DUPLICATE_EXTENSION"
  | "PROFILE_VIOLATION"
  | "REVOKED"
  | "REVOCATION_UNKNOWN";

/** A digest or key in the path that the algorithm policy does not accept at the time asked. */
export interface AlgorithmFinding {
  /** Position in `path`. */
  readonly index: number;
  readonly use: "signature" | "key";
  /** `sha1`, `rsa-1024`. */
  readonly algorithm: string;
  /** Until when it was acceptable; null for never. */
  readonly until: number | null;
}

/** A breach of the certificate profile of RFC 5280 §4. */
export interface ProfileFinding {
  readonly index: number;
  readonly rule: string;
  readonly clause: string;
  /** True for breaches that `profile` lets pass and only `strict-profile` refuses. */
  readonly tolerated: boolean;
}

/** The verdict on one certificate. */
export interface PathResult {
  readonly valid: boolean;
  readonly code: PathCode;
  /** One English sentence for the operator. */
  readonly reason: string;
  /** Position in `path` of the certificate at fault; null when none is. */
  readonly index: number | null;
  /** Leaf first, the anchor's certificate last. On failure: the path that was judged, or the leaf and what was found above it. */
  readonly path: readonly Certificate[];
  readonly anchor: TrustAnchor | null;
  /** user-constrained-policy-set (RFC 9618 §5.4): policies the path is valid for; `2.5.29.32.0` for any. */
  readonly policies: readonly string[];
  readonly algorithmFindings: readonly AlgorithmFinding[];
  readonly profileFindings: readonly ProfileFinding[];
  /**
   * When revocation was asked for: the status of `path[i]` at `i`, the anchor left out. Where the check ended above a
   * certificate, its status is unknown with code NOT_REACHED.
   */
  readonly revocation: readonly RevocationStatus[];
  /** Whole paths that were judged before this answer. */
  readonly pathsTried: number;
}
