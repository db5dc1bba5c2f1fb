import { X509Certificate } from "node:crypto";
import { bitString, nullValue, oid, sequence, unsignedInteger } from "@hocba/certs/der";
import pkcs11js from "pkcs11js";
import { SignerError, type SigningAlgorithm } from "../signer.ts";
import { returnValueOf } from "./cryptoki-error.ts";
import { mechanismType } from "./mechanisms.ts";
import type { Cryptoki } from "./module.ts";

/** A private key object on the token. Handles are good for the connection they were found in. */
export interface FoundKey {
  readonly handle: pkcs11js.Handle;
  /** CKA_ID, lower-case hex. */
  readonly id: string;
  readonly label: string;
  readonly algorithms: readonly SigningAlgorithm[];
  readonly spki: Uint8Array | null;
  readonly certificate: Uint8Array | null;
  /** CKA_ALWAYS_AUTHENTICATE: each signature needs its own C_Login with CKU_CONTEXT_SPECIFIC. */
  readonly alwaysAuthenticate: boolean;
}

type Template = pkcs11js.Template;

/** More objects than this on one token are not looked at. */
const MAX_OBJECTS = 4096;
/** CKA_EC_PARAMS of P-256: the OBJECT IDENTIFIER 1.2.840.10045.3.1.7. */
const P256_PARAMETERS = oid("1.2.840.10045.3.1.7");
const RSA_ENCRYPTION = sequence(oid("1.2.840.113549.1.1.1"), nullValue());
const EC_P256 = sequence(oid("1.2.840.10045.2.1"), P256_PARAMETERS);

function findObjects(cryptoki: Cryptoki, session: pkcs11js.Handle, template: Template): pkcs11js.Handle[] {
  cryptoki.C_FindObjectsInit(session, template);
  try {
    const found: pkcs11js.Handle[] = [];
    while (found.length < MAX_OBJECTS) {
      const some = cryptoki.C_FindObjects(session, 64);
      if (some.length === 0) break;
      found.push(...some);
    }
    return found;
  } finally {
    cryptoki.C_FindObjectsFinal(session);
  }
}

/** One attribute, or null where the object has none or does not tell (PKCS #11 v2.40 §5.7, C_GetAttributeValue). */
function attribute(cryptoki: Cryptoki, session: pkcs11js.Handle, object: pkcs11js.Handle, type: number): Buffer | null {
  try {
    const value = cryptoki.C_GetAttributeValue(session, object, [{ type }])[0]?.value;
    return Buffer.isBuffer(value) && value.length > 0 ? value : null;
  } catch (error) {
    const rv = returnValueOf(error);
    if (rv === "CKR_ATTRIBUTE_TYPE_INVALID" || rv === "CKR_ATTRIBUTE_SENSITIVE") return null;
    throw error;
  }
}

/** CK_ULONG in the byte order of the machine; little-endian on all that Node runs on here. */
const ulong = (value: Buffer | null): number | null => (value && value.length >= 4 ? value.readUInt32LE(0) : null);

function rsaSpki(modulus: Uint8Array, exponent: Uint8Array): Uint8Array {
  const key = sequence(unsignedInteger(modulus), unsignedInteger(exponent));
  return sequence(RSA_ENCRYPTION, bitString(key));
}

/** CKA_EC_POINT holds the point in an OCTET STRING; some modules leave that out (PKCS #11 v2.40 mechanisms §2.3.3). */
function p256Spki(point: Uint8Array): Uint8Array | null {
  const bare = point.length === 67 && point[0] === 0x04 && point[1] === 65 ? point.subarray(2) : point;
  return bare.length === 65 && bare[0] === 0x04 ? sequence(EC_P256, bitString(bare)) : null;
}

function publicKeyOf(
  cryptoki: Cryptoki,
  session: pkcs11js.Handle,
  privateKey: pkcs11js.Handle,
  keyType: number | null,
  id: Buffer,
): Uint8Array | null {
  if (keyType === pkcs11js.CKK_RSA) {
    const modulus = attribute(cryptoki, session, privateKey, pkcs11js.CKA_MODULUS);
    const exponent = attribute(cryptoki, session, privateKey, pkcs11js.CKA_PUBLIC_EXPONENT);
    if (modulus && exponent) return rsaSpki(modulus, exponent);
  }
  const publicKey = findObjects(cryptoki, session, [
    { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PUBLIC_KEY },
    { type: pkcs11js.CKA_ID, value: id },
  ])[0];
  if (!publicKey) return null;
  if (keyType === pkcs11js.CKK_RSA) {
    const modulus = attribute(cryptoki, session, publicKey, pkcs11js.CKA_MODULUS);
    const exponent = attribute(cryptoki, session, publicKey, pkcs11js.CKA_PUBLIC_EXPONENT);
    return modulus && exponent ? rsaSpki(modulus, exponent) : null;
  }
  const point = attribute(cryptoki, session, publicKey, pkcs11js.CKA_EC_POINT);
  return point ? p256Spki(point) : null;
}

