import { SignaturesError } from "../errors.ts";
import { type Decrypt, PdfDict, PdfRef, PdfString, type PdfValue, pdfName } from "./objects.ts";

/** Deeper nesting of arrays and dictionaries than this is refused. */
export const MAX_NESTING = 100;
/** More elements than this in one array or dictionary is refused. */
const MAX_ELEMENTS = 2_000_000;

/** Character classes of ISO 32000-2 §7.2.3: 1 white space, 2 delimiter, 0 regular. */
const CLASS = new Uint8Array(256);
for (const c of [0, 9, 10, 12, 13, 32]) CLASS[c] = 1;
for (const c of "()<>[]{}/%") CLASS[c.charCodeAt(0)] = 2;

export const isWhiteSpace = (c: number | undefined): boolean => c !== undefined && CLASS[c] === 1;
const isDigit = (c: number | undefined): boolean => c !== undefined && c >= 48 && c <= 57;

export const malformed = (what: string, offset: number): SignaturesError =>
  new SignaturesError("PDF_MALFORMED", `${what} (offset ${offset})`, { details: { offset } });

/** Reads objects (ISO 32000-2 §7.3) out of `bytes` from `pos` on, never beyond `limit`. Errors: PDF_MALFORMED, PDF_LIMIT. */
export class PdfParser {
  readonly bytes: Uint8Array;
  readonly limit: number;
  pos: number;
  /** Undoes the encryption of strings, where the object is encrypted. */
  decrypt: Decrypt | null = null;

  constructor(bytes: Uint8Array, pos: number, limit = bytes.length) {
    this.bytes = bytes;
    this.pos = pos;
    this.limit = Math.min(limit, bytes.length);
  }

  /** Moves over white space and comments. */
  skip(): void {
    const { bytes, limit } = this;
    let pos = this.pos;
    while (pos < limit) {
      const c = bytes[pos]!;
      if (CLASS[c] === 1) pos++;
      else if (c === 37) {
        while (pos < limit && bytes[pos] !== 10 && bytes[pos] !== 13) pos++;
      } else break;
    }
    this.pos = pos;
  }

  /** Moves over `word` when it stands here, after white space, and ends there. */
  keyword(word: string): boolean {
    this.skip();
    const end = this.pos + word.length;
    if (end > this.limit || !startsWith(this.bytes, this.pos, word)) return false;
    if (end < this.limit && CLASS[this.bytes[end]!] === 0) return false;
    this.pos = end;
    return true;
  }

  /** An unsigned integer, or null (then nothing was consumed but white space). */
  unsigned(): number | null {
    this.skip();
    const start = this.pos;
    let value = 0;
    let pos = start;
    while (pos < this.limit && isDigit(this.bytes[pos])) value = value * 10 + this.bytes[pos++]! - 48;
    if (pos === start || pos - start > 15) return null;
    this.pos = pos;
    return value;
  }

  /** The header of an indirect object, `num gen obj` (§7.3.10), or null. */
  objectHeader(): { num: number; gen: number } | null {
    const num = this.unsigned();
    if (num === null) return null;
    const gen = this.unsigned();
    if (gen === null) return null;
    this.skip();
    // Some writers set the value right behind the keyword, as in `obj<<` or even `obj42`.
    if (!startsWith(this.bytes, this.pos, "obj") || this.pos + 3 > this.limit) return null;
    this.pos += 3;
    return { num, gen };
  }

  /** One object of any type but a stream. */
  value(depth = 0): PdfValue {
    this.skip();
    const { bytes, limit, pos } = this;
    if (pos >= limit) throw malformed("an object was expected", pos);
    const c = bytes[pos]!;
    switch (c) {
      case 47:
        return pdfName(this.name());
      case 60:
        return bytes[pos + 1] === 60 ? this.dict(depth) : this.hexString();
      case 40:
        return this.literalString();
      case 91:
        return this.array(depth);
      default:
        if (isDigit(c) || c === 43 || c === 45 || c === 46) return this.numberOrRef();
        if (this.keyword("true")) return true;
        if (this.keyword("false")) return false;
        if (this.keyword("null")) return null;
        throw malformed("no object begins like this", pos);
    }
  }

