import type { XrefChain, XrefEntry, XrefSection } from "./cross-reference.ts";
import type { PdfDict } from "./objects.ts";
import { indexOf, isWhiteSpace, PdfParser, startsWith } from "./parser.ts";

/** One state of the file: what was there before it, and one incremental update (ISO 32000-2 §7.5.6). */
export interface PdfRevision {
  /** 0 is the oldest. */
  readonly index: number;
  /** Offset of the newest cross-reference section of the revision; what its `startxref` says. */
  readonly startxref: number;
  /** Offset after `%%EOF`; where that is missing, after the cross-reference. */
  readonly end: number;
  /** Offset after the end-of-line marker that follows `%%EOF`, or `end`. */
  readonly endOfLine: number;
  readonly xrefKind: "table" | "stream" | "hybrid" | "rebuilt";
  /** The `startxref` before `end` leads to the newest section of this revision, as it must for the revision to be what was there then. */
  readonly confirmed: boolean;
  /** What the revision's sections define, by object number. */
  readonly objects: ReadonlyMap<number, XrefEntry>;
  readonly trailer: PdfDict;
  /** Numbers of the objects that are cross-reference streams of this revision. */
  readonly bookkeeping: ReadonlySet<number>;
  /** Where its cross-reference sections stand, trailers and hybrid streams included. */
  readonly sections: readonly { readonly start: number; readonly end: number }[];
  /** What readers may understand in two ways in its sections, by name. */
  readonly ambiguities: ReadonlySet<string>;
}

/** Where a revision may end after its section: `startxref`, the number and `%%EOF` stand within this distance. */
const TAIL = 4096;

/**
 * The revisions behind a chain of sections, oldest first. The two sections of a linearised file are one revision (§F.3.4:
 * the first points forward), and so are any whose /Prev points forward.
 */
export function buildRevisions(bytes: Uint8Array, chain: XrefChain, base = 0): PdfRevision[] {
  const groups: XrefSection[][] = [];
  let group: XrefSection[] = [];
  chain.sections.forEach((section, i) => {
    group.push(section);
    const older = chain.sections[i + 1];
    if (older && older.offset > section.offset) return;
    groups.push(group);
    group = [];
  });
  if (group.length) groups.push(group);
  groups.reverse();
  let highest = 0;
  return groups.map((sections, index) => {
    const newest = sections[0]!;
    let end = 0;
    let confirmed = false;
    const bookkeeping = new Set<number>();
    for (const section of sections) {
      const tail = readTail(bytes, section.end);
      if (tail.end > end) {
        end = tail.end;
        // To the newest: an older section alone would let a later update slip another one in between.
        confirmed = tail.startxref !== null && leadsTo(bytes, tail.startxref + base, newest.offset);
      }
      if (tail.startxref === null) chain.anomalies.add("revision-without-eof");
      if (section.streamObject !== null) bookkeeping.add(section.streamObject);
      if (section.hybridObject !== null) bookkeeping.add(section.hybridObject);
    }
    if (index > 0 && end <= highest) chain.anomalies.add("revisions-out-of-order");
    highest = Math.max(highest, end);
    return {
      index,
      startxref: newest.offset,
      end,
      confirmed,
      endOfLine: afterEndOfLine(bytes, end),
      xrefKind: newest.kind,
      objects: sections.length === 1 ? newest.entries : merge(sections),
      trailer: newest.trailer,
      bookkeeping,
      sections: sections.flatMap((s) => [{ start: s.offset, end: s.end }, ...(s.hybridPlace ? [s.hybridPlace] : [])]),
      ambiguities: new Set(sections.flatMap((s) => [...s.ambiguities])),
    };
  });
}

function merge(sections: readonly XrefSection[]): Map<number, XrefEntry> {
  const out = new Map<number, XrefEntry>();
  for (const section of sections) {
    for (const [num, entry] of section.entries) if (!out.has(num)) out.set(num, entry);
  }
  return out;
}

/** What stands behind a section: the number after `startxref`, and the end of `%%EOF`. */
function readTail(bytes: Uint8Array, from: number): { startxref: number | null; end: number } {
  const keyword = indexOf(bytes, "startxref", from, Math.min(bytes.length, from + TAIL));
  const marker = keyword < 0 ? -1 : indexOf(bytes, "%%EOF", keyword, Math.min(bytes.length, keyword + 128));
  if (marker < 0) return { startxref: null, end: from };
  return { startxref: new PdfParser(bytes, keyword + 9, marker).unsigned(), end: marker + 5 };
}

const leadsTo = (bytes: Uint8Array, target: number, section: number): boolean =>
  target <= section && section - target < 64 && onlyWhiteSpace(bytes, target, section);

/** Offset after one end-of-line marker at `at`, if one stands there. */
export function afterEndOfLine(bytes: Uint8Array, at: number): number {
  if (bytes[at] === 13) return bytes[at + 1] === 10 ? at + 2 : at + 1;
  return bytes[at] === 10 ? at + 1 : at;
}

/** True when nothing but white space stands in `[from, to)`. */
export function onlyWhiteSpace(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (!isWhiteSpace(bytes[at])) return false;
  return true;
}

/** Offset of `%PDF-` within the first 1024 octets, or -1. */
export function findHeader(bytes: Uint8Array): number {
  return startsWith(bytes, 0, "%PDF-") ? 0 : indexOf(bytes, "%PDF-", 0, 1024 + 5);
}
