import { ownerOf } from "../field-owner.ts";
import { fieldNameOf, fieldTypeOf, inherited } from "../inherited.ts";
import { isArray, type PdfArray, PdfDict, PdfRef, type PdfValue } from "../objects.ts";
import type { Roles } from "./roles.ts";
import {
  addedElements,
  type Comparison,
  changedEntries,
  isAdditive,
  isNew,
  type Rule,
  safe,
  sameMeaning,
} from "./rule.ts";
import { coversPage, judgeNewSignatureField, judgeNewValue } from "./signature-rules.ts";

/** The interactive form dictionary (ISO 32000-2 §12.7.3): it may appear, gain signature fields, flags and resources. */
export function compareForm(
  comparison: Comparison,
  object: number | null,
  from: PdfDict | null,
  to: PdfDict | null,
): void {
  if (!to) {
    comparison.report("form-removed", "suspicious", object);
    return;
  }
  for (const entry of changedEntries(comparison, from ?? new PdfDict(new Map()), to)) {
    switch (entry.key) {
      case "Fields":
        compareFields(comparison, object, comparison.before.array(entry.from), comparison.after.array(entry.to));
        break;
      case "SigFlags":
        comparison.report("signature-flags", "lta", object);
        break;
      case "DR":
        formResources(comparison, object, entry.from, entry.to);
        break;
      case "DA":
      case "Q":
        // Defaults for fields yet to be drawn; what is drawn stands in appearance streams.
        comparison.report("form-defaults", entry.from === null ? "form-filling" : "suspicious", object);
        break;
      case "NeedAppearances":
        // Switched on, it lets a viewer draw every value anew, which may differ from what was signed.
        comparison.report("need-appearances", entry.to === true ? "suspicious" : "form-filling", object);
        break;
      default:
        comparison.report(`form-entry-${safe(entry.key)}`, "suspicious", object);
    }
  }
}

export const formRule: Rule = (comparison, change) =>
  compareForm(
    comparison,
    change.object,
    change.from instanceof PdfDict ? change.from : null,
    change.to instanceof PdfDict ? change.to : null,
  );

/** Shared resources of the form (§12.7.3, DR): names may be added, none may change. */
function formResources(comparison: Comparison, object: number | null, from: PdfValue, to: PdfValue): void {
  const additive = from === null || isAdditive(comparison, from, to);
  comparison.report("form-resources", additive ? "form-filling" : "suspicious", object);
}

export const formResourcesRule: Rule = (comparison, change) =>
  formResources(comparison, change.object, change.from, change.to);

/** /Fields or /Kids: every old field stays; what comes is a signature field. */
function compareFields(
  comparison: Comparison,
  object: number | null,
  from: PdfArray | null,
  to: PdfArray | null,
): void {
  const added = to ? addedElements(comparison, from ?? [], to) : null;
  if (!added) {
    comparison.report("form-field-removed", "suspicious", object);
    return;
  }
  for (const item of added) {
    const dict = comparison.after.dict(item);
    const fresh = isNew(comparison, item) && dict !== null && fieldTypeOf(comparison.after, dict) === "Sig";
    if (fresh) judgeNewSignatureField(comparison, item, dict);
    else adopted(comparison, object, item, dict);
  }
}

/** A widget that a page already showed may be entered into the form when it is an unsigned signature field; nothing else may. */
function adopted(comparison: Comparison, object: number | null, item: PdfValue, dict: PdfDict | null): void {
  const known = dict !== null && comparison.before.dict(item) !== null;
  const signature = known && fieldTypeOf(comparison.after, dict) === "Sig";
  comparison.report(
    signature ? "signature-field-entered" : "form-field-added",
    signature ? "form-filling" : "suspicious",
    object,
    dict ? fieldNameOf(comparison.after, dict) : null,
  );
}

export const fieldsRule: Rule = (comparison, change) =>
  compareFields(
    comparison,
    change.object,
    isArray(change.from) ? change.from : null,
    isArray(change.to) ? change.to : null,
  );

/** Entries of a field or widget that filling it in may change (§12.7.4, §12.5.2). */
const FILLED = new Set(["V", "AP", "AS", "M", "I", "RV", "DA", "MK"]);
/** Entries a signer's software may touch beside, when an empty signature field is signed. */
const SIGNED = new Set(["V", "AP", "AS", "M", "DA", "MK", "F", "P", "Type", "DR", "Q"]);
/** Those of them that decide what the page shows: they follow a new value, and without one they replace or hide. */
const DRAWN = new Set(["AP", "AS", "F", "MK"]);
const READ_ONLY = 1;

