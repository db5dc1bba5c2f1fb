import { SignaturesError } from "../errors.ts";
import { readXrefChain, type XrefEntry } from "./cross-reference.ts";
import { standardDecryptor } from "./encryption/standard-security-handler.ts";
import { ObjectLoader } from "./object-loader.ts";
import { isArray, type PdfArray, PdfDict, PdfRef, PdfStream, type PdfValue } from "./objects.ts";
import { indexOf, lastIndexOf, PdfParser, startsWith } from "./parser.ts";
import { rebuildXref } from "./rebuild.ts";
import { buildRevisions, findHeader, type PdfRevision } from "./revisions.ts";

const MAX_HOPS = 16;
/** With more revisions than this, lookups go through an index instead of from revision to revision. */
const FEW_REVISIONS = 8;

/**
 * A PDF file as it lies in memory: its revisions and, on demand, its objects. Nothing is copied; objects are read when asked
 * for and kept in a bounded cache.
 */
export class PdfDocument {
  readonly bytes: Uint8Array;
  /** Oldest first; at least one. */
  readonly revisions: readonly PdfRevision[];
  /** The cross-reference was damaged and has been rebuilt by scanning: there is one revision, and it is a guess. */
  readonly repaired: boolean;
  /** An /Encrypt dictionary is present. Such a file is read where `decrypted`, and never written to. */
  readonly encrypted: boolean;
  /** The empty password opened it: strings and streams read as plaintext. */
  readonly decrypted: boolean;
  /** Deviations from the standard met so far, by name. Grows as objects are read. */
  readonly anomalies: Set<string>;
  /** Octets before the header, where offsets in the file count from the header; else 0. */
  readonly base: number;
  private readonly loader: ObjectLoader;
  private readonly views: (PdfView | undefined)[] = [];
  private history: Map<number, { revision: number; entry: XrefEntry }[]> | null = null;

  constructor(
    bytes: Uint8Array,
    revisions: readonly PdfRevision[],
    repaired: boolean,
    anomalies: Set<string>,
    base = 0,
  ) {
    this.base = base;
    this.bytes = bytes;
    this.revisions = revisions;
    this.repaired = repaired;
    this.anomalies = anomalies;
    this.encrypted = revisions.some((r) => r.trailer.get("Encrypt") !== null);
    this.loader = new ObjectLoader(
      bytes,
      anomalies,
      revisions.map((r) => r.end),
    );
    const view = this.encrypted ? this.latest : null;
    const decryptor = view && standardDecryptor(view, view.trailer.get("ID"));
    if (decryptor) this.loader.decryptWith(decryptor);
    this.decrypted = decryptor !== null;
  }

  /** The file as it stands. */
  get latest(): PdfView {
    return this.atRevision(this.revisions.length - 1);
  }

  /** The file as it stood at the end of revision `index`. */
  atRevision(index: number): PdfView {
    const known = this.views[index];
    if (known) return known;
    if (!this.revisions[index]) throw new RangeError(`no revision ${index}`);
    const view = new PdfView(this, index, this.loader);
    this.views[index] = view;
    return view;
  }

  /** Where object `num` stands as of revision `index`; null where it is free or unknown. */
  entryAt(index: number, num: number): XrefEntry | null {
    const entry = this.revisions.length > FEW_REVISIONS ? this.indexed(index, num) : this.walked(index, num);
    return entry === undefined || entry.kind === "free" ? null : entry;
  }

  private walked(index: number, num: number): XrefEntry | undefined {
    for (let i = index; i >= 0; i--) {
      const entry = this.revisions[i]!.objects.get(num);
      if (entry) return entry;
    }
    return undefined;
  }

  private indexed(index: number, num: number): XrefEntry | undefined {
    if (!this.history) {
      this.history = new Map();
      for (const revision of this.revisions) {
        for (const [key, entry] of revision.objects) {
          const list = this.history.get(key);
          if (list) list.push({ revision: revision.index, entry });
          else this.history.set(key, [{ revision: revision.index, entry }]);
        }
      }
    }
    const list = this.history.get(num);
    if (!list) return undefined;
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle]!.revision <= index) low = middle + 1;
      else high = middle;
    }
    return list[low - 1]?.entry;
  }
}

/** The objects as of one revision. What cannot be read is null and leaves a name among the document's anomalies. */
export class PdfView {
  readonly document: PdfDocument;
  readonly index: number;
  private readonly loader: ObjectLoader;

  constructor(document: PdfDocument, index: number, loader: ObjectLoader) {
    this.document = document;
    this.index = index;
    this.loader = loader;
  }

  get trailer(): PdfDict {
    return this.document.revisions[this.index]!.trailer;
  }

  /** The reference to the catalog; an update that forgets /Root keeps the one before. */
  get root(): PdfValue {
    for (let i = this.index; i >= 0; i--) {
      const root = this.document.revisions[i]!.trailer.get("Root");
      if (root !== null) return root;
    }
    return null;
  }

