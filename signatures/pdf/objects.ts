/**
 * The object types of ISO 32000-2 §7.3. Numbers, booleans and null are the JavaScript values, arrays are arrays.
 * Objects hold offsets into the buffer they were read from and copy nothing until asked.
 */
export type PdfValue = null | boolean | number | PdfName | PdfString | PdfRef | PdfDict | PdfStream | PdfArray;

/** Array object (ISO 32000-2 §7.3.6). */
export type PdfArray = readonly PdfValue[];

/** Name object (§7.3.5): `value` is without the solidus, `#xx` decoded, each char one octet. Made by `pdfName`. */
export class PdfName {
  readonly value: string;
  constructor(value: string) {
    this.value = value;
  }
}

/** Undoes the encryption of one string or stream. */
export type Decrypt = (data: Uint8Array) => Uint8Array;

const names = new Map<string, PdfName>();
const MAX_INTERNED = 4096;

/** The name object for `value`. */
export function pdfName(value: string): PdfName {
  const known = names.get(value);
  if (known) return known;
  const made = new PdfName(value);
  if (names.size < MAX_INTERNED && value.length < 64) names.set(value, made);
  return made;
}

/** Indirect reference (§7.3.10). */
export class PdfRef {
  readonly num: number;
  readonly gen: number;
  constructor(num: number, gen = 0) {
    this.num = num;
    this.gen = gen;
  }
}

/** String object (§7.3.4). `start` and `end` are the offsets of the opening delimiter and after the closing one. */
export class PdfString {
  readonly source: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly hex: boolean;
  private decoded: Uint8Array | null = null;
  /** Offset up to which nothing but digits was met when decoding. */
  private digitsUpTo: number;
  private readonly decrypt: Decrypt | null;

  constructor(source: Uint8Array, start: number, end: number, hex: boolean, decrypt: Decrypt | null = null) {
    this.decrypt = decrypt;
    this.source = source;
    this.start = start;
    this.end = end;
    this.hex = hex;
    this.digitsUpTo = start + 1;
  }

  /** A string that was not read from a file; written in hexadecimal form. */
  static of(bytes: Uint8Array): PdfString {
    const made = new PdfString(new Uint8Array(0), 0, 0, true);
    made.decoded = bytes;
    return made;
  }

  /** The octets of the string, escapes resolved, decrypted where the file is. */
  get bytes(): Uint8Array {
    this.decoded ??= this.decrypt ? this.decrypt(this.written) : this.written;
    return this.decoded;
  }

  /** The octets as the file has them: /Contents of a signature is never encrypted (ISO 32000-2 §7.6.2). */
  get written(): Uint8Array {
    if (this.source.length === 0) return this.decoded ?? this.source;
    return this.hex ? this.prefix(Number.POSITIVE_INFINITY) : decodeLiteral(this.source, this.start + 1, this.end - 1);
  }

  /** The first octets as the file has them, at most `count`; decodes no more than that. */
  prefix(count: number): Uint8Array {
    if (!this.hex) return this.written.subarray(0, count);
    const start = this.start + 1;
    const end = this.end - 1;
    const out = new Uint8Array(Math.min((end - start + 1) >> 1, count));
    const pairs = decodePairs(this.source, start, Math.min(out.length, (end - start) >> 1), out);
    this.digitsUpTo = Math.max(this.digitsUpTo, start + 2 * pairs);
    return pairs === out.length ? out : decodeRest(this.source, start + 2 * pairs, end, out, pairs);
  }

  /** True when a hexadecimal string holds digits and white space only, as the standard wants. */
  get isCleanHex(): boolean {
    return isCleanHex(this.source, this.digitsUpTo, this.end - 1);
  }
}

/** Dictionary object (§7.3.7). Keys are names without the solidus. */
export class PdfDict {
  readonly entries: Map<string, PdfValue>;
  /** Offsets of `<<` and after `>>` in the buffer it was read from; 0 for one made in memory. */
  readonly start: number;
  readonly end: number;
  /** Keys that stood more than once; the last value counts. Null where none did. */
  readonly duplicates: readonly string[] | null;

