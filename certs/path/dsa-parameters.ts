import { readWhole, Tag } from "../der/element.ts";
import { sequence } from "../der/write.ts";
import type { Certificate } from "../x509/certificate.ts";

/**
 * The key of a certificate for checking what it signed, DSA parameters taken from the issuer's key where its own has
 * none (RFC 5280 §6.1.4 (d)–(f), RFC 3279 §2.3.2).
 * @param issuerSpki working public key of the issuer, null above the anchor
 */
export function workingPublicKey(certificate: Certificate, issuerSpki: Uint8Array | null): Uint8Array {
  if (certificate.publicKey.kind !== "dsa" || certificate.publicKey.parameters || !issuerSpki) return certificate.spki;
  const [issuerAlgorithm] = readWhole(issuerSpki, { ber: true }).children();
  const [algorithm, key] = readWhole(certificate.spki, { ber: true }).children();
  const [issuerOid, parameters] = issuerAlgorithm?.children() ?? [];
  const oid = algorithm?.children()[0];
  if (!oid || !key || !issuerOid || parameters?.tag !== Tag.SEQUENCE) return certificate.spki;
  return sequence(sequence(oid.raw, parameters.raw), key.raw);
}
