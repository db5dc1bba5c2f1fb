import type { CryptoProvider } from "@hocba/certs/crypto";
import type { PathCache } from "@hocba/certs/path";
import type { TrustAnchor } from "@hocba/certs/trust";
import type { Profile, Role } from "../profiles/profile.ts";
import type { Policy, PolicyName } from "./policy.ts";

/** Everything a verdict rests on besides the document. Nothing is taken from the surroundings. */
export interface VerificationContext {
  readonly crypto: CryptoProvider;
  readonly policy: PolicyName | Policy;
  /** The time of validation ("now" of EN 319 102-1). */
  readonly time: Date;
  readonly anchors: readonly TrustAnchor[];
  /** Further certificates for path building, DER. */
  readonly certificates: readonly Uint8Array[];
  /** DER. */
  readonly crls: readonly Uint8Array[];
  /** DER, OCSPResponse or BasicOCSPResponse. */
  readonly ocspResponses: readonly Uint8Array[];
  /** The role chain to hold the document against; absent: found by the document's shape; null: none. */
  readonly profile?: Profile | null;
  /** Who may sign in which role for which school. */
  readonly registry?: CertificateRegistry;
  readonly fileName: string;
  /** Signed content of a detached CMS. */
  readonly detachedContent?: Uint8Array;
  /** Evidence records (RFC 4998, RFC 6283) kept beside the file, over its octets; those of other files are passed over. */
  readonly evidenceRecords?: readonly Uint8Array[];
  /** Shared between calls: parsed certificates and checked signatures. A new one for each call when absent. */
  readonly cache?: PathCache;
  /** Octets beyond which a document is refused; 256 MiB when absent. */
  readonly maximumSize?: number;
}

/** A register of bindings between certificates, roles and schools, kept by the school system. */
export interface CertificateRegistry {
  /** False for a school it has nothing to say of: its documents are judged as if no register was given. Absent: it speaks for every school. */
  knows?(school: string | null): boolean;
  /**
   * True when the certificate may sign in `role` for `school` at `time` (ms since 1970).
   * @param subject code of the subject a subject teacher's signature is over; null for other roles
   * @param certificate `fingerprint`: SHA-256 of the certificate, upper-case hex
   */
  isBound(
    certificate: { fingerprint: string; serial: string; issuer: string; subject: string },
    role: Role,
    school: string | null,
    time: number,
    subject: string | null,
  ): boolean;
}

/** Evidence that was not at hand and where it may be fetched. The caller decides whether to trust the address. */
export interface EvidenceRequest {
  readonly kind: "crl" | "ocsp" | "issuer-certificate";
  readonly url: string;
  /** DER of the certificate in question. */
  readonly certificate: Uint8Array;
  /** DER of its issuer's certificate where known: an OCSP request needs it. */
  readonly issuer: Uint8Array | null;
}
