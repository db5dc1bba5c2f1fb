import {
  bitString,
  boolean,
  contextConstructed,
  contextPrimitive,
  der,
  ia5String,
  integer,
  nullValue,
  octetString,
  oid,
  sequence,
} from "../der/index.ts";

/** Bits of KeyUsage in their order (RFC 5280 §4.2.1.3). */
export const KEY_USAGE_BITS = [
  "digitalSignature",
  "nonRepudiation",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
] as const;
export type KeyUsageBit = (typeof KEY_USAGE_BITS)[number];

export const Eku = {
  clientAuth: "1.3.6.1.5.5.7.3.2",
  emailProtection: "1.3.6.1.5.5.7.3.4",
  timeStamping: "1.3.6.1.5.5.7.3.8",
  ocspSigning: "1.3.6.1.5.5.7.3.9",
  smartcardLogon: "1.3.6.1.4.1.311.20.2.2",
} as const;

/** An extension as it is asked for: `value` is the DER inside extnValue. */
export interface ExtensionSpec {
  oid: string;
  critical: boolean;
  value: Uint8Array;
}

const text = new TextEncoder();
const uri = (url: string): Uint8Array => der(contextPrimitive(6), text.encode(url));

/** Extension, DER (RFC 5280 §4.1): `critical` is left out when false, as DER demands of a default. */
export const encodeExtension = (e: ExtensionSpec): Uint8Array =>
  sequence(oid(e.oid), ...(e.critical ? [boolean(true)] : []), octetString(e.value));

/** NamedBitList: trailing zero bits are left out (X.690 §11.2.2). */
export function namedBits(positions: readonly number[]): Uint8Array {
  if (positions.length === 0) return bitString(new Uint8Array(0));
  const last = Math.max(...positions);
  const bytes = new Uint8Array((last >> 3) + 1);
  for (const p of positions) bytes[p >> 3] = bytes[p >> 3]! | (0x80 >> (p & 7));
  return bitString(bytes, 7 - (last & 7));
}

export const basicConstraints = (ca: boolean, pathLength?: number): ExtensionSpec => ({
  oid: "2.5.29.19",
  critical: true,
  value: sequence(...(ca ? [boolean(true)] : []), ...(ca && pathLength !== undefined ? [integer(pathLength)] : [])),
});

export const keyUsage = (bits: readonly KeyUsageBit[]): ExtensionSpec => ({
  oid: "2.5.29.15",
  critical: true,
  value: namedBits(bits.map((b) => KEY_USAGE_BITS.indexOf(b))),
});

export const extendedKeyUsage = (purposes: readonly string[], critical = false): ExtensionSpec => ({
  oid: "2.5.29.37",
  critical,
  value: sequence(...purposes.map(oid)),
});

export const subjectKeyIdentifier = (keyId: Uint8Array): ExtensionSpec => ({
  oid: "2.5.29.14",
  critical: false,
  value: octetString(keyId),
});

export const authorityKeyIdentifier = (keyId: Uint8Array): ExtensionSpec => ({
  oid: "2.5.29.35",
  critical: false,
  value: sequence(der(contextPrimitive(0), keyId)),
});

/** One DistributionPoint with all the URLs as its full name. */
export const crlDistributionPoints = (urls: readonly string[]): ExtensionSpec => ({
  oid: "2.5.29.31",
  critical: false,
  value: sequence(sequence(der(contextConstructed(0), der(contextConstructed(0), ...urls.map(uri))))),
});

export const authorityInfoAccess = (at: { caIssuers?: string | null; ocsp?: string | null }): ExtensionSpec => ({
  oid: "1.3.6.1.5.5.7.1.1",
  critical: false,
  value: sequence(
    ...(at.caIssuers ? [sequence(oid("1.3.6.1.5.5.7.48.2"), uri(at.caIssuers))] : []),
    ...(at.ocsp ? [sequence(oid("1.3.6.1.5.5.7.48.1"), uri(at.ocsp))] : []),
  ),
});

export const certificatePolicies = (policy: string, cps: string): ExtensionSpec => ({
  oid: "2.5.29.32",
  critical: false,
  value: sequence(sequence(oid(policy), sequence(sequence(oid("1.3.6.1.5.5.7.2.1"), ia5String(cps))))),
});

/** id-pkix-ocsp-nocheck (RFC 6960 §4.2.2.2.1). */
export const ocspNoCheck = (): ExtensionSpec => ({
  oid: "1.3.6.1.5.5.7.48.1.5",
  critical: false,
  value: nullValue(),
});
