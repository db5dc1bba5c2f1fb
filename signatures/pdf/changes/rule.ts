import type { PdfView } from "../document.ts";
import { isArray, PdfDict, PdfRef, PdfStream, PdfString, type PdfValue, sameValue } from "../objects.ts";
import type { Role, Roles } from "./roles.ts";

/** How much a change does, from nothing to what no rule admits. Ordered: see `worse`. */
export type ChangeLevel = "none" | "lta" | "form-filling" | "annotations" | "suspicious";

const ORDER: readonly ChangeLevel[] = ["none", "lta", "form-filling", "annotations", "suspicious"];

/** The heavier of the two. */
export const worse = (a: ChangeLevel, b: ChangeLevel): ChangeLevel => (ORDER.indexOf(a) >= ORDER.indexOf(b) ? a : b);

/** One change after the signature, and the rule that admits it, or none. */
export interface ChangeFinding {
  /** Stable name of what changed; of the rule where one admits it. */
  readonly code: string;
  readonly level: ChangeLevel;
  /** Index of the revision that brought it. */
  readonly revision: number;
  /** Object number; null for the trailer and the file as such. */
  readonly object: number | null;
  /** Name of the form field concerned. */
  readonly field: string | null;
}

/** Two neighbouring revisions under comparison. `report` is how rules speak. */
export interface Comparison {
  readonly before: PdfView;
  readonly after: PdfView;
  readonly roles: Roles;
  report(code: string, level: ChangeLevel, object: number | null, field?: string | null): void;
}

/** One object that is different after the update; null stands for an object that is not there. */
export interface Change {
  readonly object: number | null;
  readonly from: PdfValue;
  readonly to: PdfValue;
  readonly role: Role;
}

/** A rule family judges the changes of certain roles, reporting one finding or more for each. */
export type Rule = (comparison: Comparison, change: Change) => void;

export interface EntryChange {
  readonly key: string;
  readonly from: PdfValue;
  readonly to: PdfValue;
}

/** The entries in which the two dictionaries differ by more than the place of equal objects. */
export function changedEntries(comparison: Comparison, from: PdfDict, to: PdfDict): EntryChange[] {
  const out: EntryChange[] = [];
  for (const [key, value] of from.entries) {
    const other = to.get(key);
    if (!sameMeaning(comparison, value, other)) out.push({ key, from: value, to: other });
  }
  for (const [key, value] of to.entries) {
    if (!from.entries.has(key) && value !== null) out.push({ key, from: null, to: value });
  }
  return out;
}

const MAX_COMPARED = 2000;
const MAX_COMPARED_DEPTH = 16;

/**
 * True when both mean the same: references to the same number (what became of that object is judged by itself), or equal
 * objects that only moved to another number or into place.
 */
export function sameMeaning(comparison: Comparison, from: PdfValue, to: PdfValue): boolean {
  const budget = { left: MAX_COMPARED };
  const same = (a: PdfValue, b: PdfValue, depth: number): boolean => {
    if (--budget.left < 0 || depth > MAX_COMPARED_DEPTH) return false;
    if (a instanceof PdfRef && b instanceof PdfRef && a.num === b.num) return a.gen === b.gen;
    const x = comparison.before.resolve(a);
    const y = comparison.after.resolve(b);
    if (x instanceof PdfStream) {
      return (
        y instanceof PdfStream &&
        same(x.dict, y.dict, depth + 1) &&
        sameValue(PdfString.of(x.encoded), PdfString.of(y.encoded))
      );
    }
    if (x instanceof PdfDict) {
      if (!(y instanceof PdfDict) || x.entries.size !== y.entries.size) return false;
      for (const [key, value] of x.entries) if (!same(value, y.get(key), depth + 1)) return false;
      return true;
    }
    if (isArray(x)) {
      return isArray(y) && x.length === y.length && x.every((item, i) => same(item, y[i] as PdfValue, depth + 1));
    }
    // Something that was not there may not be put behind a name that stood dangling.
    return sameValue(x, y) && !(x === null && (a instanceof PdfRef || b instanceof PdfRef));
  };
  return sameValue(from, to) || same(from, to, 0);
}

/** True when nothing in the earlier revision referred to this object: its appearing changes nothing by itself. */
export function isNew(comparison: Comparison, value: PdfValue): boolean {
  return !(value instanceof PdfRef) || !comparison.roles.has(value.num);
}

/**
 * True when `to` differs from `from` only by entries that were added to dictionaries; the objects the old entries
 * refer to are judged by themselves.
 */
export function isAdditive(comparison: Comparison, from: PdfValue, to: PdfValue, depth = 0): boolean {
  if (sameValue(from, to)) return true;
  if (depth > 8) return false;
  const a = comparison.before.resolve(from);
  const b = comparison.after.resolve(to);
  if (sameValue(a, b)) return true;
  if (!(a instanceof PdfDict) || !(b instanceof PdfDict)) return false;
  for (const [key, value] of a.entries) if (!isAdditive(comparison, value, b.get(key), depth + 1)) return false;
  return true;
}

/** The elements that were added, when the old ones are all still there in their order; null otherwise. */
export function addedElements(
  comparison: Comparison,
  from: readonly PdfValue[],
  to: readonly PdfValue[],
): PdfValue[] | null {
  // An equal object under another number counts as the same, where the lists are short enough to look that closely.
  const close = from.length + to.length <= MAX_COMPARED;
  const same = (a: PdfValue, b: PdfValue) => (close ? sameMeaning(comparison, a, b) : sameValue(a, b));
  const added: PdfValue[] = [];
  let i = 0;
  for (const item of to) {
    if (i < from.length && same(from[i] as PdfValue, item)) i++;
    else added.push(item);
  }
  return i === from.length ? added : null;
}

export const dictOf = (value: PdfValue): PdfDict | null =>
  value instanceof PdfDict ? value : value instanceof PdfStream ? value.dict : null;

/** A key as part of a code: letters and digits only, short. */
export const safe = (key: string): string => key.replace(/[^A-Za-z0-9]/g, "_").slice(0, 32);
