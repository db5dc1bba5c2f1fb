import { SignaturesError } from "../errors.ts";
import { inherited, isArray, openPdf, PdfDict, PdfStream, type PdfValue, type PdfView, pageAt } from "../pdf/index.ts";
import type { Resolve } from "./picture.ts";

/** Page 1 of a PDF as a form with /BBox and /Resources. @throws SignaturesError PDF_MALFORMED, PDF_ENCRYPTED, PDF_LIMIT */
export function pageAsPicture(bytes: Uint8Array): { form: PdfStream; resolve: Resolve } {
  const source = openPdf(bytes);
  if (source.encrypted) throw new SignaturesError("PDF_ENCRYPTED", "the appearance is an encrypted file");
  const view = source.latest;
  const page = pageAt(view, 0);
  if (!page) throw new SignaturesError("PDF_MALFORMED", "the appearance has no page");
  const content = contentOf(view, page.dict);
  const dict = content.dict.with({
    BBox: [...boxOf(view, page.dict)],
    Resources: inherited(view, page.dict, "Resources"),
  });
  const form = new PdfStream(dict, content.source, content.start, content.end);
  return { form, resolve: (value) => view.resolve(value) };
}

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