/** A field of the form or its widget: its value may be filled in, a signed signature field stays as it is. */
export const fieldRule: Rule = (comparison, change) => {
  const { before, after } = comparison;
  const name = change.role.field;
  if (!(change.from instanceof PdfDict) || !(change.to instanceof PdfDict)) {
    comparison.report("form-field-replaced", "suspicious", change.object, name);
    return;
  }
  const item = change.object === null ? null : new PdfRef(change.object);
  const owner = ownerOf(before, item, change.from);
  const signature = owner.type === "Sig";
  const signed = signature && owner.value !== null;
  for (const { key, from, to } of changedEntries(comparison, change.from, change.to)) {
    if (signed) comparison.report("signed-field-changed", "suspicious", change.object, name);
    else if (signature && key === "V") judgeNewValue(comparison, change.object, name, change.to);
    else if (signature && DRAWN.has(key) && inherited(after, change.to, "V") === null)
      comparison.report("empty-signature-field-visible", "suspicious", change.object, name);
    else if (signature && SIGNED.has(key)) comparison.report("signature-field-filled", "lta", change.object, name);
    else if (
      !signature &&
      (DRAWN.has(key) || key === "DA" || key === "RV") &&
      change.object !== null &&
      !valueChanged(comparison, change.object, owner.value)
    )
      comparison.report("appearance-without-value", "suspicious", change.object, name);
    else if (!signature && FILLED.has(key) && key !== "M" && coversPage(comparison, change.object, change.to))
      comparison.report("field-covers-page", "suspicious", change.object, name);
    else if (!signature && FILLED.has(key)) comparison.report("form-field-filled", "form-filling", change.object, name);
    else if (key === "Ff" && onlyReadOnly(from, to))
      comparison.report("form-field-locked", "form-filling", change.object, name);
    else if (key === "Kids") compareFields(comparison, change.object, before.array(from), after.array(to));
    else comparison.report(`form-field-entry-${safe(key)}`, "suspicious", change.object, name);
  }
};

function onlyReadOnly(from: PdfValue, to: PdfValue): boolean {
  return typeof to === "number" && ((typeof from === "number" ? from : 0) | READ_ONLY) === to;
}

/** The indirect value of a field that is not a signature. */
export const fieldValueRule: Rule = (comparison, change) =>
  comparison.report("form-field-filled", "form-filling", change.object, change.role.field);

/**
 * An appearance stream and what it alone uses (§12.5.5): filling in a field draws it anew. A new picture without a new value is
 * the "replace" of the shadow attacks.
 */
export const appearanceRule: Rule = (comparison, change) => {
  const field = change.role.field;
  const code = field === null ? "appearance-changed" : appearanceFault(comparison, field);
  if (code === null) comparison.report("appearance-updated", "form-filling", change.object, field);
  else comparison.report(code, "suspicious", change.object, field);
};

function appearanceFault(comparison: Comparison, name: string): string | null {
  const { before } = comparison;
  for (const num of fieldObjects(comparison.roles).get(name) ?? []) {
    const dict = before.dict(before.load(num));
    if (!dict) continue;
    const owner = ownerOf(before, new PdfRef(num), dict);
    if (owner.type === "Sig" && owner.value !== null) return "appearance-of-signed-field";
    // A push-button only shows its face: a new face is not filling in.
    const flags = inherited(before, dict, "Ff");
    if (owner.type === "Btn" && typeof flags === "number" && flags & PUSH_BUTTON) return "appearance-changed";
    if (!valueChanged(comparison, num, owner.value)) return "appearance-without-value";
    if (coversPage(comparison, num, comparison.after.dict(comparison.after.load(num)) ?? dict))
      return "field-covers-page";
  }
  return null;
}

const indexed = new WeakMap<Roles, Map<string, number[]>>();

/** The objects of each field, by its name: thousands of pictures may change at once. */
function fieldObjects(roles: Roles): Map<string, number[]> {
  const known = indexed.get(roles);
  if (known) return known;
  const made = new Map<string, number[]>();
  for (const [num, list] of roles) {
    for (const { kind, field } of list) {
      if (kind !== "field" || field === null) continue;
      const objects = made.get(field);
      if (!objects) made.set(field, [num]);
      else if (objects.at(-1) !== num) objects.push(num);
    }
  }
  indexed.set(roles, made);
  return made;
}

const PUSH_BUTTON = 0x10000;

function valueChanged(comparison: Comparison, num: number, value: PdfValue): boolean {
  const dict = comparison.after.dict(comparison.after.load(num));
  if (!dict) return true;
  const now = ownerOf(comparison.after, new PdfRef(num), dict).value;
  const [a, b] = [comparison.before.resolve(value), comparison.after.resolve(now)];
  return !sameMeaning(comparison, a, b);
}
