import { SignaturesError } from "../errors.ts";
import { decodeStream } from "./filters.ts";
import { type Decrypt, integerOf, isArray, nameOf, PdfDict, PdfStream, type PdfValue } from "./objects.ts";
import { indexOf, isWhiteSpace, malformed, PdfParser, startsWith } from "./parser.ts";

/** Where one object stands, as one cross-reference section says (ISO 32000-2 §7.5.4, §7.5.8.3). */
export type XrefEntry =
  | { readonly kind: "free"; readonly gen: number }
  /** `offset` from the first octet of the file. */
  | { readonly kind: "offset"; readonly offset: number; readonly gen: number }
  | { readonly kind: "compressed"; readonly stream: number; readonly index: number };

/** One cross-reference section with its trailer. */
export interface XrefSection {
  /** Offset of `xref` or of the cross-reference stream object. */
  readonly offset: number;
  readonly kind: "table" | "stream" | "hybrid";
  /** Offset after the trailer dictionary or the stream object. */
  readonly end: number;
  readonly entries: Map<number, XrefEntry>;
  /** Trailer dictionary, or the dictionary of the cross-reference stream. */
  readonly trailer: PdfDict;
  /** Object number of the cross-reference stream; null for a table. */
  readonly streamObject: number | null;
  /** Object number of the stream under /XRefStm of a hybrid section. */
  readonly hybridObject: number | null;
  /** Where that stream stands; null for other sections. */
  readonly hybridPlace: { readonly start: number; readonly end: number } | null;
  /** What readers may understand in two ways, by name: an object listed twice, a doubled key of the trailer. */
  readonly ambiguities: ReadonlySet<string>;
}

/** Annex C of ISO 32000-1: the largest object number a reader must know. */
export const MAX_OBJECT_NUMBER = 8_388_607;
const MAX_ENTRIES = 1_500_000;
const MAX_SECTIONS = 4096;

/** What the chain of sections holds, newest first, and what was odd about it. */
export interface XrefChain {
  readonly sections: XrefSection[];
  readonly anomalies: Set<string>;
}

/**
 * Follows the chain of sections from `startxref` through /Prev and /XRefStm (§7.5.5, §7.5.8.4). Loops are cut and noted.
 * `base` is added to every offset: octets before the header.
 * @throws SignaturesError PDF_MALFORMED, PDF_LIMIT
 */
export function readXrefChain(bytes: Uint8Array, startxref: number, base: number): XrefChain {
  const sections: XrefSection[] = [];
  const anomalies = new Set<string>();
  const seen = new Set<number>();
  const budget = { entries: 0 };
  let next: number | null = startxref;
  while (next !== null) {
    if (seen.has(next)) {
      anomalies.add("xref-loop");
      break;
    }
    if (sections.length >= MAX_SECTIONS) throw new SignaturesError("PDF_LIMIT", "too many cross-reference sections");
    seen.add(next);
    const section = readSection(bytes, next, base, budget, anomalies, seen);
    sections.push(section);
    const prev: PdfValue = section.trailer.get("Prev");
    if (prev === null) break;
    const target = typeof prev === "number" ? Math.trunc(prev) : null;
    if (target === null || target < 0 || target + base >= bytes.length)
      throw malformed("/Prev out of file", section.offset);
    if (target === 0 && !startsWith(bytes, base, "xref")) {
      // Some writers set /Prev 0 in a first section.
      anomalies.add("xref-prev-zero");
      break;
    }
    next = target + base;
  }
  return { sections, anomalies };
}

function readSection(
  bytes: Uint8Array,
  at: number,
  base: number,
  budget: { entries: number },
  anomalies: Set<string>,
  seen: Set<number>,
): XrefSection {
  const parser = new PdfParser(bytes, at);
  parser.skip();
  if (!startsWith(bytes, parser.pos, "xref")) return readStreamSection(bytes, at, base, budget);
  const offset = parser.pos;
  parser.pos += 4;
  const entries = new Map<number, XrefEntry>();
  const ambiguities = new Set<string>();
  readTable(parser, base, entries, budget, anomalies, ambiguities);
  const trailer = parser.value();
  if (!(trailer instanceof PdfDict)) throw malformed("trailer without dictionary", offset);
  const end = parser.pos;
  if (trailer.duplicates) ambiguities.add("trailer-key-doubled");
  const table = {
    offset,
    kind: "table",
    end,
    entries,
    trailer,
    streamObject: null,
    hybridObject: null,
    hybridPlace: null,
    ambiguities,
  } as const;
  const hybrid = trailer.get("XRefStm");
  if (hybrid === null) return table;
  const target = integerOf(hybrid);
  if (target === null || target < 0) throw malformed("/XRefStm is no offset", offset);
  if (seen.has(target + base)) {
    anomalies.add("xref-loop");
    return table;
  }
  seen.add(target + base);
  const hidden = readStreamSection(bytes, target + base, base, budget);
  // §7.5.8.4: objects the table hides as free are found in the stream; what the table has in use comes first.
  for (const [num, entry] of hidden.entries) {
    const known = entries.get(num);
    if (known === undefined || known.kind === "free") entries.set(num, entry);
    else if (!equalEntries(known, entry)) ambiguities.add("xref-hybrid-contradiction");
  }
  for (const name of hidden.ambiguities) ambiguities.add(name);
  const hybridPlace = { start: hidden.offset, end: hidden.end };
  return { ...table, kind: "hybrid", hybridObject: hidden.streamObject, hybridPlace };
}

