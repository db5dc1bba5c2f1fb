import { SignaturesError } from "../errors.ts";
import { MAX_OBJECT_NUMBER } from "./cross-reference.ts";
import type { PdfDocument } from "./document.ts";
import { integerOf, PdfDict, type PdfRef, type PdfValue, pdfName } from "./objects.ts";
import { PdfWriter } from "./write-value.ts";

/** Objects of one incremental update, by number. An object that needs its offset known is written by a function. */
export type RevisionObjects = ReadonlyMap<number, PdfValue | ((writer: PdfWriter) => void)>;

/** The first object number that nothing in the file uses, cross-reference and object streams included. */
export function nextObjectNumber(document: PdfDocument): number {
  // /Size must cover them, yet some writers get it wrong; the entries themselves are asked too.
  let next = 1;
  for (const revision of document.revisions) {
    const size = integerOf(revision.trailer.get("Size")) ?? 0;
    if (size <= MAX_OBJECT_NUMBER) next = Math.max(next, size);
    for (const num of revision.objects.keys()) if (num >= next) next = num + 1;
    for (const num of revision.bookkeeping) if (num >= next) next = num + 1;
  }
  return next;
}

/** Trailer entries that describe one section or its stream, and never pass to the next. */
const OF_ONE_SECTION = ["Prev", "XRefStm", "Type", "W", "Index", "Length", "Filter", "DecodeParms", "DL"];

/**
 * Appends an incremental update (ISO 32000-2 §7.5.6): the old octets stay as they are, the new section is of the same kind as
 * the last one, a table behind a hybrid. `root` replaces /Root where given. A file in a buffer with room (`octetsWithRoom`) is not copied:
 * the result shares its first octets with `document.bytes`, which stays as it is.
 * @throws SignaturesError PDF_ENCRYPTED, PDF_MALFORMED when the file's cross-reference had to be rebuilt
 */
export function appendRevision(document: PdfDocument, objects: RevisionObjects, root?: PdfRef): Uint8Array {
  assertAppendable(document);
  const { bytes } = document;
  const last = document.revisions[document.revisions.length - 1]!;
  const writer = new PdfWriter(bytes.length);
  const lastOctet = bytes[bytes.length - 1];
  if (lastOctet !== 10 && lastOctet !== 13) writer.put("\n");
  const stream = last.xrefKind === "stream";
  let size = nextObjectNumber(document);
  for (const num of objects.keys()) size = Math.max(size, num + 1);
  const streamNumber = size;
  if (stream) size++;
  const numbers = [...objects.keys()].sort((a, b) => a - b);
  const entries: XrefRow[] = [];
  for (const num of numbers) {
    const entry = document.entryAt(document.revisions.length - 1, num);
    const gen = entry?.kind === "offset" ? entry.gen : 0;
    entries.push({ num, offset: writer.offset, gen });
    writer.put(`${num} ${gen} obj\n`);
    const body = objects.get(num)!;
    if (typeof body === "function") body(writer);
    else writer.value(body);
    writer.put("\nendobj\n");
  }
  const trailer = new Map<string, PdfValue>();
  for (const [key, value] of last.trailer.entries) if (!OF_ONE_SECTION.includes(key)) trailer.set(key, value);
  trailer.set("Size", size);
  trailer.set("Root", root ?? document.latest.root);
  trailer.set("Prev", last.startxref - headerOffset(document));
  const start = writer.offset;
  if (stream) writeStream(writer, trailer, entries, streamNumber, document);
  else writeTable(writer, trailer, entries, document);
  writer.put(`startxref\n${start - headerOffset(document)}\n%%EOF\n`);
  return writer.finish(bytes);
}

interface XrefRow {
  readonly num: number;
  readonly offset: number;
  readonly gen: number;
}

/** @throws SignaturesError PDF_ENCRYPTED, PDF_MALFORMED */
export function assertAppendable(document: PdfDocument): void {
  if (document.encrypted) throw new SignaturesError("PDF_ENCRYPTED", "an encrypted file cannot be signed");
  if (document.repaired || document.anomalies.has("startxref-corrected")) {
    throw new SignaturesError("PDF_MALFORMED", "the cross-reference is damaged; have the file written anew first");
  }
}

/** Offsets in a file with octets before its header count from the header (annex I of ISO 32000-1). */
function headerOffset(document: PdfDocument): number {
  return document.base;
}

function* runs(entries: readonly XrefRow[]): Generator<XrefRow[]> {
  let run: XrefRow[] = [];
  for (const entry of entries) {
    if (run.length && entry.num !== run[run.length - 1]!.num + 1) {
      yield run;
      run = [];
    }
    run.push(entry);
  }
  if (run.length) yield run;
}

function writeTable(
  writer: PdfWriter,
  trailer: Map<string, PdfValue>,
  entries: readonly XrefRow[],
  document: PdfDocument,
): void {
  const base = headerOffset(document);
  writer.put("xref\n");
  for (const run of runs(entries)) {
    writer.put(`${run[0]!.num} ${run.length}\n`);
    for (const { offset, gen } of run) {
      if (offset - base > 9_999_999_999)
        throw new SignaturesError("PDF_LIMIT", "file too large for a cross-reference table");
      writer.put(`${String(offset - base).padStart(10, "0")} ${String(gen).padStart(5, "0")} n\r\n`);
    }
  }
  writer.put("trailer\n").value(new PdfDict(trailer)).put("\n");
}

function writeStream(
  writer: PdfWriter,
  trailer: Map<string, PdfValue>,
  entries: readonly XrefRow[],
  num: number,
  document: PdfDocument,
): void {
  const base = headerOffset(document);
  const rows = [...entries, { num, offset: writer.offset, gen: 0 }];
  let width = 1;
  while (256 ** width <= writer.offset) width++;
  const data = new Uint8Array(rows.length * (width + 3));
  const index: number[] = [];
  let at = 0;
  for (const run of runs(rows)) {
    index.push(run[0]!.num, run.length);
    for (const row of run) {
      data[at++] = 1;
      for (let i = width - 1, rest = row.offset - base; i >= 0; i--, rest = Math.floor(rest / 256))
        data[at + i] = rest & 0xff;
      at += width;
      data[at++] = row.gen >> 8;
      data[at++] = row.gen & 0xff;
    }
  }
  const dict = new Map<string, PdfValue>([
    ["Type", pdfName("XRef")],
    ...trailer,
    ["W", [1, width, 2]],
    ["Index", index],
    ["Length", data.length],
  ]);
  writer.put(`${num} 0 obj\n`).value(new PdfDict(dict)).put("\nstream\n").bytes(data).put("\nendstream\nendobj\n");
}
