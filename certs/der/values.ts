import { CertsError } from "../errors.ts";
import { type Element, MAX_DEPTH, Tag } from "./element.ts";

const bad = (what: string, e: Element) =>
  new CertsError("DER_MALFORMED", `${what} (offset ${e.start})`, { details: { offset: e.start } });

/** BOOLEAN (X.690 §8.2). Any non-zero octet is true: not-quite-DER certificates carry 0x01. */
export function readBoolean(e: Element): boolean {
  e.expect(Tag.BOOLEAN, "BOOLEAN");
  if (e.contentEnd - e.contentStart !== 1) throw bad("BOOLEAN of wrong length", e);
  return e.buffer[e.contentStart] !== 0;
}

/** Octets: eight times the largest RSA modulus in use. Arithmetic on larger numbers is an attacker's gift. */
const MAX_INTEGER = 16_384;

/** INTEGER or ENUMERATED as a bigint (two's complement, X.690 §8.3). */
export function readBigInt(e: Element): bigint {
  const c = e.content;
  if (c.length === 0) throw bad("INTEGER without content", e);
  if (c.length > MAX_INTEGER) throw bad("INTEGER too large", e);
  const value = BigInt(`0x${toHex(c)}`);
  return c[0]! & 0x80 ? value - (1n << BigInt(8 * c.length)) : value;
}

/** INTEGER or ENUMERATED that must fit a safe integer. */
export function readInteger(e: Element): number {
  if (e.contentEnd - e.contentStart > 7) throw bad("INTEGER too large here", e);
  return Number(readBigInt(e));
}

/** INTEGER as upper-case hex without sign padding, as serial numbers are shown; at least two digits. */
export function readIntegerHex(e: Element): string {
  let c = e.content;
  if (c.length === 0) throw bad("INTEGER without content", e);
  let skip = 0;
  while (skip < c.length - 1 && c[skip] === 0) skip++;
  c = c.subarray(skip);
  return toHex(c);
}

/** OBJECT IDENTIFIER in dotted form (X.690 §8.19). */
export function readOid(e: Element): string {
  e.expect(Tag.OBJECT_IDENTIFIER, "OBJECT IDENTIFIER");
  return decodeOid(e.content, e);
}

const MAX_OID = 256;

/** Dotted form of the content octets of an OBJECT IDENTIFIER. */
export function decodeOid(content: Uint8Array, e: Element): string {
  if (content.length === 0 || content[content.length - 1]! & 0x80) throw bad("OBJECT IDENTIFIER cut short", e);
  let out = "";
  let arc = 0;
  let large: bigint | null = null;
  if (content.length > MAX_OID) throw bad("OBJECT IDENTIFIER too long", e);
  for (const octet of content) {
    // Arcs made from a UUID (X.667, under 2.25) have 128 bits.
    if (large !== null) large = (large << 7n) | BigInt(octet & 0x7f);
    else if (arc >= 2 ** 45) large = (BigInt(arc) << 7n) | BigInt(octet & 0x7f);
    else arc = arc * 128 + (octet & 0x7f);
    if (octet & 0x80) continue;
    if (out === "") {
      const top = large === null && arc < 80 ? Math.floor(arc / 40) : 2;
      out = large === null ? `${top}.${arc - top * 40}` : `2.${large - 80n}`;
    } else out += `.${large ?? arc}`;
    arc = 0;
    large = null;
  }
  return out;
}

/** BIT STRING: the octets and the number of unused bits in the last one (X.690 §8.6). */
export function readBitString(e: Element): { bytes: Uint8Array; unused: number } {
  e.expect(Tag.BIT_STRING, "BIT STRING");
  const c = e.content;
  const unused = c[0];
  if (unused === undefined || unused > 7 || (unused > 0 && c.length === 1)) throw bad("BIT STRING malformed", e);
  return { bytes: c.subarray(1), unused };
}

/** Names of the bits that are set, by position (RFC 5280 KeyUsage, ReasonFlags). */
export function readNamedBits<T extends string>(e: Element, names: readonly T[], content?: Uint8Array): Set<T> {
  const bytes = content ? content.subarray(1) : readBitString(e).bytes;
  const out = new Set<T>();
  names.forEach((name, i) => {
    if ((bytes[i >> 3] ?? 0) & (0x80 >> (i & 7))) out.add(name);
  });
  return out;
}

/**
 * OCTET STRING. The constructed form of BER is joined (X.690 §8.7.3).
 * `tag` allows an implicit tag, primitive form.
 */
export function readOctetString(e: Element, tag: number = Tag.OCTET_STRING): Uint8Array {
  return joinOctets(e, tag, 0);
}

function joinOctets(e: Element, tag: number, depth: number): Uint8Array {
  if (e.tag === tag) return e.content;
  if (depth > MAX_DEPTH) throw bad("OCTET STRING nested too deeply", e);
  if (e.tag !== (tag | 0x20)) throw bad(`OCTET STRING expected, found tag 0x${e.tag.toString(16)}`, e);
  const parts: Uint8Array[] = [];
  let total = 0;
  for (const part of e.children()) {
    const bytes = joinOctets(part, Tag.OCTET_STRING, depth + 1);
    parts.push(bytes);
    total += bytes.length;
  }
  const out = new Uint8Array(total);
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });
const latin1 = new TextDecoder("latin1");
const utf16 = new TextDecoder("utf-16be");