  constructor(entries: Map<string, PdfValue>, start = 0, end = 0, duplicates: readonly string[] | null = null) {
    this.entries = entries;
    this.start = start;
    this.end = end;
    this.duplicates = duplicates;
  }

  static of(entries: Record<string, PdfValue>): PdfDict {
    return new PdfDict(new Map(Object.entries(entries)));
  }

  /** The value as it stands; null where absent. References are not followed: see `PdfView.get`. */
  get(key: string): PdfValue {
    return this.entries.get(key) ?? null;
  }

  /** A copy with some entries replaced; null removes one. */
  with(changes: Record<string, PdfValue>): PdfDict {
    const entries = new Map(this.entries);
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) entries.delete(key);
      else entries.set(key, value);
    }
    return new PdfDict(entries);
  }
}

/** Stream object (§7.3.8): the dictionary and the encoded octets `source[start, end)`. */
export class PdfStream {
  readonly dict: PdfDict;
  readonly source: Uint8Array;
  readonly start: number;
  readonly end: number;
  private readonly decrypt: Decrypt | null;

  constructor(dict: PdfDict, source: Uint8Array, start: number, end: number, decrypt: Decrypt | null = null) {
    this.decrypt = decrypt;
    this.dict = dict;
    this.source = source;
    this.start = start;
    this.end = end;
  }

  /** The encoded octets as the file has them. */
  get raw(): Uint8Array {
    return this.source.subarray(this.start, this.end);
  }

  /** The encoded octets, decrypted where the file is. */
  get encoded(): Uint8Array {
    return this.decrypt ? this.decrypt(this.raw) : this.raw;
  }
}

export const isArray = (value: PdfValue): value is PdfArray => Array.isArray(value);

/** The name's text, or null for anything else. */
export const nameOf = (value: PdfValue): string | null => (value instanceof PdfName ? value.value : null);

/** A finite integer, or null for anything else. */
export const integerOf = (value: PdfValue): number | null =>
  typeof value === "number" && Number.isSafeInteger(value) ? value : null;

/**
 * True when both stand for the same object: references by number, streams by dictionary and encoded octets.
 * Nesting is bounded by the parser's depth limit.
 */
export function sameValue(a: PdfValue, b: PdfValue): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return false;
  if (a instanceof PdfName) return b instanceof PdfName && a.value === b.value;
  if (a instanceof PdfRef) return b instanceof PdfRef && a.num === b.num && a.gen === b.gen;
  if (a instanceof PdfString) return b instanceof PdfString && sameBytes(a.bytes, b.bytes);
  if (a instanceof PdfStream)
    return b instanceof PdfStream && sameValue(a.dict, b.dict) && sameBytes(a.encoded, b.encoded);
  if (a instanceof PdfDict) {
    if (!(b instanceof PdfDict) || a.entries.size !== b.entries.size) return false;
    for (const [key, value] of a.entries) {
      const other = b.entries.get(key);
      if (other === undefined || !sameValue(value, other)) return false;
    }
    return true;
  }
  if (!isArray(b) || a.length !== b.length) return false;
  return a.every((value, i) => sameValue(value, b[i] as PdfValue));
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Value of a hexadecimal digit, 16 for white space, 17 for what may not stand in a hexadecimal string. */
const HEX_VALUE = new Uint8Array(256).fill(17);
for (const c of [0, 9, 10, 12, 13, 32]) HEX_VALUE[c] = 16;
for (let i = 0; i < 16; i++) {
  const digit = i.toString(16);
  HEX_VALUE[digit.charCodeAt(0)] = i;
  HEX_VALUE[digit.toUpperCase().charCodeAt(0)] = i;
}

