import { contextConstructed, readWhole, Tag } from "@hocba/certs/der";

/**
 * Subject, issuer and serial number of a certificate as DER, the way CKA_SUBJECT, CKA_ISSUER and CKA_SERIAL_NUMBER want
 * them (PKCS #11 v2.40 §4.6.3, RFC 5280 §4.1). @throws CertsError DER_MALFORMED
 */
export function certificateNames(der: Uint8Array): { subject: Buffer; issuer: Buffer; serial: Buffer } {
  const tbs = readWhole(der).expect(Tag.SEQUENCE, "Certificate").children()[0]?.expect(Tag.SEQUENCE, "TBSCertificate");
  const fields = tbs?.children() ?? [];
  const first = fields[0]?.tag === contextConstructed(0) ? 1 : 0; // version [0] is absent in v1
  const at = (index: number): Buffer => Buffer.from(fields[first + index]?.raw ?? []);
  return { serial: at(0), issuer: at(2), subject: at(4) };
}
