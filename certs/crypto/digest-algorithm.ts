import { CertsError } from "../errors.ts";
import type { DigestAlgorithm } from "./provider.ts";

const BY_OID: Readonly<Record<string, DigestAlgorithm>> = {
  "1.2.840.113549.2.5": "md5",
  "1.3.14.3.2.26": "sha1",
  "2.16.840.1.101.3.4.2.4": "sha224",
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
  "2.16.840.1.101.3.4.2.5": "sha512-224",
  "2.16.840.1.101.3.4.2.6": "sha512-256",
  "2.16.840.1.101.3.4.2.7": "sha3-224",
  "2.16.840.1.101.3.4.2.8": "sha3-256",
  "2.16.840.1.101.3.4.2.9": "sha3-384",
  "2.16.840.1.101.3.4.2.10": "sha3-512",
  "1.3.36.3.2.1": "ripemd160",
};

/** Octets of a digest. */
export const digestLength: Readonly<Record<DigestAlgorithm, number>> = {
  md5: 16,
  sha1: 20,
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
  "sha512-224": 28,
  "sha512-256": 32,
  "sha3-224": 28,
  "sha3-256": 32,
  "sha3-384": 48,
  "sha3-512": 64,
  ripemd160: 20,
};

const OID_OF = new Map(Object.entries(BY_OID).map(([oid, name]) => [name, oid]));

/** The digest an object identifier names. @throws CertsError ALGORITHM_UNSUPPORTED */
export function digestAlgorithmOf(oid: string): DigestAlgorithm {
  const known = Object.hasOwn(BY_OID, oid) ? BY_OID[oid] : undefined;
  if (known) return known;
  throw new CertsError("ALGORITHM_UNSUPPORTED", `digest algorithm ${oid}`, { details: { oid } });
}

/** Dotted object identifier of a digest algorithm. */
export function digestOid(algorithm: DigestAlgorithm): string {
  return OID_OF.get(algorithm)!;
}
