import { createHash } from "node:crypto";
import { LruCache } from "@hocba/certs/crypto";
import { PdfDict, PdfRef, PdfStream, PdfString, type PdfValue, pdfName } from "@hocba/signatures/pdf";
import { zlibSync } from "fflate";
import { type Face, faceFile, recordFace, repertoire } from "./record-fonts.ts";
import { subsetTrueType } from "./subset-true-type.ts";

/**
 * A face with the letters of Vietnamese and ASCII, as it is embedded into documents: made once, the same octets for all of them, so that
 * later pictures of a document can refer to the font of the first.
 */
export interface PreparedFace {
  /** Width of a line of text in points; what the face lacks is written as a question mark. */
  widthOfTextAtSize(text: string, size: number): number;
  /** The operand of `Tj` that shows the text (ISO 32000-2 §9.7.6). */
  encode(text: string): string;
  /** The Type 0 font, among `objects`. */
  readonly ref: PdfRef;
  /** The font and all that it refers to; numbers of two faces are never the same. */
  readonly objects: ReadonlyMap<number, PdfValue>;
}

/** First object number of a face. */
const FIRST: Record<Face, number> = { regular: 10, bold: 20, italic: 30 };
/** Line of text with letters that are not in the repertoire: names of other peoples, abroad. */
const KEPT = 64;
const MISSING = 0x3f;

const prepared = new LruCache<string, PreparedFace>(KEPT);

/** The face, with every letter of `texts` that the font has. @throws DrawingError `FONT_MISSING` */
export async function preparedFace(face: Face, texts: readonly string[]): Promise<PreparedFace> {
  const more = [...new Set(texts.join(""))].map(codePoint).filter((each) => !repertoire.has(each));
  const key = `${face}/${more.sort((a, b) => a - b).join(",")}`;
  let made = prepared.get(key);
  if (made === undefined) {
    made = await prepare(face, more);
    prepared.set(key, made);
  }
  return made;
}

/** What fontkit knows and its types leave out. */
interface Parsed {
  readonly postscriptName: string;
  readonly unitsPerEm: number;
  readonly ascent: number;
  readonly descent: number;
  readonly capHeight: number;
  readonly italicAngle: number;
  readonly bbox: { readonly minX: number; readonly minY: number; readonly maxX: number; readonly maxY: number };
  hasGlyphForCodePoint(codePoint: number): boolean;
  glyphForCodePoint(codePoint: number): { readonly id: number };
}

async function prepare(face: Face, more: readonly number[]): Promise<PreparedFace> {
  const font = (await recordFace(face)) as unknown as Parsed;
  const letters = [...repertoire, ...more].filter((each) => font.hasGlyphForCodePoint(each)).sort((a, b) => a - b);
  const glyphOf = new Map(letters.map((letter) => [letter, font.glyphForCodePoint(letter).id]));
  const subset = subsetTrueType(await faceFile(face), [...glyphOf.values()]);
  const number = new Map(subset.glyphs.map((glyph, cid) => [glyph, cid]));
  const cidOf = new Map(letters.map((letter) => [letter, number.get(glyphOf.get(letter)!)!]));
  const widths = subset.advances.map((advance) => Math.round((advance * 1000) / subset.unitsPerEm));
  const cid = (letter: string) => cidOf.get(codePoint(letter)) ?? cidOf.get(MISSING) ?? 0;
  return {
    widthOfTextAtSize: (text, size) => ([...text].reduce((sum, letter) => sum + widths[cid(letter)]!, 0) * size) / 1000,
    encode: (text) => `<${[...text].map((letter) => hex(cid(letter))).join("")}>`,
    ref: new PdfRef(FIRST[face]),
    objects: fontObjects(FIRST[face], font, face, subset.file, widths, toUnicode(cidOf)),
  };
}

