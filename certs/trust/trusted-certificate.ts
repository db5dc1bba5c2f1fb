import { readElement, Tag } from "../der/element.ts";
import { readOid } from "../der/values.ts";
import { CertsError } from "../errors.ts";
import { parseCertificate } from "../x509/certificate.ts";
import { type PemBlock, pemBlocks, pemOrDerBlocks } from "../x509/pem.ts";
import { type TrustAnchor, trustAnchor } from "./trust-anchor.ts";

/**
 * Reads a PEM block as anchor: CERTIFICATE, or OpenSSL's TRUSTED CERTIFICATE, where X509_CERT_AUX behind the certificate
 * names the purposes it is trusted and not trusted for.
 * @throws CertsError CERTIFICATE_MALFORMED, DER_MALFORMED
 */
export function parseTrustedCertificate(block: PemBlock): TrustAnchor {
  const certificate = readElement(block.der, 0, { ber: true });
  const anchor = trustAnchor(parseCertificate(certificate.raw));
  if (certificate.end === block.der.length) return anchor;
  const aux = readElement(block.der, certificate.end, { ber: true });
  if (aux.end !== block.der.length) throw new CertsError("DER_MALFORMED", "octets after X509_CERT_AUX");
  let purposes: readonly string[] | null = null;
  let rejectedPurposes: readonly string[] = [];
  let label = anchor.label;
  for (const part of aux.expect(Tag.SEQUENCE, "X509_CERT_AUX").children()) {
    if (part.tag === Tag.SEQUENCE) purposes = part.children().map(readOid);
    else if (part.tag === 0xa0) rejectedPurposes = part.children().map(readOid);
    else if (part.tag === Tag.UTF8_STRING) label = new TextDecoder().decode(part.content);
  }
  return { ...anchor, purposes, rejectedPurposes, label };
}

/** Every anchor in a PEM, DER or PKCS #7 file. @throws CertsError */
export function parseTrustAnchors(bytes: Uint8Array): TrustAnchor[] {
  const blocks = bytes[0] === 0x30 ? [] : pemBlocks(bytes);
  if (blocks.length > 0) {
    return blocks.flatMap((block) =>
      block.label === "PKCS7" || block.label === "CMS"
        ? pemOrDerBlocks(block.der).map((der) => trustAnchor(parseCertificate(der)))
        : /CERTIFICATE$/.test(block.label) && !block.label.includes("ATTRIBUTE")
          ? [parseTrustedCertificate(block)]
          : [],
    );
  }
  return pemOrDerBlocks(bytes).map((der) => trustAnchor(parseCertificate(der)));
}
