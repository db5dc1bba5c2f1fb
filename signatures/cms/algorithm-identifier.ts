import type { DigestAlgorithm } from "@hocba/certs/crypto";
import { type Element, oid, readOid, sequence, Tag } from "@hocba/certs/der";

/** AlgorithmIdentifier (RFC 5280 §4.1.1.2). */
export interface AlgorithmIdentifier {
  readonly oid: string;
  readonly parameters: Element | null;
  /** The whole encoding. */
  readonly raw: Uint8Array;
}

/** @throws CertsError DER_MALFORMED */
export function readAlgorithmIdentifier(e: Element): AlgorithmIdentifier {
  const [algorithm, parameters] = e.expect(Tag.SEQUENCE, "AlgorithmIdentifier").children();
  return { oid: readOid(algorithm ?? e), parameters: parameters ?? null, raw: e.raw };
}

const DIGESTS: ReadonlyArray<readonly [string, DigestAlgorithm]> = [
  ["1.2.840.113549.2.5", "md5"],
  ["1.3.14.3.2.26", "sha1"],
  ["2.16.840.1.101.3.4.2.4", "sha224"],
  ["2.16.840.1.101.3.4.2.1", "sha256"],
  ["2.16.840.1.101.3.4.2.2", "sha384"],
  ["2.16.840.1.101.3.4.2.3", "sha512"],
  ["2.16.840.1.101.3.4.2.7", "sha3-224"],
  ["2.16.840.1.101.3.4.2.8", "sha3-256"],
  ["2.16.840.1.101.3.4.2.9", "sha3-384"],
  ["2.16.840.1.101.3.4.2.10", "sha3-512"],
  ["1.3.36.3.2.1", "ripemd160"],
];
/** Some signers put the signature algorithm where the digest algorithm belongs; its digest part is meant. */
const MISPLACED: ReadonlyArray<readonly [string, DigestAlgorithm]> = [
  ["1.2.840.113549.1.1.4", "md5"],
  ["1.2.840.113549.1.1.5", "sha1"],
  ["1.2.840.113549.1.1.11", "sha256"],
  ["1.2.840.113549.1.1.12", "sha384"],
  ["1.2.840.113549.1.1.13", "sha512"],
];
const byOid = new Map([...DIGESTS, ...MISPLACED]);
const byName = new Map(DIGESTS.map(([dotted, name]) => [name, dotted]));

/** The digest algorithm under an OID, or null when it is not one we know. */
export function digestAlgorithmOf(dotted: string): DigestAlgorithm | null {
  return byOid.get(dotted) ?? null;
}

/** OID of a digest algorithm, dotted. */
export function digestOid(algorithm: DigestAlgorithm): string {
  return byName.get(algorithm)!;
}

/** AlgorithmIdentifier of a digest, parameters absent (RFC 5754 §2). */
export function digestAlgorithmIdentifier(algorithm: DigestAlgorithm): Uint8Array {
  return sequence(oid(digestOid(algorithm)));
}
