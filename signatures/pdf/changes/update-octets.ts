import { SignaturesError } from "../../errors.ts";
import { equalEntries, readStreamSection, type XrefEntry } from "../cross-reference.ts";
import type { PdfView } from "../document.ts";
import { objectExtent } from "../object-extent.ts";
import { isArray, nameOf, PdfDict, PdfRef, PdfStream, type PdfValue } from "../objects.ts";
import { indexOf, isWhiteSpace, PdfParser } from "../parser.ts";
import { headerBefore } from "../rebuild.ts";
import type { Comparison } from "./rule.ts";

interface Extent {
  readonly start: number;
  readonly end: number;
  /** A cross-reference section, behind which `startxref` and a number stand. */
  readonly section: boolean;
}

/**
 * An update must be one thing to every reader: to those that follow the cross-reference, to those that scan the file for
 * `num gen obj` because something in it is damaged, and to those that take the first or the last of what stands twice. So its
 * octets are its listed objects, its sections and white space; each listed object stands where its entry says; nothing in it
 * is said twice. What a reader would have to guess about is `suspicious` (ISO 32000-2 §7.5.4 to §7.5.8).
 */
export function judgeUpdateOctets(comparison: Comparison, index: number): void {
  const { after } = comparison;
  const { document } = after;
  const revision = document.revisions[index]!;
  const from = document.revisions[index - 1]!.end;
  const to = revision.end;
  for (const name of revision.ambiguities) comparison.report(name, "suspicious", null);

  const extents: Extent[] = revision.sections.map((s) => ({ ...s, section: true }));
  for (const [num, entry] of revision.objects) {
    const old = document.entryAt(index - 1, num);
    if (entry.kind === "free" || (old && equalEntries(old, entry))) continue;
    if (entry.kind === "compressed") {
      judgeMember(comparison, num, entry, revision.objects.get(entry.stream));
    } else if (!revision.bookkeeping.has(num)) {
      const extent = entry.offset >= from && entry.offset < to ? objectExtent(after, num, entry) : null;
      if (extent) extents.push({ ...extent, section: false });
      else comparison.report("entry-leads-elsewhere", "suspicious", num);
    }
    judgeValue(comparison, num, entry, revision.bookkeeping.has(num));
  }
  extents.sort((a, b) => a.start - b.start);
  judgeGaps(comparison, document.bytes, extents, from, to);
  judgeScan(comparison, document.bytes, extents, from, to);
}

/** A compressed object lies in an object stream of the same update, under its own index, once. */
function judgeMember(
  comparison: Comparison,
  num: number,
  entry: { stream: number; index: number },
  container: XrefEntry | undefined,
): void {
  const members = container?.kind === "offset" ? comparison.after.membersOf(entry.stream) : null;
  if (!members || members[entry.index] !== num) comparison.report("entry-leads-elsewhere", "suspicious", num);
  else if (members.indexOf(num) !== members.lastIndexOf(num)) comparison.report("object-twice", "suspicious", num);
}

/** No key stands twice, and nothing but the true catalog and the true sections is named so, as a rebuilding reader looks for them. */
function judgeValue(comparison: Comparison, num: number, entry: XrefEntry, bookkeeping: boolean): void {
  const { after } = comparison;
  const value = after.load(num);
  const dict = value instanceof PdfStream ? value.dict : value;
  if (hasDoubledKey(dict)) comparison.report("key-doubled", "suspicious", num);
  if (!(dict instanceof PdfDict) || bookkeeping) return;
  const type = nameOf(dict.get("Type"));
  const root = after.root;
  const isRoot = root instanceof PdfRef && root.num === num;
  if (type === "Catalog" && !isRoot) comparison.report("second-catalog", "suspicious", num);
  if (type === "XRef" && !repeatsSection(after, entry)) comparison.report("second-cross-reference", "suspicious", num);
}

/** Writers exist that leave a cross-reference stream beside the table that counts: it may say nothing else. */
function repeatsSection(view: PdfView, entry: XrefEntry): boolean {
  if (entry.kind !== "offset") return false;
  const { document } = view;
  try {
    const section = readStreamSection(document.bytes, entry.offset, document.base);
    const [root, other] = [view.root, section.trailer.get("Root")];
    if (!(root instanceof PdfRef && other instanceof PdfRef && root.num === other.num)) return false;
    for (const [num, stated] of section.entries) {
      const known = view.entry(num) ?? { kind: "free", gen: 0 };
      if (!equalEntries(known, stated)) return false;
    }
    return true;
  } catch (error) {
    if (!(error instanceof SignaturesError)) throw error;
    return false;
  }
}

/** Nesting is bounded by the parser. */
function hasDoubledKey(value: PdfValue): boolean {
  if (isArray(value)) return value.some(hasDoubledKey);
  if (!(value instanceof PdfDict)) return false;
  if (value.duplicates) return true;
  for (const entry of value.entries.values()) if (hasDoubledKey(entry)) return true;
  return false;
}

/** Between objects and sections stands white space, comments, and `startxref` with its number behind a section. */
function judgeGaps(
  comparison: Comparison,
  bytes: Uint8Array,
  extents: readonly Extent[],
  from: number,
  to: number,
): void {
  let at = from;
  let section = false;
  for (const extent of [...extents, { start: to, end: to, section: false }]) {
    if (extent.end <= from) continue;
    if (extent.start < at) {
      // One object inside another: the reader of the outer one takes its octets for something else.
      comparison.report("objects-overlap", "suspicious", null);
      return;
    }
    if (!isBlank(bytes, at, extent.start, section)) comparison.report("octets-outside-objects", "suspicious", null);
    at = extent.end;
    section = extent.section;
  }
}

function isBlank(bytes: Uint8Array, from: number, to: number, section: boolean): boolean {
  const parser = new PdfParser(bytes, from, to);
  parser.skip();
  while (section && parser.keyword("startxref")) {
    if (parser.unsigned() === null) return false;
    parser.skip();
  }
  // A section's stream may have lost its last keywords.
  while (section && (parser.keyword("endstream") || parser.keyword("endobj"))) parser.skip();
  return parser.pos >= to;
}

/** Whoever scans the update finds the objects it lists, and its own trailers. */
function judgeScan(
  comparison: Comparison,
  bytes: Uint8Array,
  extents: readonly Extent[],
  from: number,
  to: number,
): void {
  const starts = new Set(extents.map((e) => e.start));
  for (let at = indexOf(bytes, "obj", from, to); at >= 0; at = indexOf(bytes, "obj", at + 3, to)) {
    const header = headerBefore(bytes, at);
    if (header && header.at >= from && !starts.has(header.at)) {
      comparison.report("object-for-scanning-readers", "suspicious", header.num);
      break;
    }
  }
  const sections = extents.filter((e) => e.section);
  for (let at = indexOf(bytes, "trailer", from, to); at >= 0; at = indexOf(bytes, "trailer", at + 7, to)) {
    let next = at + 7;
    while (isWhiteSpace(bytes[next])) next++;
    if (bytes[next] !== 60 || bytes[next + 1] !== 60 || sections.some((s) => s.start <= at && at < s.end)) continue;
    comparison.report("trailer-for-scanning-readers", "suspicious", null);
    break;
  }
}
