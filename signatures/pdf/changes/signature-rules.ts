import type { PdfView } from "../document.ts";
import { fieldNameOf, inherited } from "../inherited.ts";
import { nameOf, PdfDict, PdfRef, type PdfValue } from "../objects.ts";
import { walkPages } from "../walk-pages.ts";
import { isPrivateEntry } from "./private-entry.ts";
import { type Comparison, isNew } from "./rule.ts";

/** A signature field that an update created, alone or with its widget (ISO 32000-2 §12.7.5.5). */
export function judgeNewSignatureField(comparison: Comparison, item: PdfValue, dict: PdfDict): void {
  const name = fieldNameOf(comparison.after, dict);
  const object = item instanceof PdfRef ? item.num : null;
  if (hasForeignEntry(comparison, dict)) comparison.report("field-with-action", "suspicious", object, name);
  if (inherited(comparison.after, dict, "V") !== null) judgeNewValue(comparison, object, name, dict);
  // Without a signature behind it, a visible field is only a picture over the page.
  else if (isVisible(comparison, dict)) comparison.report("empty-signature-field-visible", "suspicious", object, name);
  else comparison.report("signature-field-created", "form-filling", object, name);
}

/** A signature that an update put into a field: time stamps serve preservation, others are signing. */
export function judgeNewValue(
  comparison: Comparison,
  object: number | null,
  name: string | null,
  field: PdfDict,
): void {
  const { after } = comparison;
  const raw = field.entries.has("V") ? field.get("V") : inherited(after, field, "V");
  const value = after.resolve(raw);
  if (!(value instanceof PdfDict) || !isNew(comparison, raw)) {
    comparison.report("signature-value-unusable", "suspicious", object, name);
    return;
  }
  const stamp =
    nameOf(after.get(value, "Type")) === "DocTimeStamp" || nameOf(after.get(value, "SubFilter")) === "ETSI.RFC3161";
  const visible = isVisible(comparison, field);
  if (visible && coversPage(comparison, object, field)) {
    comparison.report("signature-covers-page", "suspicious", object, name);
    return;
  }
  if (stamp && !visible) comparison.report("document-timestamp-added", "lta", object, name);
  else comparison.report(visible ? "visible-signature-added" : "signature-added", "form-filling", object, name);
}

/** Entries of a signature field and its widget (ISO 32000-2 tables 166, 191, 226, 227 and 235): none of them acts or depends on a layer. */
const FIELD_ENTRIES = new Set(
  `Type Subtype FT Parent Kids T TU TM Ff V DV Rect P NM M F AP AS MK Border BS C H Contents StructParent Lang Lock SV DA Q DR
  DS RV`.split(/\s+/),
);
const MAX_RELATIVES = 256;

/** True when a new field, one of its kids or new parents has an entry that no signature field needs, such as an action. */
export function hasForeignEntry(comparison: Comparison, field: PdfDict): boolean {
  const { after } = comparison;
  const seen = new Set<PdfDict>();
  const pending: PdfValue[] = [field];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const dict = after.dict(next);
    // What was there before is judged where it changed.
    if (!dict || seen.has(dict) || !isNew(comparison, next)) continue;
    if (seen.size >= MAX_RELATIVES) return true;
    seen.add(dict);
    for (const [key, value] of dict.entries)
      if (!FIELD_ENTRIES.has(key) && (ACTING.has(key) || !isPrivateEntry(key, value))) return true;
    pending.push(...(after.array(dict.get("Kids")) ?? []).slice(0, MAX_RELATIVES + 1), dict.get("Parent"));
  }
  return false;
}

const ACTING = new Set(["A", "AA", "OC"]);
const MAX_KIDS = 64;

/**
 * True when the field's own widget draws something: a rectangle with an area, an appearance or what viewers make one of, and no
 * hidden flag.
 */
export function isVisible(comparison: Comparison, dict: PdfDict): boolean {
  const { after } = comparison;
  const kids = after.array(dict.get("Kids"));
  if (kids?.length) {
    if (kids.length > MAX_KIDS) return true;
    return kids.some((kid) => {
      const widget = after.dict(kid);
      return widget !== null && !widget.entries.has("Kids") && isVisible(comparison, widget);
    });
  }
  const drawn = after.dict(dict.get("AP")) ?? after.dict(dict.get("MK"));
  if (areaOf(after, dict.get("Rect")) === 0 || !drawn?.entries.size) return false;
  const flags = after.get(dict, "F");
  const HIDDEN = 2;
  return typeof flags !== "number" || (flags & HIDDEN) === 0;
}

/** A rectangle that is none is drawn by one viewer like this and by the next like that: as large as can be. */
function areaOf(view: PdfView, rect: PdfValue): number {
  const sides = view.array(rect)?.map((v) => view.resolve(v));
  if (!sides) return 0;
  const [left, bottom, right, top] = sides.map((v) => (typeof v === "number" ? v : Number.NaN));
  const area = Math.abs((right! - left!) * (top! - bottom!));
  return sides.length === 4 && Number.isFinite(area) ? area : Number.POSITIVE_INFINITY;
}

/** A picture over half of its page hides more than it signs ("sneaky signature"); several on one page count together. */
export function coversPage(comparison: Comparison, object: number | null, field: PdfDict): boolean {
  const kids = comparison.after.array(field.get("Kids")) ?? [];
  if (kids.length > MAX_KIDS) return true;
  return widgetsCoverPage(comparison, [object === null ? field : new PdfRef(object), ...kids]);
}

/** The same of any widgets together. */
export function widgetsCoverPage(comparison: Comparison, items: readonly PdfValue[]): boolean {
  const { after } = comparison;
  const covered = new Map<PdfDict, number>();
  for (const item of items) {
    const widget = after.dict(item);
    if (!widget || nameOf(after.get(widget, "Subtype")) === "Popup" || !isDrawn(after, widget)) continue;
    for (const page of pagesShowing(after, item, widget)) {
      covered.set(page, (covered.get(page) ?? 0) + areaOf(after, widget.get("Rect")));
    }
  }
  return [...covered].some(([page, area]) => {
    const box = inherited(after, page, "CropBox") ?? inherited(after, page, "MediaBox");
    return area > areaOf(after, box) / 2;
  });
}

const isDrawn = (view: PdfView, widget: PdfDict): boolean =>
  areaOf(view, widget.get("Rect")) !== 0 && (view.dict(widget.get("AP")) ?? view.dict(widget.get("MK"))) !== null;

const shown = new WeakMap<PdfView, Map<number, PdfDict[]>>();

/** The pages whose /Annots name the widget. Its own /P is optional, and may name another, larger page. */
function pagesShowing(view: PdfView, item: PdfValue, widget: PdfDict): readonly PdfDict[] {
  let places = shown.get(view);
  if (!places) {
    places = new Map();
    for (const { dict } of walkPages(view)) {
      for (const annotation of view.array(dict.get("Annots")) ?? []) {
        if (!(annotation instanceof PdfRef)) continue;
        const pages = places.get(annotation.num);
        if (!pages) places.set(annotation.num, [dict]);
        else if (pages.length < 64) pages.push(dict);
      }
    }
    shown.set(view, places);
  }
  const found = item instanceof PdfRef ? places.get(item.num) : undefined;
  if (found) return found;
  const named = view.dict(widget.get("P"));
  return named ? [named] : [];
}
