import { CertsError } from "../errors.ts";
import { Tag } from "./element.ts";

/** One element with the given identifier octet around the joined parts, length in shortest form (X.690 §10.1). */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const p of parts) length += p.length;
  const lengthOctets = length < 0x80 ? 0 : length < 0x100 ? 1 : length < 0x10000 ? 2 : length < 0x1000000 ? 3 : 4;
  const out = new Uint8Array(2 + lengthOctets + length);
  out[0] = tag;
  let at = 2 + lengthOctets;
  if (lengthOctets === 0) out[1] = length;
  else {
    out[1] = 0x80 | lengthOctets;
    for (let i = 0, rest = length; i < lengthOctets; i++, rest = Math.floor(rest / 256)) out[at - 1 - i] = rest & 0xff;
  }
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

export const sequence = (...parts: readonly Uint8Array[]): Uint8Array => der(Tag.SEQUENCE, ...parts);

/** SET OF in DER order: elements sorted by their encodings (X.690 §11.6). */
export function setOf(...parts: readonly Uint8Array[]): Uint8Array {
  return der(Tag.SET, ...sortDer(parts));
}

/** The encodings in ascending order, shorter ones as if padded with zero octets (X.690 §11.6). */
export function sortDer(parts: readonly Uint8Array[]): Uint8Array[] {
  return [...parts].sort((a, b) => {
    const n = Math.min(a.length, b.length);
    for (let i = 0; i < n; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
    return a.length - b.length;
  });
}

export const octetString = (bytes: Uint8Array): Uint8Array => der(Tag.OCTET_STRING, bytes);
export const bitString = (bytes: Uint8Array, unused = 0): Uint8Array =>
  der(Tag.BIT_STRING, Uint8Array.of(unused), bytes);
export const nullValue = (): Uint8Array => Uint8Array.of(Tag.NULL, 0);
export const boolean = (value: boolean): Uint8Array => Uint8Array.of(Tag.BOOLEAN, 1, value ? 0xff : 0);

/** INTEGER in shortest two's complement form. */
export function integer(value: number | bigint): Uint8Array {
  let rest = BigInt(value);
  const octets: number[] = [];
  do {
    octets.unshift(Number(rest & 0xffn));
    rest >>= 8n;
  } while (!((rest === 0n && octets[0]! < 0x80) || (rest === -1n && octets[0]! >= 0x80)));
  return der(Tag.INTEGER, Uint8Array.from(octets));
}

/** Non-negative INTEGER from big-endian octets, as serial numbers, nonces and RSA numbers come. */
export function unsignedInteger(bytes: Uint8Array): Uint8Array {
  let skip = 0;
  while (skip < bytes.length - 1 && bytes[skip] === 0) skip++;
  const rest = bytes.subarray(skip);
  return (rest[0] ?? 0) & 0x80 || rest.length === 0 ? der(Tag.INTEGER, Uint8Array.of(0), rest) : der(Tag.INTEGER, rest);
}

const oids = new Map<string, Uint8Array>();

/** OBJECT IDENTIFIER from its dotted form. Encodings are kept: the set in use is small and fixed by the code. */
export function oid(dotted: string): Uint8Array {
  const known = oids.get(dotted);
  if (known) return known;
  const arcs = dotted.split(".").map(Number);
  if (arcs.length < 2 || arcs.some((a) => !Number.isSafeInteger(a) || a < 0)) {
    throw new CertsError("DER_MALFORMED", `not an object identifier: ${dotted}`);
  }
  const octets: number[] = [];
  for (const arc of [arcs[0]! * 40 + arcs[1]!, ...arcs.slice(2)]) {
    const groups = [arc % 128];
    for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) groups.unshift((rest % 128) | 0x80);
    octets.push(...groups);
  }
  const encoded = der(Tag.OBJECT_IDENTIFIER, Uint8Array.from(octets));
  if (oids.size < 1000) oids.set(dotted, encoded);
  return encoded;
}

const encoder = new TextEncoder();
export const utf8String = (text: string): Uint8Array => der(Tag.UTF8_STRING, encoder.encode(text));
export const ia5String = (text: string): Uint8Array => der(Tag.IA5_STRING, encoder.encode(text));
export const printableString = (text: string): Uint8Array => der(Tag.PRINTABLE_STRING, encoder.encode(text));

const digits = (date: Date): string => date.toISOString().replace(/[-:T]|\.\d+/g, "");

/** UTCTime for 1950–2049, else GeneralizedTime, whole seconds (RFC 5280 §4.1.2.5, RFC 5652 §11.3). */
export function time(date: Date): Uint8Array {
  const year = date.getUTCFullYear();
  return year >= 1950 && year < 2050 ? der(Tag.UTC_TIME, encoder.encode(digits(date).slice(2))) : generalizedTime(date);
}

/** GeneralizedTime in whole seconds. */
export const generalizedTime = (date: Date): Uint8Array => der(Tag.GENERALIZED_TIME, encoder.encode(digits(date)));