function spkiOfCertificate(der: Uint8Array): { spki: Buffer; until: number } | null {
  try {
    const certificate = new X509Certificate(der);
    const spki = certificate.publicKey.export({ type: "spki", format: "der" });
    return { spki, until: Date.parse(certificate.validTo) };
  } catch {
    return null; // an object that is no certificate is nobody's certificate
  }
}

/** Of the certificates beside a key, the one over this very key that runs longest: renewals leave the old ones behind. */
function certificateOf(
  cryptoki: Cryptoki,
  session: pkcs11js.Handle,
  id: Buffer,
  spki: Uint8Array | null,
): { der: Uint8Array; spki: Uint8Array } | null {
  let best: { der: Uint8Array; spki: Uint8Array; until: number } | null = null;
  for (const object of findObjects(cryptoki, session, [
    { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_CERTIFICATE },
    { type: pkcs11js.CKA_ID, value: id },
  ])) {
    const der = attribute(cryptoki, session, object, pkcs11js.CKA_VALUE);
    const facts = der && spkiOfCertificate(der);
    if (!facts || (spki && !facts.spki.equals(spki))) continue;
    if (!best || facts.until > best.until) best = { der: Uint8Array.from(der), ...facts };
  }
  return best;
}

function tokenSigns(cryptoki: Cryptoki, slot: pkcs11js.Handle, algorithm: SigningAlgorithm): boolean {
  try {
    return (cryptoki.C_GetMechanismInfo(slot, mechanismType(algorithm)).flags & pkcs11js.CKF_SIGN) !== 0;
  } catch (error) {
    if (returnValueOf(error) === "CKR_MECHANISM_INVALID") return false;
    throw error;
  }
}

function algorithmsOf(
  cryptoki: Cryptoki,
  slot: pkcs11js.Handle,
  session: pkcs11js.Handle,
  object: pkcs11js.Handle,
  keyType: number | null,
): SigningAlgorithm[] {
  let candidates: SigningAlgorithm[] = [];
  if (keyType === pkcs11js.CKK_RSA) candidates = ["rsa-pkcs1-sha256", "rsa-pss-sha256"];
  else if (keyType === pkcs11js.CKK_EC) {
    const parameters = attribute(cryptoki, session, object, pkcs11js.CKA_EC_PARAMS);
    if (parameters?.equals(P256_PARAMETERS)) candidates = ["ecdsa-p256-sha256"];
  }
  return candidates.filter((algorithm) => tokenSigns(cryptoki, slot, algorithm));
}

/**
 * The private keys with CKA_SIGN in the order of their CKA_ID, or only those with this one. Ask through a session nobody signs with.
 * @throws what pkcs11js throws
 */
export function findKeys(cryptoki: Cryptoki, slot: pkcs11js.Handle, session: pkcs11js.Handle, id?: string): FoundKey[] {
  const template: Template = [
    { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PRIVATE_KEY },
    { type: pkcs11js.CKA_SIGN, value: true },
  ];
  if (id !== undefined) template.push({ type: pkcs11js.CKA_ID, value: Buffer.from(id, "hex") });
  const keys: FoundKey[] = [];
  for (const handle of findObjects(cryptoki, session, template)) {
    const keyId = attribute(cryptoki, session, handle, pkcs11js.CKA_ID);
    if (!keyId) continue;
    const keyType = ulong(attribute(cryptoki, session, handle, pkcs11js.CKA_KEY_TYPE));
    const told = publicKeyOf(cryptoki, session, handle, keyType, keyId);
    const certificate = certificateOf(cryptoki, session, keyId, told);
    keys.push({
      handle,
      id: keyId.toString("hex"),
      label: attribute(cryptoki, session, handle, pkcs11js.CKA_LABEL)?.toString("utf8") ?? "",
      algorithms: algorithmsOf(cryptoki, slot, session, handle, keyType),
      spki: told ?? certificate?.spki ?? null,
      certificate: certificate?.der ?? null,
      alwaysAuthenticate: attribute(cryptoki, session, handle, pkcs11js.CKA_ALWAYS_AUTHENTICATE)?.[0] === 1,
    });
  }
  return keys.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

/** The one key with this CKA_ID, or null. @throws SignerError KEY_NOT_FOUND when several private keys share it */
export function findKey(
  cryptoki: Cryptoki,
  slot: pkcs11js.Handle,
  session: pkcs11js.Handle,
  token: string,
  id: string,
): FoundKey | null {
  const found = findKeys(cryptoki, slot, session, id);
  if (found.length > 1) {
    throw new SignerError("KEY_NOT_FOUND", `token ${token}: ${found.length} private keys share one CKA_ID`, {
      details: { token, id, matches: found.length },
    });
  }
  return found[0] ?? null;
}