/** Type 0 font, CIDFont, descriptor, font program, ToUnicode map and CIDSet (ISO 32000-2 §9.7 to §9.10). */
function fontObjects(
  first: number,
  font: Parsed,
  face: Face,
  file: Uint8Array,
  widths: readonly number[],
  unicode: string,
): Map<number, PdfValue> {
  const [cidFont, descriptor, program, map, set] = [1, 2, 3, 4, 5].map((i) => new PdfRef(first + i)) as [
    PdfRef,
    PdfRef,
    PdfRef,
    PdfRef,
    PdfRef,
  ];
  const name = pdfName(`${tagOf(file)}+${font.postscriptName}`);
  const scaled = (value: number) => Math.round((value * 1000) / font.unitsPerEm);
  const { minX, minY, maxX, maxY } = font.bbox;
  const system = PdfDict.of({ Registry: textOf("Adobe"), Ordering: textOf("Identity"), Supplement: 0 });
  return new Map<number, PdfValue>([
    [
      first,
      PdfDict.of({
        Type: pdfName("Font"),
        Subtype: pdfName("Type0"),
        BaseFont: name,
        Encoding: pdfName("Identity-H"),
        DescendantFonts: [cidFont],
        ToUnicode: map,
      }),
    ],
    [
      cidFont.num,
      PdfDict.of({
        Type: pdfName("Font"),
        Subtype: pdfName("CIDFontType2"),
        BaseFont: name,
        CIDSystemInfo: system,
        CIDToGIDMap: pdfName("Identity"),
        FontDescriptor: descriptor,
        W: [0, widths],
      }),
    ],
    [
      descriptor.num,
      PdfDict.of({
        Type: pdfName("FontDescriptor"),
        FontName: name,
        // Serif and symbolic: the glyphs are no standard set (table 121).
        Flags: 6,
        FontBBox: [minX, minY, maxX, maxY].map(scaled),
        ItalicAngle: font.italicAngle,
        Ascent: scaled(font.ascent),
        Descent: scaled(font.descent),
        CapHeight: scaled(font.capHeight || font.ascent),
        StemV: face === "bold" ? 138 : 84,
        FontFile2: program,
        CIDSet: set,
      }),
    ],
    [program.num, packed(file, { Length1: file.length })],
    [map.num, packed(octetsOf(unicode))],
    // Asked for by PDF/A-1, and right for PDF/A-2 as long as it names every glyph of the program.
    [set.num, packed(allOf(widths.length))],
  ]);
}

/** Six letters that name the subset (§9.9.2). */
function tagOf(file: Uint8Array): string {
  const digest = createHash("sha256").update(file).digest();
  return String.fromCharCode(...digest.subarray(0, 6).map((octet) => 65 + (octet % 26)));
}

/** One bit for each CID, the first one highest. */
function allOf(count: number): Uint8Array {
  const bits = new Uint8Array(Math.ceil(count / 8)).fill(0xff);
  if (count % 8 !== 0) bits[bits.length - 1] = 0xff << (8 - (count % 8));
  return bits;
}

/** The characters that CIDs stand for (§9.10.3): runs that keep the upper octet on both sides, at most a hundred in a block. */
function toUnicode(cidOf: ReadonlyMap<number, number>): string {
  const runs: [cid: number, last: number, letter: number][] = [];
  for (const [letter, cid] of [...cidOf].sort((a, b) => a[1] - b[1])) {
    const run = runs.at(-1);
    // Two letters of one glyph: the lower one stands.
    if (run !== undefined && cid <= run[1]) continue;
    const next = run !== undefined && cid === run[1] + 1 && letter === run[2] + (cid - run[0]);
    if (next && cid % 256 !== 0 && letter % 256 !== 0 && letter <= 0xffff) run[1] = cid;
    else runs.push([cid, cid, letter]);
  }
  let blocks = "";
  for (let at = 0; at < runs.length; at += 100) {
    const block = runs.slice(at, at + 100);
    const lines = block.map(([cid, last, letter]) => `<${hex(cid)}><${hex(last)}><${utf16(letter)}>\n`);
    blocks += `${block.length} beginbfrange\n${lines.join("")}endbfrange\n`;
  }
  return `/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo <</Registry(Adobe)/Ordering(UCS)/Supplement 0>> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000><ffff>
endcodespacerange
${blocks}endcmap
CMapName currentdict /CMap defineresource pop
end
end
`;
}

const codePoint = (letter: string): number => letter.codePointAt(0) ?? MISSING;
const hex = (number: number): string => number.toString(16).padStart(4, "0");
const utf16 = (letter: number): string =>
  [...String.fromCodePoint(letter)]
    .flatMap((each) => each.split(""))
    .map((unit) => hex(unit.charCodeAt(0)))
    .join("");
const octetsOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (text: string): PdfString => PdfString.of(octetsOf(text));

/** Not by the runtime's zlib: its octets differ from one version and processor to the next. */
function packed(octets: Uint8Array, entries: Record<string, PdfValue> = {}): PdfStream {
  const data = zlibSync(octets, { level: 9 });
  return new PdfStream(PdfDict.of({ Filter: pdfName("FlateDecode"), ...entries }), data, 0, data.length);
}
