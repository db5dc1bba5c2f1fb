import { SignaturesError } from "../errors.ts";
import { readStreamBody } from "./cross-reference.ts";
import type { PdfView } from "./document.ts";
import { integerOf, PdfDict } from "./objects.ts";
import { PdfParser, startsWith } from "./parser.ts";

/** The object from its number to after `endobj`; null where another one stands there, or none that is whole. */
export function objectExtent(
  view: PdfView,
  num: number,
  entry: { readonly offset: number; readonly gen: number },
): { start: number; end: number } | null {
  const { bytes } = view.document;
  const parser = new PdfParser(bytes, entry.offset);
  parser.skip();
  const start = parser.pos;
  const header = parser.objectHeader();
  if (!header || header.num !== num || header.gen !== entry.gen) return null;
  try {
    parser.skip();
    if (!startsWith(bytes, parser.pos, "endobj")) {
      const value = parser.value();
      const behind = parser.pos;
      if (value instanceof PdfDict && parser.keyword("stream")) {
        parser.pos = behind;
        parser.pos = readStreamBody(parser, value, integerOf(view.resolve(value.get("Length")))).end;
        if (!parser.keyword("endstream")) return null;
      }
    }
    // Writers exist that forget the keyword: the next thing then begins where the object ends.
    parser.keyword("endobj");
    return { start, end: parser.pos };
  } catch (error) {
    // Unreadable for us, and read by each viewer in its own way.
    if (!(error instanceof SignaturesError)) throw error;
    return null;
  }
}
