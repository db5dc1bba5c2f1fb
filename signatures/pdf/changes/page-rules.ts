import { ownerOf } from "../field-owner.ts";
import { isArray, nameOf, type PdfArray, PdfDict, PdfRef, type PdfValue, sameValue } from "../objects.ts";
import { walkFields } from "../walk-fields.ts";
import { marksOnly } from "./markup-appearance.ts";
import { isPrivateEntry } from "./private-entry.ts";
import { addedElements, type Comparison, changedEntries, isNew, type Rule, safe } from "./rule.ts";
import { hasForeignEntry, isVisible, widgetsCoverPage } from "./signature-rules.ts";

/** A page (ISO 32000-2 §7.7.3.3): annotations may come by their own rule; what it shows stays. */
export const pageRule: Rule = (comparison, change) => {
  if (!(change.from instanceof PdfDict) || !(change.to instanceof PdfDict)) {
    comparison.report("page-replaced", "suspicious", change.object);
    return;
  }
  for (const { key, from, to } of changedEntries(comparison, change.from, change.to)) {
    if (key === "Annots") {
      compareAnnotations(comparison, change.object, comparison.before.array(from), comparison.after.array(to));
    } else if (key === "Tabs") comparison.report("page-tab-order", "lta", change.object);
    else if (isPrivateEntry(key, to)) comparison.report("private-entry", "lta", change.object);
    else comparison.report(`page-entry-${safe(key)}`, "suspicious", change.object);
  }
};

export const annotationsRule: Rule = (comparison, change) =>
  compareAnnotations(
    comparison,
    change.object,
    isArray(change.from) ? change.from : null,
    isArray(change.to) ? change.to : null,
  );

/** /Annots: every old annotation stays in its order. */
function compareAnnotations(
  comparison: Comparison,
  object: number | null,
  from: PdfArray | null,
  to: PdfArray | null,
): void {
  const added = to ? addedElements(comparison, from ?? [], to) : from?.length ? null : [];
  if (!added) {
    comparison.report("annotation-removed", "suspicious", object);
    return;
  }
  for (const item of added) judgeNewAnnotation(comparison, object, item);
  if (widgetsCoverPage(comparison, added)) comparison.report("widgets-cover-page", "suspicious", object);
}

/**
 * Markup that comments on what is there. Types that put something of their own over the page (FreeText, Stamp, Redact, …)
 * can hide or replace what was signed ("evil annotation"), and no rule admits them.
 */
const COMMENTS = new Set(["Text", "Popup", "Highlight", "Underline", "StrikeOut", "Squiggly", "Caret"]);

function judgeNewAnnotation(comparison: Comparison, page: number | null, item: PdfValue): void {
  const { after } = comparison;
  const dict = after.resolve(item);
  const object = item instanceof PdfRef ? item.num : page;
  if (!(dict instanceof PdfDict)) {
    // A stream among the annotations would be content to who reads the list as such.
    comparison.report("annotation-unreadable", dict === null ? "lta" : "suspicious", object);
    return;
  }
  const subtype = nameOf(after.get(dict, "Subtype"));
  if (subtype === "Widget") {
    judgeNewWidget(comparison, object, item, dict);
    return;
  }
  if (!isNew(comparison, item)) comparison.report("annotation-reused", "suspicious", object);
  else if (subtype === null || !COMMENTS.has(subtype) || !marksOnly(after, dict))
    comparison.report("annotation-may-hide-content", "suspicious", object);
  else if (![...dict.entries].every(([key, value]) => COMMENT_ENTRIES.has(key) || isPrivateEntry(key, value)))
    comparison.report("annotation-with-action", "suspicious", object);
  else comparison.report("annotation-added", "annotations", object);
}

/** Entries of a comment (tables 166, 172 and 175 to 186): none of them acts or depends on a layer. */
const COMMENT_ENTRIES = new Set(
  `Type Subtype Rect Contents P NM M F AP AS Border BS BE C CA T Popup RC CreationDate IRT Subj RT IT QuadPoints Open Name State
  StateModel Parent StructParent Lang RD Sy IC ca BM`.split(/\s+/),
);

/** A widget belongs to a signature field, new or old; the field's own rule judges what it signs. */
function judgeNewWidget(comparison: Comparison, object: number | null, item: PdfValue, dict: PdfDict): void {
  const { after } = comparison;
  const { name, type, value, listed } = ownerOf(after, item, dict);
  const known = comparison.roles.get(item instanceof PdfRef ? item.num : -1) ?? [];
  const fresh = known.every((r) => r.kind === "field" && r.field === name);
  if (!fresh || type !== "Sig") {
    comparison.report("widget-added", "suspicious", object, name);
    return;
  }
  if (hasForeignEntry(comparison, dict)) comparison.report("field-with-action", "suspicious", object, name);
  if (value === null && isVisible(comparison, dict)) {
    comparison.report("empty-signature-field-visible", "suspicious", object, name);
  } else if (isVisible(comparison, dict) && !(listed && isNewlySigned(comparison, value))) {
    // Nobody signs by it: a picture over the page that borrows the name of a signature.
    comparison.report("widget-without-signing", "suspicious", object, name);
  } else comparison.report("signature-widget-added", "lta", object, name);
}

/** The signature that the widget shows came with this update, where the rule for its field judges it and its pictures. */
function isNewlySigned({ before, after }: Comparison, value: PdfValue): boolean {
  const signature = after.dict(value);
  if (!signature) return false;
  return !walkFields(before).some((field) => {
    const old = before.dict(field.value);
    return old !== null && sameValue(old, signature);
  });
}

/** Entries of a comment that editing it may change (§12.5.2, §12.5.6.2). */
const EDITED = new Set("Contents RC M AP AS Popup F NM T Open State StateModel C CA Subj".split(" "));

/** Those that change what the page shows. */
const SHOWN = new Set(["AP", "AS", "F"]);

/** An annotation that is no widget: comments may be edited, others stay. */
export const annotationRule: Rule = (comparison, change) => {
  if (!(change.from instanceof PdfDict) || !(change.to instanceof PdfDict)) {
    comparison.report("annotation-replaced", "suspicious", change.object);
    return;
  }
  const subtype = nameOf(comparison.before.get(change.from, "Subtype"));
  const comment = subtype !== null && COMMENTS.has(subtype);
  const { from, to } = change;
  for (const { key } of changedEntries(comparison, from, to)) {
    // A picture that hid something was part of what was signed, and so is one that did not.
    const harmless = !SHOWN.has(key) || (marksOnly(comparison.before, from) && marksOnly(comparison.after, to));
    const fine = comment && EDITED.has(key) && harmless;
    comparison.report(
      fine ? "annotation-edited" : `annotation-entry-${safe(key)}`,
      fine ? "annotations" : "suspicious",
      change.object,
    );
  }
};