/** Any directory string type as text. Unpaired or malformed octets throw DER_MALFORMED; TeletexString reads as Latin-1. */
export function readString(e: Element): string {
  switch (e.tag) {
    case Tag.UTF8_STRING:
      try {
        return utf8.decode(e.content);
      } catch {
        throw bad("UTF8String is not UTF-8", e);
      }
    case Tag.PRINTABLE_STRING:
    case Tag.NUMERIC_STRING:
    case Tag.IA5_STRING:
    case Tag.VISIBLE_STRING:
    case Tag.TELETEX_STRING:
      return latin1.decode(e.content);
    case Tag.BMP_STRING:
      if (e.content.length % 2) throw bad("BMPString of odd length", e);
      return utf16.decode(e.content);
    case Tag.UNIVERSAL_STRING: {
      const c = e.content;
      if (c.length % 4) throw bad("UniversalString of wrong length", e);
      let out = "";
      for (let i = 0; i < c.length; i += 4) {
        const point = ((c[i]! << 24) | (c[i + 1]! << 16) | (c[i + 2]! << 8) | c[i + 3]!) >>> 0;
        if (point > 0x10ffff) throw bad("UniversalString beyond Unicode", e);
        out += String.fromCodePoint(point);
      }
      return out;
    }
    default:
      throw bad(`a string type was expected, found tag 0x${e.tag.toString(16)}`, e);
  }
}

const TIME = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(?:(\d{2})(?:[.,](\d{1,9}))?)?(Z|[+-]\d{4})?$/;

/**
 * UTCTime or GeneralizedTime in milliseconds since 1970 (RFC 5280 §4.1.2.5: two-digit years below 50 are 20xx).
 * Missing seconds and zone offsets, seen in the wild, are read; a GeneralizedTime without zone is taken as UTC.
 */
export function readTime(e: Element): number {
  if (e.tag !== Tag.UTC_TIME && e.tag !== Tag.GENERALIZED_TIME) throw bad("a time was expected", e);
  return readPlainTime(e) ?? readAnyTime(e);
}

/** The form of RFC 5280 §4.1.2.5, whole seconds in UTC; null for any other, and for days that not every month has. */
function readPlainTime(e: Element): number | null {
  const { buffer, contentStart: start } = e;
  const yearDigits = e.tag === Tag.UTC_TIME ? 2 : 4;
  if (e.contentEnd - start !== yearDigits + 11 || buffer[e.contentEnd - 1] !== 0x5a) return null;
  const digits = (at: number): number => {
    const high = buffer[start + at]! - 0x30;
    const low = buffer[start + at + 1]! - 0x30;
    return high >= 0 && high <= 9 && low >= 0 && low <= 9 ? high * 10 + low : Number.NaN;
  };
  const first = digits(0);
  const year = yearDigits === 2 ? first + (first < 50 ? 2000 : 1900) : first * 100 + digits(2);
  const month = digits(yearDigits);
  const day = digits(yearDigits + 2);
  const hour = digits(yearDigits + 4);
  const minute = digits(yearDigits + 6);
  const second = digits(yearDigits + 8);
  const plain = year >= 100 && month >= 1 && month <= 12 && day >= 1 && day <= 28;
  return plain && hour <= 23 && minute <= 59 && second <= 59
    ? Date.UTC(year, month - 1, day, hour, minute, second)
    : null;
}

function readAnyTime(e: Element): number {
  const text = latin1.decode(e.content);
  const m = TIME.exec(text);
  if (!m || (m[1]!.length === 2) !== (e.tag === Tag.UTC_TIME)) throw bad("time malformed", e);
  let year = Number(m[1]);
  if (e.tag === Tag.UTC_TIME) year += year < 50 ? 2000 : 1900;
  const [month, day, hour, minute, second] = [m[2], m[3], m[4], m[5], m[6] ?? "0"].map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const fraction = m[7] ? Math.floor(Number(`0.${m[7]}`) * 1000) : 0;
  let ms = Date.UTC(year, month - 1, day, hour, minute, second, fraction);
  if (year < 100) ms = new Date(ms).setUTCFullYear(year);
  const check = new Date(ms);
  if (month < 1 || month > 12 || check.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59) {
    throw bad("no such date", e);
  }
  const zone = m[8];
  if (zone && zone !== "Z") {
    const offset = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3));
    ms -= (zone[0] === "-" ? -offset : offset) * 60_000;
  }
  return ms;
}

const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0").toUpperCase());

/** Upper-case hex. */
export function toHex(bytes: Uint8Array): string {
  let out = "";
  for (const octet of bytes) out += HEX[octet];
  return out;
}

/** Octets of a hex string (either case, no separators). @throws CertsError DER_MALFORMED */
export function fromHex(hex: string): Uint8Array {
  if (hex.length % 2 || /[^0-9a-f]/i.test(hex)) throw new CertsError("DER_MALFORMED", "not a hex string");
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

/** True when both hold the same octets. For public data: not constant in time. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  const { length } = a;
  if (length !== b.length) return false;
  let i = 0;
  if (length >= 64) {
    const x = new DataView(a.buffer, a.byteOffset, length);
    const y = new DataView(b.buffer, b.byteOffset, length);
    for (; i + 4 <= length; i += 4) if (x.getInt32(i) !== y.getInt32(i)) return false;
  }
  for (; i < length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The parts, one after the other. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let total = 0;
  for (const p of parts) total += p.length;
  const out = new Uint8Array(total);
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}