  /** The document catalog (ISO 32000-2 §7.7.2); an empty dictionary where there is none. */
  get catalog(): PdfDict {
    return this.dict(this.root) ?? new PdfDict(new Map());
  }

  entry(num: number): XrefEntry | null {
    return this.document.entryAt(this.index, num);
  }

  /** The object with this number, or null. */
  load(num: number): PdfValue {
    const entry = this.entry(num);
    return entry === null ? null : this.loader.load(num, entry, this);
  }

  /** Follows references until a direct object; null for what is free, missing, damaged or circular. */
  resolve(value: PdfValue): PdfValue {
    let at = value;
    for (let hops = 0; at instanceof PdfRef; hops++) {
      if (hops >= MAX_HOPS) return null;
      const entry = this.entry(at.num);
      if (entry === null || (entry.kind === "offset" ? entry.gen : 0) !== at.gen) return null;
      at = this.loader.load(at.num, entry, this);
    }
    return at;
  }

  /** The resolved value of an entry. */
  get(dict: PdfDict, key: string): PdfValue {
    return this.resolve(dict.get(key));
  }

  /** The dictionary behind `value`, of a stream too; or null. */
  dict(value: PdfValue): PdfDict | null {
    const at = this.resolve(value);
    return at instanceof PdfDict ? at : at instanceof PdfStream ? at.dict : null;
  }

  array(value: PdfValue): PdfArray | null {
    const at = this.resolve(value);
    return isArray(at) ? at : null;
  }

  /** Object numbers in object stream `num` in their order; null where it cannot be read. */
  membersOf(num: number): readonly number[] | null {
    return this.loader.membersOf(num, this);
  }

  /** Decoded octets of a stream. @throws SignaturesError PDF_MALFORMED, PDF_LIMIT */
  decode(stream: PdfStream): Uint8Array {
    return this.loader.decode(stream, this);
  }
}

/**
 * Opens a PDF file: header, all cross-reference sections, revisions. Objects are read later, as needed. A file whose
 * cross-reference leads nowhere is rebuilt by scanning and says `repaired`.
 * @throws SignaturesError PDF_NOT_A_PDF, PDF_MALFORMED, PDF_LIMIT
 */
export function openPdf(bytes: Uint8Array): PdfDocument {
  const header = findHeader(bytes);
  if (header < 0) throw new SignaturesError("PDF_NOT_A_PDF", "no %PDF- header in the first 1024 octets");
  const document = openByXref(bytes, 0) ?? (header > 0 ? openByXref(bytes, header) : null);
  if (document) {
    if (header > 0) document.anomalies.add("octets-before-header");
    return document;
  }
  return openByScan(bytes);
}

function openByXref(bytes: Uint8Array, base: number): PdfDocument | null {
  const start = locateXref(bytes, base);
  if (!start) return null;
  try {
    const chain = readXrefChain(bytes, start.offset, base);
    if (!start.exact) chain.anomalies.add("startxref-corrected");
    const document = new PdfDocument(bytes, buildRevisions(bytes, chain, base), false, chain.anomalies, base);
    if (document.encrypted) return document;
    const view = document.latest;
    return view.dict(view.catalog.get("Pages")) ? document : null;
  } catch (error) {
    // A damaged cross-reference is rebuilt; limits are not.
    if (error instanceof SignaturesError && error.code === "PDF_MALFORMED") return null;
    throw error;
  }
}

function openByScan(bytes: Uint8Array): PdfDocument {
  const { entries, trailer } = rebuildXref(bytes);
  const revision: PdfRevision = {
    index: 0,
    startxref: -1,
    end: bytes.length,
    endOfLine: bytes.length,
    confirmed: false,
    xrefKind: "rebuilt",
    objects: entries,
    trailer,
    bookkeeping: new Set(),
    sections: [],
    ambiguities: new Set(),
  };
  return new PdfDocument(bytes, [revision], true, new Set(["xref-rebuilt"]));
}

/** Offset of the newest section, from the last `startxref` of the file. */
function locateXref(bytes: Uint8Array, base: number): { offset: number; exact: boolean } | null {
  const keyword = lastIndexOf(bytes, "startxref", 0, bytes.length);
  if (keyword < 0) return null;
  const target = new PdfParser(bytes, keyword + 9).unsigned();
  if (target === null || target + base >= bytes.length) return null;
  const offset = target + base;
  const parser = new PdfParser(bytes, offset);
  parser.skip();
  if (startsWith(bytes, parser.pos, "xref") || parser.objectHeader()) return { offset, exact: true };
  // Off by a few octets, as after a change of line ends.
  const from = Math.max(0, offset - 32);
  for (let at = indexOf(bytes, "xref", from, offset + 36); at >= 0; at = indexOf(bytes, "xref", at + 1, offset + 36)) {
    if (!startsWith(bytes, at - 5, "start")) return { offset: at, exact: false };
  }
  return null;
}
