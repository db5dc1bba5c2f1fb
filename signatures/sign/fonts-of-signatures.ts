import {
  isArray,
  nameOf,
  PdfDict,
  PdfRef,
  PdfStream,
  type PdfValue,
  type PdfView,
  sameValue,
  walkFields,
} from "../pdf/index.ts";
import type { FindSame, Resolve } from "./picture.ts";

/** Signatures and fonts of each that are looked at: more than a record has. */
const MAX_SIGNATURES = 64;
const MAX_FONTS = 16;
const MAX_DEPTH = 16;

/**
 * Finds the font of a picture among those that pictures of the document's signatures have brought. The font must be the same in every
 * object and octet: a name alone would let a document choose what a later signature seems to say. Nothing is found in a file of which
 * two readers may see two versions.
 */
export function fontsOfSignatures(view: PdfView): FindSame {
  let fonts: Map<string, PdfRef[]> | null = null;
  return (ref, resolve) => {
    const font = resolve(ref);
    const name = font instanceof PdfDict && nameOf(font.get("Type")) === "Font" ? nameOf(font.get("BaseFont")) : null;
    if (name === null) return null;
    fonts ??= collect(view);
    const known = fonts.get(name)?.find((each) => sameObjects(ref, resolve, each, (value) => view.resolve(value)));
    return known ?? null;
  };
}

function collect(view: PdfView): Map<string, PdfRef[]> {
  const found = new Map<string, PdfRef[]>();
  if (view.document.anomalies.size > 0) return found;
  if (view.document.revisions.some(({ ambiguities }) => ambiguities.size > 0)) return found;
  const signed = walkFields(view).filter(({ type, value }) => type === "Sig" && view.dict(value) !== null);
  for (const { dict } of signed.slice(0, MAX_SIGNATURES)) {
    const form = view.dict(view.dict(dict.get("AP"))?.get("N") ?? null);
    const fonts = view.dict(view.dict(form?.get("Resources") ?? null)?.get("Font") ?? null);
    for (const ref of [...(fonts?.entries.values() ?? [])].slice(0, MAX_FONTS)) {
      const name = nameOf(view.dict(ref)?.get("BaseFont") ?? null);
      if (!(ref instanceof PdfRef) || name === null) continue;
      const known = found.get(name) ?? [];
      found.set(name, [...known, ref]);
    }
  }
  return found;
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
