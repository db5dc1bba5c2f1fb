import type { PdfView } from "./document.ts";
import { fieldNameOf, fieldTypeOf, inherited } from "./inherited.ts";
import { type PdfDict, PdfRef, type PdfValue } from "./objects.ts";
import { walkFields } from "./walk-fields.ts";

/** The field a widget or field dictionary belongs to. */
export interface FieldOwner {
  readonly name: string;
  readonly type: string | null;
  /** /V as it stands; null where the field is empty. */
  readonly value: PdfValue;
  /** The form's own tree leads to it; otherwise it merely claims its parents. */
  readonly listed: boolean;
}

const owners = new WeakMap<PdfView, Map<number, FieldOwner>>();

/**
 * The owner by the form's own tree, from the top down, as a widget may lack /Parent; by its parents where the form does not list it.
 * `item` is how the dictionary was referred to. @throws SignaturesError PDF_LIMIT
 */
export function ownerOf(view: PdfView, item: PdfValue, dict: PdfDict): FieldOwner {
  const listed = item instanceof PdfRef ? ownersIn(view).get(item.num) : undefined;
  return (
    listed ?? {
      name: fieldNameOf(view, dict),
      type: fieldTypeOf(view, dict),
      value: setValue(view, inherited(view, dict, "V")),
      listed: false,
    }
  );
}

const setValue = (view: PdfView, value: PdfValue): PdfValue => (view.resolve(value) === null ? null : value);

function ownersIn(view: PdfView): Map<number, FieldOwner> {
  const known = owners.get(view);
  if (known) return known;
  const made = new Map<number, FieldOwner>();
  for (const field of walkFields(view)) {
    const owner = { name: field.name, type: field.type, value: setValue(view, field.value), listed: true };
    if (field.object !== null) made.set(field.object, owner);
    for (const kid of view.array(field.dict.get("Kids")) ?? []) if (kid instanceof PdfRef) made.set(kid.num, owner);
  }
  owners.set(view, made);
  return made;
}
