import type { DigestAlgorithm } from "@hocba/certs/crypto";
import type { TimestampToken } from "../timestamps/token.ts";
import type { C14nMethod } from "../xml/c14n-methods.ts";

/**
 * An evidence record as it reads, of either syntax (RFC 4998 §3.1, RFC 6283 §2.1). Nothing about it has been verified.
 */
export interface EvidenceRecord {
  readonly syntax: "asn1" | "xml";
  /** Digest algorithms announced for the data objects (RFC 4998 §3.1); empty in XML. Null stands for one we do not know. */
  readonly digestAlgorithms: readonly (DigestAlgorithm | null)[];
  /** The data objects were encrypted before they were archived: the digests are of what was archived. */
  readonly encrypted: boolean;
  /** Oldest first, at least one. */
  readonly chains: readonly ArchiveTimestampChain[];
}

/** Archive time stamps that use one digest algorithm, oldest first, at least one (RFC 4998 §5.1, RFC 6283 §4.1). */
export interface ArchiveTimestampChain {
  readonly timestamps: readonly ArchiveTimestamp[];
  /** XML: how data objects, time stamps and older chains are brought into octets. */
  readonly canonicalization: C14nMethod | null;
  /**
   * The octets of all older chains, as hash tree renewal digests them (RFC 4998 §5.2, RFC 6283 §4.2.2). More than one form where
   * the file is not in DER.
   */
  readonly olderChains: () => readonly Uint8Array[];
}

export interface ArchiveTimestamp {
  /** Of the hash tree; null when it is not one we know. */
  readonly digestAlgorithm: DigestAlgorithm | null;
  /** OID or URI, for messages. */
  readonly digestAlgorithmName: string;
  /** The reduced hash tree, leaves first; null when absent: the token then stamps the digest itself. */
  readonly hashTree: readonly (readonly Uint8Array[])[] | null;
  readonly token: TimestampToken;
  /** The octets of the time stamp, as time stamp renewal digests them (RFC 4998 §5.2, RFC 6283 §4.2.1). */
  readonly octets: () => readonly Uint8Array[];
}
