import {
  bitString,
  contextConstructed,
  nullValue,
  oid,
  readWhole,
  sequence,
  Tag,
  unsignedInteger,
} from "@hocba/certs/der";
import { decodeBase64 } from "./base64.ts";
import { DS_NS, DSIG11_NS } from "./namespaces.ts";
import type { XmlElement } from "./tree.ts";

/** SubjectPublicKeyInfo inside a DER certificate, or null when the octets are no certificate. */
export function spkiOfCertificate(certificate: Uint8Array): Uint8Array | null {
  try {
    const [tbs] = readWhole(certificate).expect(Tag.SEQUENCE, "Certificate").children();
    const fields = tbs!.children();
    // version [0] is optional; then serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo
    const spki = fields[fields[0]!.tag === contextConstructed(0) ? 6 : 5];
    return spki?.expect(Tag.SEQUENCE, "SubjectPublicKeyInfo").raw ?? null;
  } catch {
    return null;
  }
}

/** SubjectPublicKeyInfo of a ds:KeyValue (XMLDSig §4.5.2) or dsig11:DEREncodedKeyValue, or null. */
export function spkiOfKeyValue(element: XmlElement): Uint8Array | null {
  if (element.uri === DSIG11_NS && element.local === "DEREncodedKeyValue") return decodeBase64(element.ownText);
  const rsa = element.first("RSAKeyValue", DS_NS);
  if (rsa) return rsaKey(rsa);
  const dsa = element.first("DSAKeyValue", DS_NS);
  if (dsa) return dsaKey(dsa);
  const ec = element.first("ECKeyValue", DSIG11_NS);
  return ec ? ecKey(ec) : null;
}

function numberIn(parent: XmlElement, name: string): Uint8Array | null {
  const bytes = decodeBase64(parent.first(name, DS_NS)?.ownText ?? "");
  return bytes && bytes.length > 0 && bytes.length <= 2048 ? unsignedInteger(bytes) : null;
}

function rsaKey(rsa: XmlElement): Uint8Array | null {
  const [modulus, exponent] = [numberIn(rsa, "Modulus"), numberIn(rsa, "Exponent")];
  if (!modulus || !exponent) return null;
  return sequence(sequence(oid("1.2.840.113549.1.1.1"), nullValue()), bitString(sequence(modulus, exponent)));
}

function dsaKey(dsa: XmlElement): Uint8Array | null {
  const [p, q, g, y] = ["P", "Q", "G", "Y"].map((name) => numberIn(dsa, name));
  if (!p || !q || !g || !y) return null;
  return sequence(sequence(oid("1.2.840.10040.4.1"), sequence(p, q, g)), bitString(y));
}

function ecKey(ec: XmlElement): Uint8Array | null {
  const point = decodeBase64(ec.first("PublicKey", DSIG11_NS)?.ownText ?? "");
  const curve = /^urn:oid:([0-9.]{3,60})$/.exec(ec.first("NamedCurve", DSIG11_NS)?.attribute("URI") ?? "")?.[1];
  if (!point || !curve) return null;
  try {
    return sequence(sequence(oid("1.2.840.10045.2.1"), oid(curve)), bitString(point));
  } catch {
    return null;
  }
}
