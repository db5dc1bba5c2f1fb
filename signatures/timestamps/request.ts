import type { DigestAlgorithm } from "@hocba/certs/crypto";
import { boolean, integer, nullValue, octetString, oid, sequence, unsignedInteger } from "@hocba/certs/der";
import { digestOid } from "../cms/algorithm-identifier.ts";

export interface TimestampRequest {
  digestAlgorithm: DigestAlgorithm;
  /** Digest of the octets to be stamped. */
  digest: Uint8Array;
  /** Random octets, big-endian and non-negative; null leaves the nonce out. */
  nonce: Uint8Array | null;
  /** The policy under which the token is wanted, dotted. */
  policy?: string | undefined;
  /** Whether the token shall hold the authority's certificate. */
  certReq: boolean;
}

/** TimeStampReq in DER (RFC 3161 §2.4.1). */
export function buildTimestampRequest(request: TimestampRequest): Uint8Array {
  return sequence(
    integer(1),
    messageImprint(request.digestAlgorithm, request.digest),
    ...(request.policy ? [oid(request.policy)] : []),
    ...(request.nonce ? [unsignedInteger(request.nonce)] : []),
    ...(request.certReq ? [boolean(true)] : []),
  );
}

/** MessageImprint (RFC 3161 §2.4.1); NULL parameters, since some authorities insist on them. */
function messageImprint(algorithm: DigestAlgorithm, digest: Uint8Array): Uint8Array {
  return sequence(sequence(oid(digestOid(algorithm)), nullValue()), octetString(digest));
}
