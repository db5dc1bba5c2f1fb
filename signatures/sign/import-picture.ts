import { SignaturesError } from "../errors.ts";
import { isArray, PdfDict, PdfRef, PdfStream, type PdfValue, pdfName } from "../pdf/index.ts";
import { fontsOfUpdates } from "./fonts-of-updates.ts";
import { pageAsPicture } from "./page-as-picture.ts";
import type { FindSame, Picture, Resolve } from "./picture.ts";
import type { Update } from "./update.ts";

const MAX_COPIED = 5000;
const MAX_DEPTH = 64;

/**
 * Copies a picture, or page 1 of a PDF, into the update as a form XObject (ISO 32000-2 §8.10). Viewers fit it into the annotation's
 * rectangle (§12.5.5 algorithm 8.1); `rotation`, the page's /Rotate, turns it back upright. A font that an earlier update has
 * brought is referred to, not copied.
 * @throws SignaturesError PDF_MALFORMED, PDF_ENCRYPTED, PDF_LIMIT
 */
export function importPicture(picture: Uint8Array | Picture, update: Update, rotation: number): PdfRef {
  const { form, resolve } = picture instanceof Uint8Array ? pageAsPicture(picture) : opened(picture);
  const copy = copier(resolve, update, fontsOfUpdates(update.view));
  const dict = form.dict.with({
    Type: pdfName("XObject"),
    Subtype: pdfName("Form"),
    Matrix: TURNS[(((rotation / 90) % 4) + 4) % 4] ?? [1, 0, 0, 1, 0, 0],
    Resources: copy(form.dict.get("Resources") ?? PdfDict.of({})),
  });
  return update.add(new PdfStream(dict, form.source, form.start, form.end));
}

/** Counter-clockwise turns by 0, 90, 180 and 270 degrees, against the clockwise /Rotate (table 31). */
const TURNS = [
  [1, 0, 0, 1, 0, 0],
  [0, 1, -1, 0, 0, 0],
  [-1, 0, 0, -1, 0, 0],
  [0, -1, 1, 0, 0, 0],
];

function opened({ form, objects }: Picture): { form: PdfStream; resolve: Resolve } {
  return { form, resolve: (value) => (value instanceof PdfRef ? (objects.get(value.num) ?? null) : value) };
}

/** Copies values with everything they refer to, giving new numbers; back-links to pages are left out. */
function copier(resolve: Resolve, update: Update, sameFont: FindSame): (value: PdfValue) => PdfValue {
  const numbers = new Map<number, PdfRef>();
  const copyRef = (ref: PdfRef, depth: number): PdfRef => {
    const known = numbers.get(ref.num) ?? sameFont(ref, resolve);
    if (known) {
      numbers.set(ref.num, known);
      return known;
    }
    if (numbers.size >= MAX_COPIED) throw new SignaturesError("PDF_LIMIT", "the appearance has too many objects");
    const made = update.reserve();
    numbers.set(ref.num, made);
    update.set(made, copy(resolve(ref), depth + 1));
    return made;
  };
  const copy = (value: PdfValue, depth: number): PdfValue => {
    if (depth > MAX_DEPTH) throw new SignaturesError("PDF_LIMIT", "the appearance's resources are nested too deeply");
    if (value instanceof PdfRef) return copyRef(value, depth);
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
