import { SignaturesError } from "../errors.ts";
import { readStreamBody, type XrefEntry } from "./cross-reference.ts";
import type { Decryptor } from "./encryption/standard-security-handler.ts";
import { decodeStream } from "./filters.ts";
import { integerOf, isArray, nameOf, PdfDict, PdfRef, PdfStream, type PdfValue } from "./objects.ts";
import { malformed, PdfParser, startsWith } from "./parser.ts";

/** Follows references as of one revision. */
export interface Resolver {
  resolve(value: PdfValue): PdfValue;
  entry(num: number): XrefEntry | null;
}

interface ObjectStream {
  data: Uint8Array;
  /** Object numbers and offsets into `data`, alternating. */
  header: number[];
  size: number;
}

const MAX_CACHED_OBJECTS = 50_000;
const MAX_CACHED_STREAM_OCTETS = 96 * 1024 * 1024;
const MAX_MEMBERS = 500_000;
const MAX_LOADING_DEPTH = 16;

/**
 * Reads indirect objects by their place in the file and keeps them, by place, so that all revisions share them. The octets it
 * looks at in all are bounded in proportion to the file: a file made to be read over and over ends in PDF_LIMIT.
 */
export class ObjectLoader {
  private readonly bytes: Uint8Array;
  private readonly anomalies: Set<string>;
  private readonly objects = new Map<string | number, PdfValue>();
  private readonly streams = new Map<number, ObjectStream | null>();
  private streamOctets = 0;
  private budget: number;
  private depth = 0;
  /** Set once the security handler is known; objects read before are forgotten. */
  private decryptor: Decryptor | null = null;

  /** Where revisions end, rising. */
  private readonly boundaries: readonly number[];

  constructor(bytes: Uint8Array, anomalies: Set<string>, boundaries: readonly number[]) {
    this.boundaries = boundaries;
    this.bytes = bytes;
    this.anomalies = anomalies;
    this.budget = bytes.length * 32 + 64 * 1024 * 1024;
  }

  load(num: number, entry: XrefEntry, view: Resolver): PdfValue {
    if (entry.kind === "free") return null;
    // The number belongs to the key: a wrong entry pointing here must not stand in for the right one.
    const key =
      entry.kind === "offset"
        ? entry.offset * 8_388_608 + num
        : `${num} ${entry.stream} ${entry.index} ${this.place(entry.stream, view)}`;
    const known = this.objects.get(key);
    if (known !== undefined) return known;
    let value: PdfValue = null;
    if (this.depth >= MAX_LOADING_DEPTH) return null;
    this.depth++;
    try {
      value = entry.kind === "offset" ? this.direct(num, entry.offset, view) : this.member(num, entry, view);
    } catch (error) {
      if (!(error instanceof SignaturesError) || error.code !== "PDF_MALFORMED") throw error;
      this.anomalies.add("object-malformed");
    } finally {
      this.depth--;
    }
    if (this.objects.size >= MAX_CACHED_OBJECTS) this.objects.clear();
    this.objects.set(key, value);
    return value;
  }

  /** From now on strings and streams read decrypted. */
  decryptWith(decryptor: Decryptor): void {
    this.decryptor = decryptor;
    this.objects.clear();
    this.streams.clear();
    this.anomalies.delete("object-malformed");
  }

  decode(stream: PdfStream, view: Resolver): Uint8Array {
    const out = decodeStream(stream, (v) => view.resolve(v));
    this.spend(out.length);
    return out;
  }

  /** Object numbers in an object stream, in order; null where it cannot be read. @throws SignaturesError PDF_LIMIT */
  membersOf(num: number, view: Resolver): number[] | null {
    try {
      const container = this.objectStream(num, view);
      return container?.header.filter((_, i) => i % 2 === 0) ?? null;
    } catch (error) {
      if (!(error instanceof SignaturesError) || error.code !== "PDF_MALFORMED") throw error;
      this.anomalies.add("object-malformed");
      return null;
    }
  }

  private place(stream: number, view: Resolver): number {
    const entry = view.entry(stream);
    return entry?.kind === "offset" ? entry.offset : -1;
  }