  private name(): string {
    const { bytes, limit } = this;
    const start = ++this.pos;
    let pos = start;
    let escaped = false;
    while (pos < limit && CLASS[bytes[pos]!] === 0) if (bytes[pos++] === 35) escaped = true;
    this.pos = pos;
    if (pos - start > 65_535) throw malformed("name too long", start);
    let text = "";
    for (let i = start; i < pos; i++) text += String.fromCharCode(bytes[i]!);
    return escaped
      ? text.replace(/#([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
      : text;
  }

  private hexString(): PdfString {
    const start = this.pos;
    const close = this.bytes.indexOf(62, start);
    if (close < 0 || close >= this.limit) {
      this.pos = this.limit;
      throw malformed("hexadecimal string without end", start);
    }
    this.pos = close + 1;
    return new PdfString(this.bytes, start, this.pos, true, this.decrypt);
  }

  private literalString(): PdfString {
    const { bytes, limit } = this;
    const start = this.pos;
    let depth = 0;
    for (let pos = start; pos < limit; pos++) {
      const c = bytes[pos];
      if (c === 92) pos++;
      else if (c === 40) depth++;
      else if (c === 41 && --depth === 0) {
        this.pos = pos + 1;
        return new PdfString(bytes, start, this.pos, false, this.decrypt);
      }
    }
    this.pos = limit;
    throw malformed("literal string without end", start);
  }

  private array(depth: number): PdfValue {
    if (depth >= MAX_NESTING) throw new SignaturesError("PDF_LIMIT", `nested too deeply (offset ${this.pos})`);
    const start = this.pos++;
    const out: PdfValue[] = [];
    for (;;) {
      this.skip();
      if (this.pos >= this.limit) throw malformed("array without end", start);
      if (this.bytes[this.pos] === 93) break;
      if (out.length >= MAX_ELEMENTS) throw new SignaturesError("PDF_LIMIT", `array too long (offset ${start})`);
      out.push(this.value(depth + 1));
    }
    this.pos++;
    return out;
  }

  private dict(depth: number): PdfDict {
    if (depth >= MAX_NESTING) throw new SignaturesError("PDF_LIMIT", `nested too deeply (offset ${this.pos})`);
    const start = this.pos;
    this.pos += 2;
    const entries = new Map<string, PdfValue>();
    let duplicates: string[] | null = null;
    for (;;) {
      this.skip();
      const c = this.bytes[this.pos];
      if (this.pos >= this.limit) throw malformed("dictionary without end", start);
      if (c === 62 && this.bytes[this.pos + 1] === 62) break;
      if (c !== 47) throw malformed("a name was expected as key", this.pos);
      const key = this.name();
      if (entries.size >= MAX_ELEMENTS) throw new SignaturesError("PDF_LIMIT", `dictionary too long (offset ${start})`);
      if (entries.has(key)) {
        duplicates ??= [];
        duplicates.push(key);
      }
      entries.set(key, this.value(depth + 1));
    }
    this.pos += 2;
    return new PdfDict(entries, start, this.pos, duplicates);
  }

  private numberOrRef(): PdfValue {
    const { bytes, limit } = this;
    const start = this.pos;
    let pos = start;
    let value = 0;
    while (pos < limit && isDigit(bytes[pos])) value = value * 10 + bytes[pos++]! - 48;
    if (pos > start && (pos >= limit || CLASS[bytes[pos]!] !== 0)) {
      this.pos = pos;
      if (pos - start > 15) throw malformed("number too long", start);
      return this.reference(value, pos) ?? value;
    }
    while (pos < limit && CLASS[bytes[pos]!] === 0) pos++;
    if (pos - start > 64) throw malformed("number too long", start);
    const text = String.fromCharCode(...bytes.subarray(start, pos));
    // Signs doubled or in the middle are seen in the wild and read by every viewer as the leading number.
    const match = /^[+-]*(\d*\.?\d*)/.exec(text);
    if (!match || !/\d/.test(match[1]!)) {
      if (/^[+-]*\.?[+-]*$/.test(text)) {
        this.pos = pos;
        return 0;
      }
      throw malformed("not a number", start);
    }
    this.pos = pos;
    return (text.startsWith("-") ? -1 : 1) * Number(match[1]);
  }

  private reference(num: number, from: number): PdfRef | null {
    const { bytes, limit } = this;
    let pos = from;
    while (pos < limit && CLASS[bytes[pos]!] === 1) pos++;
    if (pos === from) return null;
    const digits = pos;
    let gen = 0;
    while (pos < limit && isDigit(bytes[pos])) gen = gen * 10 + bytes[pos++]! - 48;
    if (pos === digits || pos - digits > 5) return null;
    const gap = pos;
    while (pos < limit && CLASS[bytes[pos]!] === 1) pos++;
    if (pos === gap || bytes[pos] !== 82) return null;
    if (pos + 1 < limit && CLASS[bytes[pos + 1]!] === 0) return null;
    this.pos = pos + 1;
    return new PdfRef(num, gen);
  }
}

/** True when the ASCII `text` stands at `offset`. */
export function startsWith(bytes: Uint8Array, offset: number, text: string): boolean {
  if (offset < 0 || offset + text.length > bytes.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[offset + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Offset of the ASCII `text` in `[from, to)`, or -1. */
export function indexOf(bytes: Uint8Array, text: string, from = 0, to = bytes.length): number {
  const first = text.charCodeAt(0);
  const last = Math.min(to, bytes.length) - text.length;
  for (let at = bytes.indexOf(first, from); at >= 0 && at <= last; at = bytes.indexOf(first, at + 1)) {
    if (startsWith(bytes, at, text)) return at;
  }
  return -1;
}

/** Offset of the last occurrence of the ASCII `text` that begins in `[from, to)`, or -1. */
export function lastIndexOf(bytes: Uint8Array, text: string, from: number, to: number): number {
  for (let at = Math.min(to, bytes.length - text.length); at >= from; at--) if (startsWith(bytes, at, text)) return at;
  return -1;
}
