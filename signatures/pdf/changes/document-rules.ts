import type { PdfView } from "../document.ts";
import { isArray, PdfDict, PdfName, PdfRef, PdfStream, type PdfValue, sameValue } from "../objects.ts";
import { compareForm } from "./form-rules.ts";
import { isPrivateEntry } from "./private-entry.ts";
import { BOOKKEEPING } from "./roles.ts";
import { type Change, type Comparison, changedEntries, type Rule, safe } from "./rule.ts";

/**
 * The trailer (ISO 32000-2 §7.5.5): keeping the books and a new information dictionary are free. A new /Root is judged as a
 * change of the catalog, a new /Info shows nothing on a page.
 */
export function compareTrailers(comparison: Comparison): void {
  const { before, after } = comparison;
  const root = { from: before.root, to: after.root };
  if (root.from instanceof PdfRef && root.to instanceof PdfRef && root.from.num !== root.to.num) {
    catalogRule(comparison, {
      object: root.to.num,
      from: before.catalog,
      to: after.catalog,
      role: { kind: "catalog", field: null },
    });
  } else if (!(root.to instanceof PdfRef)) comparison.report("trailer-root-changed", "suspicious", null);
  for (const { key, to } of changedEntries(comparison, before.trailer, after.trailer)) {
    // The first part of the identifier goes into the key of an encrypted file (§7.6.4.3.2): all of it would read otherwise.
    if (key === "ID" && after.document.encrypted && !sameValue(firstOf(before), firstOf(after)))
      comparison.report("encryption-changed", "suspicious", null);
    if (key === "Root" || BOOKKEEPING.has(key)) continue;
    if (key === "Info") comparison.report("document-information", "lta", null);
    // Entries of other makers are not part of the standard and show nothing, unless they carry a document of their own, as
    // LibreOffice's /AdditionalStreams does.
    else if (key === "Encrypt") comparison.report("encryption-changed", "suspicious", null);
    else comparison.report("trailer-entry", leadsToStream(comparison, to, 0) ? "suspicious" : "lta", null);
  }
}

const firstOf = (view: PdfView): PdfValue => view.resolve(view.array(view.trailer.get("ID"))?.[0] ?? null);

function leadsToStream(comparison: Comparison, value: PdfValue, depth: number): boolean {
  const at = comparison.after.resolve(value);
  if (at instanceof PdfStream || depth > 4) return true;
  if (isArray(at)) return at.length > 64 || at.some((item) => leadsToStream(comparison, item, depth + 1));
  // A dictionary that the document uses elsewhere is judged there.
  return at instanceof PdfDict && !(value instanceof PdfRef) && at.entries.size > 0;
}

/** The catalog (§7.7.2): form, security store, extensions, version and metadata may change by their own rules. */
export const catalogRule: Rule = (comparison, change) => {
  const { before, after } = comparison;
  if (!(change.from instanceof PdfDict) || !(change.to instanceof PdfDict)) {
    comparison.report("catalog-replaced", "suspicious", change.object);
    return;
  }
  for (const { key, from, to } of changedEntries(comparison, change.from, change.to)) {
    switch (key) {
      case "AcroForm":
        compareForm(comparison, change.object, before.dict(from), after.dict(to));
        break;
      case "DSS":
        securityStoreRule(comparison, { ...change, from: before.resolve(from), to: after.resolve(to) });
        break;
      case "Extensions":
        extensionsRule(comparison, { ...change, from: before.resolve(from), to: after.resolve(to) });
        break;
      case "Version":
        comparison.report("version", to instanceof PdfName ? "lta" : "suspicious", change.object);
        break;
      case "Metadata":
        metadataRule(comparison, { ...change, from: before.resolve(from), to: after.resolve(to) });
        break;
      default:
        if (isPrivateEntry(key, to)) comparison.report("private-entry", "lta", change.object);
        else comparison.report(`catalog-entry-${safe(key)}`, "suspicious", change.object);
    }
  }
};

/** The nodes of the page tree (§7.7.3.2): pages neither come nor go; private entries mean nothing. */
export const pagesRule: Rule = (comparison, change) => {
  if (!(change.from instanceof PdfDict) || !(change.to instanceof PdfDict)) {
    refuse(comparison, change);
    return;
  }
  for (const { key, to } of changedEntries(comparison, change.from, change.to)) {
    if (isPrivateEntry(key, to)) comparison.report("private-entry", "lta", change.object);
    else comparison.report("pages-changed", "suspicious", change.object);
  }
};

/** The document security store and what belongs to it (§12.8.4.3): it may grow; material of a store shows nothing. */
export const securityStoreRule: Rule = (comparison, change) => {
  const gone = change.to === null && change.from !== null;
  comparison.report(
    gone ? "security-store-removed" : "security-store",
    gone && change.role.kind === "catalog" ? "suspicious" : "lta",
    change.object,
  );
};

/** XMP metadata (§14.3.2): a stream, or nothing. */
export const metadataRule: Rule = (comparison, change) => {
  const fine = change.to === null || change.to instanceof PdfStream;
  comparison.report("metadata", fine ? "lta" : "suspicious", change.object);
};

/** The information dictionary (§14.3.3). */
export const infoRule: Rule = (comparison, change) => comparison.report("document-information", "lta", change.object);

/** Developer extensions (§7.12): a statement of versions. */
export const extensionsRule: Rule = (comparison, change) => comparison.report("extensions", "lta", change.object);

/** What no rule admits, named by its role. */
export const refuse: Rule = (comparison: Comparison, change: Change) => {
  const code =
    change.to === null
      ? `${change.role.kind}-removed`
      : change.from === null
        ? `${change.role.kind}-supplied`
        : `${change.role.kind}-changed`;
  comparison.report(code, "suspicious", change.object, change.role.field);
};