function readTable(
  parser: PdfParser,
  base: number,
  entries: Map<number, XrefEntry>,
  budget: { entries: number },
  anomalies: Set<string>,
  ambiguities: Set<string>,
): void {
  const { bytes } = parser;
  for (;;) {
    if (parser.keyword("trailer")) return;
    let first = parser.unsigned();
    const count = parser.unsigned();
    if (first === null || count === null) throw malformed("cross-reference table malformed", parser.pos);
    // An entry takes 18 octets at least: a count beyond the file is not worth trying.
    if (count * 18 > bytes.length - parser.pos)
      throw malformed("cross-reference table longer than the file", parser.pos);
    spend(budget, count);
    for (let i = 0; i < count; i++) {
      parser.skip();
      const at = parser.pos;
      const entry = readFixedEntry(bytes, at, base);
      const read = entry ?? readLooseEntry(parser, base);
      if (entry) parser.pos = at + 18;
      else anomalies.add("xref-entry-format");
      if (i === 0 && first === 1 && read.kind === "free" && read.gen === 65_535) {
        // A table that forgets object 0 counts from 1 and means 0.
        first = 0;
        anomalies.add("xref-starts-at-one");
      }
      const num = first + i;
      if (num > MAX_OBJECT_NUMBER) throw new SignaturesError("PDF_LIMIT", "object number too large");
      const known = entries.get(num);
      if (!known) entries.set(num, read);
      else {
        anomalies.add("xref-duplicate-entry");
        if (!equalEntries(known, read)) ambiguities.add("xref-duplicate-entry");
      }
    }
  }
}

/** True when both name the same place. */
export function equalEntries(a: XrefEntry, b: XrefEntry): boolean {
  if (a.kind === "free") return b.kind === "free";
  if (a.kind === "offset") return b.kind === "offset" && a.offset === b.offset && a.gen === b.gen;
  return b.kind === "compressed" && a.stream === b.stream && a.index === b.index;
}

/** `nnnnnnnnnn ggggg n` at `at`; null when it is written otherwise. */
function readFixedEntry(bytes: Uint8Array, at: number, base: number): XrefEntry | null {
  if (at + 18 > bytes.length || bytes[at + 10] !== 32 || bytes[at + 16] !== 32) return null;
  let offset = 0;
  for (let i = at; i < at + 10; i++) {
    const digit = bytes[i]! - 48;
    if (digit < 0 || digit > 9) return null;
    offset = offset * 10 + digit;
  }
  let gen = 0;
  for (let i = at + 11; i < at + 16; i++) {
    const digit = bytes[i]! - 48;
    if (digit < 0 || digit > 9) return null;
    gen = gen * 10 + digit;
  }
  const kind = bytes[at + 17];
  if (at + 18 < bytes.length && !isWhiteSpace(bytes[at + 18])) return null;
  if (kind === 110) return { kind: "offset", offset: offset + base, gen };
  return kind === 102 ? { kind: "free", gen } : null;
}

function readLooseEntry(parser: PdfParser, base: number): XrefEntry {
  const offset = parser.unsigned();
  const gen = parser.unsigned();
  if (offset === null || gen === null) throw malformed("cross-reference entry malformed", parser.pos);
  if (parser.keyword("n")) return { kind: "offset", offset: offset + base, gen };
  if (parser.keyword("f")) return { kind: "free", gen };
  throw malformed("cross-reference entry malformed", parser.pos);
}