function isCleanHex(source: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const c = source[i]!;
    // A reserved place is mostly zeros: they are passed eight at a time.
    if (c === 48 && source[i + 1] === 48 && source[i + 2] === 48 && source[i + 5] === 48) {
      i = skipZeros(source, i, end) - 1;
    } else if (HEX_VALUE[c] === 17) return false;
  }
  return true;
}

/** Eight times the digit 0, as the number its octets make. */
const EIGHT_ZEROS = new Float64Array(new Uint8Array(8).fill(0x30).buffer)[0]!;

/** Offset of the first octet from `at` on that is not the digit 0, or `end`. */
function skipZeros(source: Uint8Array, at: number, end: number): number {
  let i = at;
  while (i < end && source[i] === 48 && (source.byteOffset + i) % 8 !== 0) i++;
  const words = (end - i) >> 3;
  if (words > 4 && source[i] === 48) {
    const view = new Float64Array(source.buffer, source.byteOffset + i, words);
    let w = 0;
    while (w < words && view[w] === EIGHT_ZEROS) w++;
    i += w * 8;
  }
  while (i < end && source[i] === 48) i++;
  return i;
}

/** The octet that two characters stand for, read as a big-endian number; -1 where one of them is no digit. */
const PAIR_VALUE = new Int16Array(65_536).fill(-1);
for (let a = 0; a < 256; a++) {
  for (let b = 0; b < 256; b++) {
    const high = HEX_VALUE[a]!;
    const low = HEX_VALUE[b]!;
    if (high < 16 && low < 16) PAIR_VALUE[(a << 8) | b] = (high << 4) | low;
  }
}

/** The usual case, pairs of digits without a gap: decodes up to `count` of them. @returns how many there were */
function decodePairs(source: Uint8Array, start: number, count: number, out: Uint8Array): number {
  const pairs = new DataView(source.buffer, source.byteOffset + start, 2 * count);
  for (let n = 0; n < count; n++) {
    const octet = PAIR_VALUE[pairs.getUint16(2 * n)]!;
    if (octet < 0) return n;
    out[n] = octet;
  }
  return count;
}

/** Digits from `start` on, whatever stands between them, behind the first `decoded` octets of `out` (§7.3.4.3). */
function decodeRest(source: Uint8Array, start: number, end: number, out: Uint8Array, decoded: number): Uint8Array {
  let n = decoded;
  let high = -1;
  for (let i = start; i < end && n < out.length; i++) {
    const v = HEX_VALUE[source[i]!]!;
    if (v > 15) continue;
    if (high < 0) high = v;
    else {
      out[n++] = (high << 4) | v;
      high = -1;
    }
  }
  if (high >= 0 && n < out.length) out[n++] = high << 4;
  return out.subarray(0, n);
}

const ESCAPES: Record<number, number> = { 110: 10, 114: 13, 116: 9, 98: 8, 102: 12 };

function decodeLiteral(source: Uint8Array, start: number, end: number): Uint8Array {
  const out = new Uint8Array(end - start);
  let n = 0;
  for (let i = start; i < end; i++) {
    const c = source[i]!;
    if (c === 13) {
      // An end-of-line marker inside a literal string reads as LF (§7.3.4.2).
      if (source[i + 1] === 10 && i + 1 < end) i++;
      out[n++] = 10;
    } else if (c !== 92) out[n++] = c;
    else {
      const next = source[++i];
      if (next === undefined || i >= end) break;
      if (next >= 48 && next <= 55) {
        let value = next - 48;
        for (let k = 0; k < 2 && i + 1 < end; k++) {
          const digit = source[i + 1]!;
          if (digit < 48 || digit > 55) break;
          value = value * 8 + digit - 48;
          i++;
        }
        out[n++] = value & 0xff;
      } else if (next === 13) {
        if (source[i + 1] === 10 && i + 1 < end) i++;
      } else if (next !== 10) out[n++] = ESCAPES[next] ?? next;
    }
  }
  return out.subarray(0, n);
}
