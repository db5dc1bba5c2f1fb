import { isArray, nameOf, PdfDict, PdfRef, PdfStream, type PdfValue, type PdfView, sameValue } from "../pdf/index.ts";
import type { FindSame, Resolve } from "./picture.ts";

/** Objects of updates that are looked at: a record signed by twenty has fewer. */
const MAX_OBJECTS = 2000;
const MAX_DEPTH = 16;

/**
 * Finds the font of a picture among those that updates have brought, with the mark of a page or the picture of an earlier signature. The
 * font must be the same in every object and octet: a name alone would let a document choose what a later signature seems to say. Nothing
 * is found in a file of which two readers may see two versions.
 */
export function fontsOfUpdates(view: PdfView): FindSame {
  let fonts: readonly DocumentFont[] | null = null;
  return (ref, resolve) => {
    const name = fontName(resolve(ref));
    if (name === null) return null;
    fonts ??= collect(view);
    const same = fonts.find(
      (each) => each.name === name && sameObjects(ref, resolve, each.ref, (value) => view.resolve(value)),
    );
    return same?.ref ?? null;
  };
}

interface DocumentFont {
  readonly name: string;
  readonly ref: PdfRef;
}

function collect(view: PdfView): DocumentFont[] {
  const { anomalies, revisions } = view.document;
  if (anomalies.size > 0 || revisions.some(({ ambiguities }) => ambiguities.size > 0)) return [];
  const found: DocumentFont[] = [];
  let visited = 0;
  for (const { objects } of revisions.slice(1)) {
    for (const num of objects.keys()) {
      if (++visited > MAX_OBJECTS) return found;
      const entry = view.entry(num);
      const name = fontName(view.load(num));
      if (entry && name !== null) found.push({ name, ref: new PdfRef(num, entry.kind === "offset" ? entry.gen : 0) });
    }
  }
  return found;
}

/** /BaseFont of a composite font (ISO 32000-2 table 119); null for anything else. */
function fontName(value: PdfValue): string | null {
  const font = value instanceof PdfDict && nameOf(value.get("Subtype")) === "Type0";
  return font && nameOf(value.get("Type")) === "Font" ? nameOf(value.get("BaseFont")) : null;
}

/** True when both stand for the same objects all the way down; the length of a stream is said by its octets. */
function sameObjects(a: PdfValue, resolveA: Resolve, b: PdfValue, resolveB: Resolve): boolean {
  const compared = new Map<number, number>();
  const same = (x: PdfValue, y: PdfValue, depth: number): boolean => {
    if (depth > MAX_DEPTH) return false;
    if (x instanceof PdfRef) {
      if (!(y instanceof PdfRef)) return false;
      const before = compared.get(x.num);
      if (before !== undefined) return before === y.num;
      compared.set(x.num, y.num);
      return same(resolveA(x), resolveB(y), depth + 1);
    }
    if (x instanceof PdfStream) {
      if (!(y instanceof PdfStream) || y.dict.duplicates || !sameOctets(x.encoded, y.encoded)) return false;
      return same(unmeasured(x), unmeasured(y), depth);
    }
    if (x instanceof PdfDict) {
      if (!(y instanceof PdfDict) || y.duplicates || x.entries.size !== y.entries.size) return false;
      for (const [key, value] of x.entries) {
        const other = y.entries.get(key);
        if (other === undefined || !same(value, other, depth + 1)) return false;
      }
      return true;
    }
    if (isArray(x)) {
      return isArray(y) && x.length === y.length && x.every((value, i) => same(value, y[i]!, depth + 1));
    }
    return sameValue(x, y);
  };
  return same(a, b, 0);
}

const unmeasured = ({ dict }: PdfStream): PdfDict => dict.with({ Length: null });

function sameOctets(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