  private direct(num: number, offset: number, view: Resolver): PdfValue {
    const parser = new PdfParser(this.bytes, offset);
    try {
      const header = parser.objectHeader();
      if (!header || header.num !== num) {
        this.anomalies.add("xref-entry-mismatch");
        return null;
      }
      parser.skip();
      if (startsWith(this.bytes, parser.pos, "endobj")) return null;
      const { decryptor } = this;
      if (decryptor) parser.decrypt = (data) => decryptor.string(num, header.gen, data);
      const value = parser.value();
      this.noteCrossing(offset, parser.pos);
      if (!(value instanceof PdfDict)) return value;
      const before = parser.pos;
      if (!parser.keyword("stream")) return value;
      parser.pos = before;
      const length = value.get("Length");
      const known = length instanceof PdfRef ? integerOf(view.resolve(length)) : integerOf(length);
      const plain = !decryptor || nameOf(value.get("Type")) === "XRef" || hasCryptFilter(value, view);
      const decrypt = plain ? null : (data: Uint8Array) => decryptor.stream(num, header.gen, data);
      const stream = readStreamBody(parser, value, known, decrypt);
      this.noteCrossing(offset, stream.end);
      if (stream.end - stream.start !== known) {
        this.anomalies.add("stream-length-wrong");
        this.spend(stream.end - stream.start);
      }
      return stream;
    } finally {
      this.spend(parser.pos - offset);
    }
  }

  /** An object that runs on into a later revision was another one before that came. */
  private noteCrossing(offset: number, end: number): void {
    const { boundaries } = this;
    let low = 0;
    let high = boundaries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (boundaries[middle]! <= offset) low = middle + 1;
      else high = middle;
    }
    if (low < boundaries.length && end > boundaries[low]!) this.anomalies.add("object-crosses-revision");
  }

  private member(num: number, entry: { stream: number; index: number }, view: Resolver): PdfValue {
    const container = this.objectStream(entry.stream, view);
    if (!container) return null;
    let index = entry.index;
    if (container.header[index * 2] !== num) {
      this.anomalies.add("object-stream-index");
      this.spend(container.header.length);
      index = container.header.findIndex((n, i) => i % 2 === 0 && n === num) / 2;
      if (index < 0) return null;
    }
    const start = container.header[index * 2 + 1]!;
    const parser = new PdfParser(container.data, start);
    try {
      return parser.value();
    } finally {
      this.spend(parser.pos - start);
    }
  }

  /** A decoded object stream (ISO 32000-2 §7.5.7), kept by the place of its stream in the file. */
  private objectStream(num: number, view: Resolver): ObjectStream | null {
    const entry = view.entry(num);
    // An object stream cannot lie inside another.
    if (entry?.kind !== "offset") return null;
    const known = this.streams.get(entry.offset);
    if (known !== undefined) return known;
    this.streams.set(entry.offset, null);
    const stream = this.load(num, entry, view);
    if (!(stream instanceof PdfStream) || nameOf(view.resolve(stream.dict.get("Type"))) !== "ObjStm") return null;
    const count = integerOf(view.resolve(stream.dict.get("N")));
    const first = integerOf(view.resolve(stream.dict.get("First")));
    if (count === null || first === null || count < 0 || first < 0)
      throw malformed("object stream header", entry.offset);
    if (count > MAX_MEMBERS) throw new SignaturesError("PDF_LIMIT", "too many objects in an object stream");
    const data = this.decode(stream, view);
    const parser = new PdfParser(data, 0, first);
    const header: number[] = [];
    for (let i = 0; i < count; i++) {
      const member = parser.unsigned();
      const offset = parser.unsigned();
      if (member === null || offset === null) {
        this.anomalies.add("object-stream-header");
        break;
      }
      header.push(member, first + offset);
    }
    const made = { data, header, size: data.length };
    if (this.streamOctets + made.size > MAX_CACHED_STREAM_OCTETS) {
      this.streams.clear();
      this.streamOctets = 0;
    }
    this.streamOctets += made.size;
    this.streams.set(entry.offset, made);
    return made;
  }

  private spend(octets: number): void {
    this.budget -= Math.max(octets, 16);
    if (this.budget < 0) throw new SignaturesError("PDF_LIMIT", "the file's structure asks for too much reading");
  }
}

/** True when the stream names its own crypt filter (ISO 32000-2 §7.4.10): Identity, as other ones are not for structure. */
function hasCryptFilter(dict: PdfDict, view: Resolver): boolean {
  const filter = view.resolve(dict.get("Filter"));
  return nameOf(isArray(filter) ? view.resolve(filter[0] ?? null) : filter) === "Crypt";
}
