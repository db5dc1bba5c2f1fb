import { CertsError } from "../errors.ts";

/** Identifier octets of the universal types in use (X.690 §8.1.2), constructed bit included where DER demands it. */
export const Tag = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  NULL: 0x05,
  OBJECT_IDENTIFIER: 0x06,
  ENUMERATED: 0x0a,
  UTF8_STRING: 0x0c,
  SEQUENCE: 0x30,
  SET: 0x31,
  NUMERIC_STRING: 0x12,
  PRINTABLE_STRING: 0x13,
  TELETEX_STRING: 0x14,
  IA5_STRING: 0x16,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  VISIBLE_STRING: 0x1a,
  UNIVERSAL_STRING: 0x1c,
  BMP_STRING: 0x1e,
} as const;

/** `[n]` constructed, context class: explicit tags and implicit tags over SEQUENCE or SET. */
export const contextConstructed = (n: number): number => 0xa0 | n;
/** `[n]` primitive, context class: implicit tags over primitive types. */
export const contextPrimitive = (n: number): number => 0x80 | n;

const CONSTRUCTED = 0x20;
/** Deeper nesting than this is refused: no structure of X.509, CMS or TSP comes near it. */
export const MAX_DEPTH = 64;

export interface ReadOptions {
  /** Accept BER beside DER: indefinite lengths and lengths not in their shortest form (X.690 §8.1.3). Default false. */
  ber?: boolean;
}

/** One tag-length-value in a buffer. Holds offsets, copies nothing; `content` and `raw` are views into the buffer. */
export class Element {
  readonly buffer: Uint8Array;
  /** First identifier octet: class, constructed bit and, below 31, the tag number. */
  readonly tag: number;
  readonly start: number;
  readonly contentStart: number;
  readonly contentEnd: number;
  /** First octet after the element; after the end-of-contents octets where the length is indefinite. */
  readonly end: number;
  private readonly ber: boolean;

  constructor(
    buffer: Uint8Array,
    tag: number,
    start: number,
    contentStart: number,
    contentEnd: number,
    end: number,
    ber: boolean,
  ) {
    this.buffer = buffer;
    this.tag = tag;
    this.start = start;
    this.contentStart = contentStart;
    this.contentEnd = contentEnd;
    this.end = end;
    this.ber = ber;
  }

  /** The content octets. */
  get content(): Uint8Array {
    return this.buffer.subarray(this.contentStart, this.contentEnd);
  }

  /** The whole encoding, identifier and length octets included. */
  get raw(): Uint8Array {
    return this.buffer.subarray(this.start, this.end);
  }

  get constructed(): boolean {
    return (this.tag & CONSTRUCTED) !== 0;
  }

  /** The elements inside. Throws DER_MALFORMED when this one is primitive or the content does not divide evenly. */
  children(): Element[] {
    if (!this.constructed) throw malformed("a primitive element has no children", this.start);
    const out: Element[] = [];
    for (let at = this.contentStart; at < this.contentEnd; ) {
      const child = readAt(this.buffer, at, this.contentEnd, this.ber, 0);
      out.push(child);
      at = child.end;
    }
    return out;
  }

  /** The only element inside, as in an explicit tag. */
  child(): Element {
    const inner = readAt(this.buffer, this.contentStart, this.contentEnd, this.ber, 0);
    if (inner.end !== this.contentEnd) throw malformed("expected exactly one element inside", this.start);
    return inner;
  }

  /** This element if it carries `tag`. Throws DER_MALFORMED, naming `what`, otherwise. */
  expect(tag: number, what: string): this {
    if (this.tag !== tag) {
      throw malformed(`${what}: expected tag 0x${tag.toString(16)}, found 0x${this.tag.toString(16)}`, this.start);
    }
    return this;
  }
}

/**
 * Reads one element at `offset`. Trailing octets are the caller's business: see `readWhole`.
 * @throws CertsError DER_MALFORMED, DER_UNSUPPORTED (tag numbers above 30)
 */
export function readElement(buffer: Uint8Array, offset = 0, options: ReadOptions = {}): Element {
  return readAt(buffer, offset, buffer.length, options.ber ?? false, 0);
}

/** Reads the element that fills `buffer` to its last octet. @throws CertsError DER_MALFORMED */
export function readWhole(buffer: Uint8Array, options: ReadOptions = {}): Element {
  const element = readElement(buffer, 0, options);
  if (element.end !== buffer.length) throw malformed("octets after the end of the structure", element.end);
  return element;
}

function readAt(buffer: Uint8Array, start: number, limit: number, ber: boolean, depth: number): Element {
  if (start + 2 > limit) throw malformed("the structure ends before its header does", start);
  const tag = buffer[start]!;
  if ((tag & 0x1f) === 0x1f) throw new CertsError("DER_UNSUPPORTED", `tag number above 30 at offset ${start}`);
  let at = start + 1;
  const first = buffer[at++]!;
  if (first === 0x80) {
    if (!ber) throw malformed("indefinite length", start);
    if ((tag & CONSTRUCTED) === 0) throw malformed("indefinite length on a primitive element", start);
    return readIndefinite(buffer, tag, start, at, limit, depth);
  }
  let length = first;
  if (first > 0x80) {
    const count = first & 0x7f;
    if (count > (ber ? 8 : 4)) throw malformed("length of more than four octets", start);
    if (at + count > limit) throw malformed("the structure ends inside its length", start);
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + buffer[at++]!;
    if (!ber && (length < 0x80 || length < 2 ** (8 * (count - 1))))
      throw malformed("length not in shortest form", start);
  }
  const contentEnd = at + length;
  if (contentEnd > limit) throw malformed("length reaches beyond the enclosing structure", start);
  return new Element(buffer, tag, start, at, contentEnd, contentEnd, ber);
}

function readIndefinite(
  buffer: Uint8Array,
  tag: number,
  start: number,
  contentStart: number,
  limit: number,
  depth: number,
): Element {
  if (depth >= MAX_DEPTH) throw malformed("nested too deeply", start);
  let at = contentStart;
  for (;;) {
    if (at + 2 > limit) throw malformed("indefinite length without end-of-contents", start);
    if (buffer[at] === 0 && buffer[at + 1] === 0)
      return new Element(buffer, tag, start, contentStart, at, at + 2, true);
    at = readAt(buffer, at, limit, true, depth + 1).end;
  }
}

function malformed(what: string, offset: number): CertsError {
  return new CertsError("DER_MALFORMED", `${what} (offset ${offset})`, { details: { offset } });
}
