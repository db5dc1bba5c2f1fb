import { createHash, createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { readBitString, readWhole } from "@hocba/certs/der";
import forge from "node-forge";
import { SignerError } from "../signer.ts";

/** A private key out of the file, with the certificate over it. */
export interface Pkcs12Key {
  /** localKeyId in lower-case hex, or SHA-1 of the public key as in a subjectKeyIdentifier where the file gives none. */
  readonly id: string;
  /** friendlyName. */
  readonly label: string;
  readonly privateKey: KeyObject;
  readonly spki: Uint8Array;
  readonly certificate: Uint8Array | null;
}

/** Far above any real key file, small enough that reading a wrong file harms nobody. */
const MAX_OCTETS = 1 << 20;

const OID = forge.pki.oids as Record<string, string>;
const derOf = (asn1: forge.asn1.Asn1): Buffer => Buffer.from(forge.asn1.toDer(asn1).getBytes(), "latin1");

/** All private keys and their certificates (RFC 7292). @throws SignerError PIN_INCORRECT, CONFIG_INVALID */
export function openPkcs12(bytes: Uint8Array, password: string, token: string): Pkcs12Key[] {
  if (bytes.length > MAX_OCTETS) throw unreadable(token, "larger than 1 MiB", null);
  const file = decrypt(bytes, password, token);
  const bags = file.safeContents.flatMap((contents) => contents.safeBags);
  const certificates = bags.filter((bag) => bag.type === OID.certBag).map(certificateOf);
  const keyBags = bags.filter((bag) => bag.type === OID.pkcs8ShroudedKeyBag || bag.type === OID.keyBag);
  return keyBags.map((bag, i) => {
    let privateKey: KeyObject;
    let spki: Buffer;
    try {
      privateKey = createPrivateKey({ key: keyDer(bag), format: "der", type: "pkcs8" });
      spki = createPublicKey(privateKey).export({ type: "spki", format: "der" });
    } catch (cause) {
      throw unreadable(token, `private key ${i + 1} cannot be read`, cause);
    }
    const certificate = certificates.find((c) => c?.spki.equals(spki))?.der ?? null;
    const localKeyId = attributeOf(bag, "localKeyId");
    return {
      id: localKeyId ? Buffer.from(localKeyId, "latin1").toString("hex") : keyIdentifier(spki),
      label: attributeOf(bag, "friendlyName") ?? "",
      privateKey,
      spki,
      certificate,
    };
  });
}

/** The opened file, its MAC checked. */
function decrypt(bytes: Uint8Array, password: string, token: string): forge.pkcs12.Pkcs12Pfx {
  const parse = (): forge.asn1.Asn1 => forge.asn1.fromDer(Buffer.from(bytes).toString("latin1"));
  try {
    return forge.pkcs12.pkcs12FromAsn1(parse(), false, password);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : "";
    // node-forge tells a wrong password in prose only.
    if (/MAC could not be verified|invalid password/i.test(message)) {
      throw new SignerError("PIN_INCORRECT", `token ${token}: the password does not open the PKCS #12 file`, {
        details: { token, tried: true },
      });
    }
    // Deciphered with the other form, one file in 256 seems to have been padded rightly and fails as ASN.1 only.
    if (/^[\x00-\x7f]*$/.test(password)) {
      throw unreadable(token, "not a PKCS #12 file that can be read", cause);
    }
  }
  // The password is good: the MAC is right. It goes into the MAC as BMPString (RFC 7292 §B.1), into PBES2 as UTF-8
  // (RFC 8018 §3), which differ beyond ASCII, and node-forge has one form for both. So once more with the other form,
  // without the MAC that is checked already.
  try {
    const pfx = parse();
    (pfx.value as forge.asn1.Asn1[]).length = 2;
    return forge.pkcs12.pkcs12FromAsn1(pfx, false, forge.util.encodeUtf8(password));
  } catch (cause) {
    throw unreadable(token, "not a PKCS #12 file that can be read", cause);
  }
}

const attributeOf = (bag: forge.pkcs12.Bag, name: string): string | undefined =>
  (bag.attributes as Record<string, string[] | undefined> | undefined)?.[name]?.[0];

/** PrivateKeyInfo. node-forge parses RSA keys and leaves the others as ASN.1. */
function keyDer(bag: forge.pkcs12.Bag): Buffer {
  if (bag.key) return derOf(forge.pki.wrapRsaPrivateKey(forge.pki.privateKeyToAsn1(bag.key)));
  return derOf(bag.asn1);
}

/** node-forge parses certificates with RSA keys and leaves the others as ASN.1. */
function certificateOf(bag: forge.pkcs12.Bag): { der: Uint8Array; spki: Buffer } | null {
  const der = derOf(bag.cert ? forge.pki.certificateToAsn1(bag.cert) : bag.asn1);
  try {
    const spki = new X509Certificate(der).publicKey.export({ type: "spki", format: "der" });
    return { der: Uint8Array.from(der), spki };
  } catch {
    return null; // a certificate of a kind OpenSSL does not know is not the one of a key it reads
  }
}

/** Method 1 of RFC 5280 §4.2.1.2: SHA-1 of the BIT STRING subjectPublicKey, without tag, length and unused bits. */
function keyIdentifier(spki: Uint8Array): string {
  const key = readBitString(readWhole(spki).children()[1]!).bytes;
  return createHash("sha1").update(key).digest("hex");
}

function unreadable(token: string, problem: string, cause: unknown): SignerError {
  return new SignerError("CONFIG_INVALID", `token ${token}: ${problem}`, { details: { token, problem }, cause });
}