/** The section in the cross-reference stream at `at` (§7.5.8). @throws SignaturesError PDF_MALFORMED, PDF_LIMIT */
export function readStreamSection(
  bytes: Uint8Array,
  at: number,
  base: number,
  budget: { entries: number } = { entries: 0 },
): XrefSection {
  const parser = new PdfParser(bytes, at);
  const header = parser.objectHeader();
  if (!header) throw malformed("no cross-reference section here", at);
  const dict = parser.value();
  if (!(dict instanceof PdfDict) || nameOf(dict.get("Type")) !== "XRef") {
    throw malformed("no cross-reference stream here", at);
  }
  const stream = readStreamBody(parser, dict, integerOf(dict.get("Length")));
  const data = decodeStream(stream, (v) => v);
  const entries = new Map<number, XrefEntry>();
  const ambiguities = new Set<string>(dict.duplicates ? ["trailer-key-doubled"] : []);
  readStreamEntries(data, dict, base, entries, budget, at, ambiguities);
  parser.pos = stream.end;
  parser.keyword("endstream");
  parser.keyword("endobj");
  return {
    offset: at,
    kind: "stream",
    end: parser.pos,
    entries,
    trailer: dict,
    streamObject: header.num,
    hybridObject: null,
    hybridPlace: null,
    ambiguities,
  };
}

/**
 * The stream whose dictionary has just been read, or throws. `length` is the resolved /Length, or null; where it does not
 * lead to `endstream` the keyword is looked for.
 */
export function readStreamBody(
  parser: PdfParser,
  dict: PdfDict,
  length: number | null,
  decrypt: Decrypt | null = null,
): PdfStream {
  const { bytes } = parser;
  if (!parser.keyword("stream")) throw malformed("stream expected", parser.pos);
  let start = parser.pos;
  if (bytes[start] === 13) start++;
  if (bytes[start] === 10) start++;
  if (length !== null && length >= 0 && start + length <= parser.limit) {
    const probe = new PdfParser(bytes, start + length, parser.limit);
    while (isWhiteSpace(bytes[probe.pos])) probe.pos++;
    if (startsWith(bytes, probe.pos, "endstream")) return new PdfStream(dict, bytes, start, start + length, decrypt);
  }
  const found = indexOf(bytes, "endstream", start, parser.limit);
  if (found < 0) throw malformed("stream without end", start);
  let end = found;
  if (end > start && bytes[end - 1] === 10) end--;
  if (end > start && bytes[end - 1] === 13) end--;
  return new PdfStream(dict, bytes, start, end, decrypt);
}

function readStreamEntries(
  data: Uint8Array,
  dict: PdfDict,
  base: number,
  entries: Map<number, XrefEntry>,
  budget: { entries: number },
  at: number,
  ambiguities: Set<string>,
): void {
  const size = integerOf(dict.get("Size"));
  const w = dict.get("W");
  const widths = isArray(w) ? w.map((v) => integerOf(v) ?? -1) : [];
  if (widths.length < 3 || widths.some((v) => v < 0 || v > 8)) throw malformed("/W of the cross-reference stream", at);
  const [w0, w1, w2] = widths as [number, number, number];
  const row = widths.reduce((a, b) => a + b, 0);
  const indexValue = dict.get("Index");
  const index = isArray(indexValue) ? indexValue.map((v) => integerOf(v) ?? -1) : [0, size ?? -1];
  if (row === 0 || index.length % 2 || index.some((v) => v < 0))
    throw malformed("/Index of the cross-reference stream", at);
  let pos = 0;
  const field = (width: number): number => {
    let value = 0;
    for (let i = 0; i < width; i++) value = value * 256 + data[pos++]!;
    return value;
  };
  for (let k = 0; k < index.length; k += 2) {
    const first = index[k]!;
    const count = Math.min(index[k + 1]!, Math.floor((data.length - pos) / row));
    if (first + count > MAX_OBJECT_NUMBER + 1) throw new SignaturesError("PDF_LIMIT", "object number too large");
    spend(budget, count);
    for (let i = 0; i < count; i++) {
      const next = pos + row;
      const type = w0 === 0 ? 1 : field(w0);
      const second = field(w1);
      const third = field(w2);
      pos = next;
      let entry: XrefEntry;
      if (type === 0) entry = { kind: "free", gen: third };
      else if (type === 1) entry = { kind: "offset", offset: second + base, gen: third };
      else if (type === 2) entry = { kind: "compressed", stream: second, index: third };
      else continue;
      const known = entries.get(first + i);
      if (!known) entries.set(first + i, entry);
      else if (!equalEntries(known, entry)) ambiguities.add("xref-duplicate-entry");
    }
  }
}

function spend(budget: { entries: number }, count: number): void {
  budget.entries += count;
  if (budget.entries > MAX_ENTRIES) throw new SignaturesError("PDF_LIMIT", "too many cross-reference entries");
}
