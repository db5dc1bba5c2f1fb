import { SignaturesError } from "../errors.ts";
import {
  inherited,
  isArray,
  openPdf,
  PdfDict,
  PdfRef,
  PdfStream,
  type PdfValue,
  type PdfView,
  pageAt,
  pdfName,
} from "../pdf/index.ts";
import type { Update } from "./update.ts";

const MAX_COPIED = 5000;
const MAX_DEPTH = 64;

/**
 * Copies page 1 of `picture` into the update as a form XObject (ISO 32000-2 §8.10). Viewers fit it into the annotation's rectangle
 * (§12.5.5 algorithm 8.1); `rotation`, the page's /Rotate, turns it back upright.
 * @throws SignaturesError PDF_MALFORMED, PDF_ENCRYPTED, PDF_LIMIT
 */
export function importPage(picture: Uint8Array, update: Update, rotation: number): PdfRef {
  const source = openPdf(picture);
  if (source.encrypted) throw new SignaturesError("PDF_ENCRYPTED", "the appearance is an encrypted file");
  const view = source.latest;
  const page = pageAt(view, 0);
  if (!page) throw new SignaturesError("PDF_MALFORMED", "the appearance has no page");
  const copy = copier(view, update);
  const content = contentOf(view, page.dict);
  const dict = content.dict.with({
    Type: pdfName("XObject"),
    Subtype: pdfName("Form"),
    BBox: [...boxOf(view, page.dict)],
    Matrix: TURNS[(((rotation / 90) % 4) + 4) % 4] ?? [1, 0, 0, 1, 0, 0],
    Resources: copy(inherited(view, page.dict, "Resources") ?? PdfDict.of({})),
  });
  return update.add(new PdfStream(dict, content.source, content.start, content.end));
}

/** Counter-clockwise turns by 0, 90, 180 and 270 degrees, against the clockwise /Rotate (table 31). */
const TURNS = [
  [1, 0, 0, 1, 0, 0],
  [0, 1, -1, 0, 0, 0],
  [-1, 0, 0, -1, 0, 0],
  [0, -1, 1, 0, 0, 0],
];

function boxOf(view: PdfView, page: PdfDict): [number, number, number, number] {
  const value = inherited(view, page, "CropBox") ?? inherited(view, page, "MediaBox");
  const numbers = isArray(value) ? value.map((v) => view.resolve(v)) : [];
  if (numbers.length !== 4 || numbers.some((n) => typeof n !== "number")) {
    throw new SignaturesError("PDF_MALFORMED", "the appearance's page has no box");
  }
  const [a, b, c, d] = numbers as [number, number, number, number];
  if (a === c || b === d) throw new SignaturesError("PDF_MALFORMED", "the appearance's page has no area");
  return [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
}

/** The page's content as one stream: as it is where it is one, decoded and joined where it is several. */
function contentOf(view: PdfView, page: PdfDict): PdfStream {
  const value = view.get(page, "Contents");
  if (value instanceof PdfStream) {
    const kept = new Map<string, PdfValue>();
    for (const key of ["Filter", "DecodeParms"]) {
      const entry = view.get(value.dict, key);
      if (entry !== null) kept.set(key, entry);
    }
    return new PdfStream(new PdfDict(kept), value.source, value.start, value.end);
  }
  const parts: Uint8Array[] = [];
  let total = 0;
  for (const item of isArray(value) ? value : []) {
    const stream = view.resolve(item);
    if (!(stream instanceof PdfStream)) continue;
    const data = view.decode(stream);
    parts.push(data, Uint8Array.of(10));
    total += data.length + 1;
  }
  const joined = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return new PdfStream(PdfDict.of({}), joined, 0, joined.length);
}

/** Copies values with everything they refer to, giving new numbers; back-links to pages are left out. */
function copier(view: PdfView, update: Update): (value: PdfValue) => PdfValue {
  const numbers = new Map<number, PdfRef>();
  const copy = (value: PdfValue, depth: number): PdfValue => {
    if (depth > MAX_DEPTH) throw new SignaturesError("PDF_LIMIT", "the appearance's resources are nested too deeply");
    if (value instanceof PdfRef) {
      const known = numbers.get(value.num);
      if (known) return known;
      if (numbers.size >= MAX_COPIED) throw new SignaturesError("PDF_LIMIT", "the appearance has too many objects");
      const ref = update.reserve();
      numbers.set(value.num, ref);
      update.set(ref, copy(view.resolve(value), depth + 1));
      return ref;
    }
    if (value instanceof PdfStream) {
      const dict = copy(value.dict, depth + 1) as PdfDict;
      return new PdfStream(dict, value.source, value.start, value.end);
    }
    if (value instanceof PdfDict) {
      const entries = new Map<string, PdfValue>();
      for (const [key, item] of value.entries) {
        if (key !== "Parent" && key !== "P") entries.set(key, copy(item, depth + 1));
      }
      return new PdfDict(entries);
    }
    if (isArray(value)) return value.map((item) => copy(item, depth + 1));
    return value;
  };
  return (value) => copy(value, 0);
}
