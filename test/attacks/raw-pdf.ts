/**
 * PDF files put together octet by octet, as an attacker does it: nothing is checked, nothing is corrected. Texts are Latin-1,
 * one octet for each char.
 */

export const octets = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
export const stream = (content: string, entries = ""): string =>
  `<<${entries}/Length ${content.length}>>stream\n${content}\nendstream`;

export type RawObjects = Readonly<Record<number, string>>;

/**
 * A record of one page: 1 catalog, 2 pages, 3 page, 4 content, 5 image, 6 form, 7 text field, 8 its appearance, 9 annotations,
 * 10 information, 11 font.
 */
export const RECORD: RawObjects = {
  1: "<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R>>",
  2: "<</Type/Pages/Kids[3 0 R]/Count 1>>",
  3: "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R/Annots 9 0 R/Resources<</XObject<</Im 5 0 R>>/Font<</F 11 0 R>>>>>>",
  4: stream("BT /F 20 Tf 40 150 Td (Mark: 3) Tj ET /Im Do"),
  5: stream("q Q", "/Type/XObject/Subtype/Form/BBox[0 0 9 9]"),
  6: "<</Fields[7 0 R]/DR<</Font<</F 11 0 R>>>>>>",
  7: "<</Type/Annot/Subtype/Widget/FT/Tx/T(mark)/V(9)/Rect[0 0 50 20]/P 3 0 R/AP<</N 8 0 R>>>>",
  8: stream("(9)Tj", "/Type/XObject/Subtype/Form/BBox[0 0 50 20]"),
  9: "[7 0 R]",
  10: "<</Producer(test)>>",
  11: "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
};

const row = (offset: number, gen: number, kind: "n" | "f"): string =>
  `${String(offset).padStart(10, "0")} ${String(gen).padStart(5, "0")} ${kind}\r\n`;

/** A file with a cross-reference table. */
export function pdfFile(objects: RawObjects, trailer = "/Root 1 0 R/Info 10 0 R"): Uint8Array {
  let out = "%PDF-1.7\n";
  const offsets = new Map<number, number>();
  for (const [num, body] of Object.entries(objects)) {
    offsets.set(Number(num), out.length);
    out += `${num} 0 obj\n${body}\nendobj\n`;
  }
  const start = out.length;
  const size = Math.max(...offsets.keys()) + 1;
  out += `xref\n0 ${size}\n${row(0, 65535, "f")}`;
  for (let num = 1; num < size; num++) {
    const offset = offsets.get(num);
    out += offset === undefined ? row(0, 0, "f") : row(offset, 0, "n");
  }
  return octets(`${out}trailer\n<</Size ${size}${trailer}>>\nstartxref\n${start}\n%%EOF\n`);
}

export const lastStartxref = (file: string): number => Number(/startxref\s+(\d+)\s+%%EOF\s*$/.exec(file)![1]);

export interface RawUpdate {
  readonly objects?: RawObjects;
  /** Octets put before the cross-reference section, in no object. */
  readonly junk?: string;
  /** Rows of the table by number, instead of the objects' own places. */
  readonly rows?: Readonly<Record<number, { offset: number; gen?: number; kind?: "n" | "f" }>>;
  /** Appended to the table before `trailer`. */
  readonly moreRows?: string;
  /** Instead of the whole trailer dictionary; `prev` is the place of the section before. */
  readonly trailer?: (prev: number) => string;
  /** Behind `%%EOF`. */
  readonly tail?: string;
}

/** One more update with a cross-reference table. */
export function appendRaw(file: Uint8Array, update: RawUpdate): Uint8Array {
  let out = textOf(file);
  const prev = lastStartxref(out);
  const size = Math.max(...[...out.matchAll(/\/Size (\d+)/g)].map((m) => Number(m[1])), 200);
  const rows = new Map<number, string>();
  for (const [num, body] of Object.entries(update.objects ?? {})) {
    rows.set(Number(num), row(out.length, 0, "n"));
    out += `${num} 0 obj\n${body}\nendobj\n`;
  }
  for (const [num, r] of Object.entries(update.rows ?? {}))
    rows.set(Number(num), row(r.offset, r.gen ?? 0, r.kind ?? "n"));
  out += update.junk ?? "";
  const start = out.length;
  out += "xref\n";
  if (rows.size === 0) out += "0 0\n";
  for (const [num, text] of [...rows].sort((a, b) => a[0] - b[0])) out += `${num} 1\n${text}`;
  out += update.moreRows ?? "";
  const trailer = update.trailer?.(prev) ?? `<</Size ${size}/Root 1 0 R/Info 10 0 R/Prev ${prev}>>`;
  return octets(`${out}trailer\n${trailer}\nstartxref\n${start}\n%%EOF\n${update.tail ?? ""}`);
}

/** The newest definition of an object, as it is written in the file. */
export function bodyOf(file: Uint8Array, num: number): string {
  const found = [...textOf(file).matchAll(new RegExp(`(?:^|[\\r\\n])${num} 0 obj\\s*([\\s\\S]*?)\\s*endobj`, "g"))];
  const last = found.at(-1);
  if (!last) throw new Error(`no object ${num}`);
  return last[1]!;
}
