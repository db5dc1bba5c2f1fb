import { type Element, readWhole, Tag } from "../der/element.ts";
import { readBigInt, readBitString, readOid } from "../der/values.ts";
import { CertsError } from "../errors.ts";
import { type RsaPssParameters, readPssParameters } from "./signature-algorithm.ts";

/** A SubjectPublicKeyInfo, read (RFC 5280 §4.1.2.7). `bits` is the size that matters for strength; 0 when unknown. */
export type PublicKey =
  | {
      kind: "rsa";
      bits: number;
      modulus: bigint;
      exponent: bigint;
      pssOnly: boolean;
      /** Limits an RSASSA-PSS key sets (RFC 4055 §3.1): these digests, at least this salt; null for none. */
      pss: RsaPssParameters | null;
    }
  | {
      kind: "ec";
      bits: number /** Short name; null for a curve unknown or given by explicit parameters. */;
      curve: string | null;
      point: Uint8Array;
    }
  | { kind: "ed25519" | "ed448"; bits: number; key: Uint8Array }
  | {
      kind: "dsa";
      bits: number /** p, q, g; null when inherited. */;
      parameters: { p: bigint; q: bigint; g: bigint } | null;
      y: bigint;
    }
  | { kind: "other"; bits: 0; oid: string };

const CURVES: Readonly<Record<string, readonly [name: string, bits: number]>> = {
  "1.2.840.10045.3.1.1": ["P-192", 192],
  "1.3.132.0.33": ["P-224", 224],
  "1.2.840.10045.3.1.7": ["P-256", 256],
  "1.3.132.0.34": ["P-384", 384],
  "1.3.132.0.35": ["P-521", 521],
  "1.3.132.0.10": ["secp256k1", 256],
  "1.3.36.3.3.2.8.1.1.5": ["brainpoolP224r1", 224],
  "1.3.36.3.3.2.8.1.1.7": ["brainpoolP256r1", 256],
  "1.3.36.3.3.2.8.1.1.8": ["brainpoolP256t1", 256],
  "1.3.36.3.3.2.8.1.1.9": ["brainpoolP320r1", 320],
  "1.3.36.3.3.2.8.1.1.11": ["brainpoolP384r1", 384],
  "1.3.36.3.3.2.8.1.1.12": ["brainpoolP384t1", 384],
  "1.3.36.3.3.2.8.1.1.13": ["brainpoolP512r1", 512],
  "1.3.36.3.3.2.8.1.1.14": ["brainpoolP512t1", 512],
};

const bitLength = (n: bigint): number => (n <= 0n ? 0 : n.toString(2).length);

/**
 * Reads a SubjectPublicKeyInfo. A key of a kind not known is `other`, not an error.
 * @throws CertsError DER_MALFORMED
 */
export function readPublicKey(spki: Uint8Array): PublicKey {
  const [algorithm, keyBits] = readWhole(spki, { ber: true }).expect(Tag.SEQUENCE, "SubjectPublicKeyInfo").children();
  if (!algorithm || !keyBits) throw new CertsError("DER_MALFORMED", "SubjectPublicKeyInfo incomplete");
  const [oidElement, parameters] = algorithm.expect(Tag.SEQUENCE, "AlgorithmIdentifier").children();
  if (!oidElement) throw new CertsError("DER_MALFORMED", "AlgorithmIdentifier without algorithm");
  const oid = readOid(oidElement);
  const key = readBitString(keyBits).bytes;
  switch (oid) {
    case "1.2.840.113549.1.1.1":
    // id-ea-rsa of X.509 (2.5.8.1.1), which some certificates carry instead.
    case "2.5.8.1.1":
    case "1.2.840.113549.1.1.10":
      return rsaKey(key, oid === "1.2.840.113549.1.1.10", parameters ?? null);
    case "1.2.840.10045.2.1":
      return ecKey(key, parameters ?? null);
    case "1.3.101.112":
      return { kind: "ed25519", bits: 256, key };
    case "1.3.101.113":
      return { kind: "ed448", bits: 456, key };
    case "1.2.840.10040.4.1":
      return dsaKey(key, parameters ?? null);
    default:
      return { kind: "other", bits: 0, oid };
  }
}

function rsaKey(key: Uint8Array, pssOnly: boolean, parameters: Element | null): PublicKey {
  const [n, e] = readWhole(key, { ber: true }).expect(Tag.SEQUENCE, "RSAPublicKey").children();
  if (!n || !e) throw new CertsError("DER_MALFORMED", "RSAPublicKey incomplete");
  const modulus = readBigInt(n.expect(Tag.INTEGER, "modulus"));
  const exponent = readBigInt(e.expect(Tag.INTEGER, "publicExponent"));
  const pss = pssOnly && parameters?.tag === Tag.SEQUENCE ? readPssParameters(parameters) : null;
  return { kind: "rsa", bits: bitLength(modulus), modulus, exponent, pssOnly, pss };
}

function ecKey(point: Uint8Array, parameters: Element | null): PublicKey {
  const oid = parameters?.tag === Tag.OBJECT_IDENTIFIER ? readOid(parameters) : null;
  const known = oid && Object.hasOwn(CURVES, oid) ? CURVES[oid] : undefined;
  return { kind: "ec", bits: known?.[1] ?? 0, curve: known?.[0] ?? null, point };
}

function dsaKey(key: Uint8Array, parameters: Element | null): PublicKey {
  const y = readBigInt(readWhole(key, { ber: true }).expect(Tag.INTEGER, "DSAPublicKey"));
  if (parameters?.tag !== Tag.SEQUENCE) return { kind: "dsa", bits: 0, parameters: null, y };
  const [p, q, g] = parameters.children().map(readBigInt);
  if (p === undefined || q === undefined || g === undefined) {
    throw new CertsError("DER_MALFORMED", "Dss-Parms incomplete");
  }
  return { kind: "dsa", bits: bitLength(p), parameters: { p, q, g }, y };
}
