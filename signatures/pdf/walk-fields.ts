import { SignaturesError } from "../errors.ts";
import type { PdfView } from "./document.ts";
import { fieldNameOf, fieldTypeOf, inherited } from "./inherited.ts";
import { nameOf, type PdfDict, PdfRef, type PdfValue } from "./objects.ts";
import { textOf } from "./text.ts";
import { walkPages } from "./walk-pages.ts";

/** One terminal field of the interactive form (ISO 32000-2 §12.7.4). */
export interface FormField {
  /** Fully qualified name. */
  readonly name: string;
  /** Object number; null where the dictionary stands directly in its array. */
  readonly object: number | null;
  readonly dict: PdfDict;
  /** /FT, inherited where absent. */
  readonly type: string | null;
  /** /V as it stands (often a reference), inherited where absent. */
  readonly value: PdfValue;
  /** Nesting below /Fields. */
  readonly depth: number;
}

const MAX_FIELDS = 100_000;
const MAX_DEPTH = 64;

/** The fields of the form as of one revision. Circular and too deep parts are left out and noted. @throws SignaturesError PDF_LIMIT */
export function walkFields(view: PdfView): FormField[] {
  const form = view.dict(view.catalog.get("AcroForm"));
  const out: FormField[] = [];
  if (!form) return out;
  const seen = new Set<number>();
  interface Pending {
    item: PdfValue;
    prefix: string;
    type: string | null;
    value: PdfValue;
    depth: number;
  }
  const pending: Pending[] = [];
  const push = (items: PdfValue, prefix: string, type: string | null, value: PdfValue, depth: number) => {
    const list = view.array(items) ?? [];
    for (let i = list.length - 1; i >= 0; i--) pending.push({ item: list[i] as PdfValue, prefix, type, value, depth });
  };
  push(form.get("Fields"), "", null, null, 0);
  let visited = 0;
  for (let next = pending.pop(); next; next = pending.pop()) {
    if (++visited > MAX_FIELDS) throw new SignaturesError("PDF_LIMIT", "too many form fields");
    const object = next.item instanceof PdfRef ? next.item.num : null;
    if (object !== null && seen.has(object)) {
      view.document.anomalies.add("field-listed-twice");
      continue;
    }
    if (object !== null) seen.add(object);
    const dict = view.dict(next.item);
    if (!dict) continue;
    if (next.depth > MAX_DEPTH) {
      view.document.anomalies.add("fields-too-deep");
      continue;
    }
    const partial = textOf(view.get(dict, "T"));
    const name = partial === null ? next.prefix : next.prefix === "" ? partial : `${next.prefix}.${partial}`;
    const type = nameOf(view.get(dict, "FT")) ?? next.type;
    const value = dict.entries.has("V") ? dict.get("V") : next.value;
    const kids = view.array(dict.get("Kids"));
    if (kids?.length) {
      // Kids without a name of their own are the field's widgets, not fields (§12.7.4.2).
      const fields = kids.filter((kid) => view.dict(kid)?.entries.has("T"));
      if (fields.length) {
        push(fields, name, type, value, next.depth + 1);
        continue;
      }
    }
    out.push({ name, object, dict, type, value, depth: next.depth });
  }
  return out;
}

/** Fields that are merged with a widget on a page, whether or not the form lists them. @throws SignaturesError PDF_LIMIT */
export function widgetFields(view: PdfView): FormField[] {
  const out: FormField[] = [];
  for (const page of walkPages(view)) {
    for (const item of view.array(page.dict.get("Annots")) ?? []) {
      const dict = view.dict(item);
      if (!dict || nameOf(view.get(dict, "Subtype")) !== "Widget") continue;
      if (out.length >= MAX_FIELDS) throw new SignaturesError("PDF_LIMIT", "too many form fields");
      out.push({
        name: fieldNameOf(view, dict),
        object: item instanceof PdfRef ? item.num : null,
        dict,
        type: fieldTypeOf(view, dict),
        value: dict.entries.has("V") ? dict.get("V") : inherited(view, dict, "V"),
        depth: 0,
      });
    }
  }
  return out;
}
