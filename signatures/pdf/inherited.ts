import type { PdfView } from "./document.ts";
import { nameOf, type PdfDict, type PdfValue } from "./objects.ts";
import { textOf } from "./text.ts";

const MAX_PARENTS = 64;

/** Fully qualified name of the field a field or widget dictionary belongs to, by way of its parents. */
export function fieldNameOf(view: PdfView, dict: PdfDict): string {
  const parts: string[] = [];
  let at: PdfDict | null = dict;
  for (let i = 0; at && i < MAX_PARENTS; i++) {
    const part = textOf(view.get(at, "T"));
    if (part !== null) parts.unshift(part);
    at = view.dict(at.get("Parent"));
  }
  return parts.join(".");
}

/** An inheritable field entry (ISO 32000-2 §12.7.4.1), resolved. */
export function inherited(view: PdfView, dict: PdfDict, key: string): PdfValue {
  let at: PdfDict | null = dict;
  for (let i = 0; at && i < MAX_PARENTS; i++) {
    const value = view.get(at, key);
    if (value !== null) return value;
    at = view.dict(at.get("Parent"));
  }
  return null;
}

export const fieldTypeOf = (view: PdfView, dict: PdfDict): string | null => nameOf(inherited(view, dict, "FT"));
