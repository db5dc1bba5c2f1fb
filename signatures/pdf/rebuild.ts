import { SignaturesError } from "../errors.ts";
import type { XrefEntry } from "./cross-reference.ts";
import { MAX_OBJECT_NUMBER, readStreamBody } from "./cross-reference.ts";
import { decodeStream } from "./filters.ts";
import { integerOf, nameOf, PdfDict, PdfRef, type PdfValue } from "./objects.ts";
import { indexOf, isWhiteSpace, PdfParser } from "./parser.ts";

/** What a scan of a damaged file found: the last definition of each object, and a trailer pieced together. */
export interface RebuiltXref {
  readonly entries: Map<number, XrefEntry>;
  readonly trailer: PdfDict;
}

const MAX_FOUND = 500_000;
const MAX_TRAILERS = 2048;

/**
 * Rebuilds the cross-reference of a damaged file by one linear scan for `num gen obj`, `trailer`, object streams and
 * cross-reference streams; later definitions win, as in viewers.
 * @throws SignaturesError PDF_MALFORMED when no catalog is found, PDF_LIMIT
 */
export function rebuildXref(bytes: Uint8Array): RebuiltXref {
  const found = findObjects(bytes);
  const entries = new Map<number, XrefEntry>();
  const trailer = new Map<string, PdfValue>();
  let catalog: PdfRef | null = null;
  found.forEach(({ num, gen, at, body }, i) => {
    entries.set(num, { kind: "offset", offset: at, gen });
    // Each look is confined to the octets up to the next object: the whole scan stays linear.
    const parser = new PdfParser(bytes, body, found[i + 1]?.at ?? bytes.length);
    const dict = tryValue(parser);
    if (!(dict instanceof PdfDict)) return;
    const type = nameOf(dict.get("Type"));
    if (type === "Catalog") catalog = new PdfRef(num, gen);
    else if (type === "XRef") adopt(trailer, dict);
    else if (type === "ObjStm") listCompressed(parser, dict, num, entries);
  });
  let trailers = 0;
  for (let at = indexOf(bytes, "trailer"); at >= 0; at = indexOf(bytes, "trailer", at + 7)) {
    if (++trailers > MAX_TRAILERS) throw new SignaturesError("PDF_LIMIT", "too many trailers in a damaged file");
    const dict = tryValue(new PdfParser(bytes, at + 7, Math.min(bytes.length, at + 65_536)));
    if (dict instanceof PdfDict) adopt(trailer, dict);
  }
  const root = trailer.get("Root");
  if (!(root instanceof PdfRef) || !entries.has(root.num)) {
    if (!catalog) throw new SignaturesError("PDF_MALFORMED", "no catalog found, not even by scanning the file");
    trailer.set("Root", catalog);
  }
  return { entries, trailer: new PdfDict(trailer) };
}

function adopt(trailer: Map<string, PdfValue>, dict: PdfDict): void {
  for (const key of ["Root", "Info", "ID", "Encrypt"]) {
    const value = dict.entries.get(key);
    if (value !== undefined && value !== null) trailer.set(key, value);
  }
}

function tryValue(parser: PdfParser): PdfValue {
  try {
    return parser.value();
  } catch {
    // A damaged object is what this scan is for: it stays listed and reads as null later.
    return null;
  }
}

function listCompressed(parser: PdfParser, dict: PdfDict, num: number, entries: Map<number, XrefEntry>): void {
  const count = integerOf(dict.get("N"));
  if (count === null || count < 0 || count > MAX_FOUND) return;
  try {
    const stream = readStreamBody(parser, dict, integerOf(dict.get("Length")));
    const inner = new PdfParser(
      decodeStream(stream, (v) => v),
      0,
    );
    for (let index = 0; index < count; index++) {
      const member = inner.unsigned();
      if (member === null || inner.unsigned() === null) return;
      if (member <= MAX_OBJECT_NUMBER) entries.set(member, { kind: "compressed", stream: num, index });
    }
  } catch (error) {
    // An object stream that cannot be read hides its members; it must not hide the rest of the file.
    if (!(error instanceof SignaturesError)) throw error;
  }
}

interface Found {
  num: number;
  gen: number;
  /** Offset of the object number. */
  at: number;
  /** Offset after `obj`. */
  body: number;
}

function findObjects(bytes: Uint8Array): Found[] {
  const out: Found[] = [];
  for (let at = indexOf(bytes, "obj"); at >= 0; at = indexOf(bytes, "obj", at + 3)) {
    const header = headerBefore(bytes, at);
    if (!header) continue;
    if (out.length >= MAX_FOUND) throw new SignaturesError("PDF_LIMIT", "too many objects in a damaged file");
    out.push({ ...header, body: at + 3 });
  }
  return out;
}

/** Reads `num gen` backwards from the keyword `obj` at `at`, as a reader does that scans; null where none stands there. */
export function headerBefore(bytes: Uint8Array, at: number): { num: number; gen: number; at: number } | null {
  const gen = numberBefore(bytes, at);
  if (!gen || gen.value > 65_535) return null;
  const num = numberBefore(bytes, gen.at);
  if (!num || num.value > MAX_OBJECT_NUMBER || gen.at === at) return null;
  return { num: num.value, gen: gen.value, at: num.at };
}

function numberBefore(bytes: Uint8Array, end: number): { value: number; at: number } | null {
  let at = end;
  while (at > 0 && end - at < 16 && isWhiteSpace(bytes[at - 1])) at--;
  const last = at;
  while (at > 0 && last - at < 10 && bytes[at - 1]! >= 48 && bytes[at - 1]! <= 57) at--;
  if (at === last || last === end) return null;
  return { value: Number(String.fromCharCode(...bytes.subarray(at, last))), at };
}
