/** A font program with few of the glyphs of another; glyph n is the n-th of `glyphs`. */
export interface TrueTypeSubset {
  /** `glyf`, `head`, `hhea`, `hmtx`, `loca` and `maxp`: what an embedded CIDFontType2 needs (ISO 32000-2 §9.9.1). */
  readonly file: Uint8Array;
  /** Numbers in the original; the ones asked for first, then the parts that accented letters are put together from. */
  readonly glyphs: readonly number[];
  /** Advance width of each glyph, in units of the em square. */
  readonly advances: readonly number[];
  readonly unitsPerEm: number;
}

/** Flags of a part of a composite glyph (OpenType 1.9, glyf). */
const WORDS = 0x1;
const SCALE = 0x8;
const MORE = 0x20;
const TWO_SCALES = 0x40;
const MATRIX = 0x80;
const INSTRUCTIONS = 0x100;
/** Of `head`: instructions may depend on the point size, or change advance widths. */
const HINTED = 0x4 | 0x10;
const CHECKSUM_OF_FILE = 0xb1b0afba;
/** More letters than any line of writing has. */
const MAX_GLYPHS = 10_000;

/**
 * Takes the glyphs numbered `wanted`, glyph 0 always first, out of a TrueType font, without the instructions that fit outlines to the
 * pixels of coarse screens: they make up two thirds of such a file, and no reader of PDF needs them.
 * @throws RangeError when `font` is damaged or has no TrueType outlines
 */
export function subsetTrueType(font: Uint8Array, wanted: readonly number[]): TrueTypeSubset {
  const tables = tablesOf(font);
  const head = tables("head");
  const unitsPerEm = head.getUint16(18);
  const outlineOf = outlines(tables("glyf"), tables("loca"), head.getInt16(50) !== 0, tables("maxp").getUint16(4));

  const glyphs = [...new Set([0, ...wanted])];
  const numbers = new Map(glyphs.map((glyph, i) => [glyph, i]));
  const numberOf = (glyph: number): number => {
    let number = numbers.get(glyph);
    if (number === undefined) {
      if (glyphs.length >= MAX_GLYPHS) throw new RangeError("the font's glyphs refer to too many others");
      number = glyphs.push(glyph) - 1;
      numbers.set(glyph, number);
    }
    return number;
  };
  const drawn: Uint8Array[] = [];
  // Parts are appended while the list is gone through.
  for (let i = 0; i < glyphs.length; i++) drawn.push(withoutInstructions(outlineOf(glyphs[i]!), numberOf));

  const [metrics, advances] = metricsOf(tables("hmtx"), tables("hhea").getUint16(34), glyphs);
  const short = drawn.reduce((sum, glyph) => sum + even(glyph.length), 0) < 0x20000;
  const file = fontFile([
    ["glyf", joined(drawn)],
    ["head", newHead(head, short)],
    ["hhea", changed(tables("hhea"), (table) => table.setUint16(34, glyphs.length))],
    ["hmtx", metrics],
    ["loca", locations(drawn, short)],
    ["maxp", newProfile(tables("maxp"), glyphs.length)],
  ]);
  return { file, glyphs, advances, unitsPerEm };
}

type Tables = (tag: string) => DataView;

function tablesOf(font: Uint8Array): Tables {
  const view = new DataView(font.buffer, font.byteOffset, font.length);
  const found = new Map<string, DataView>();
  const count = view.getUint16(4);
  for (let at = 12; at < 12 + count * 16; at += 16) {
    const tag = String.fromCharCode(...font.subarray(at, at + 4));
    found.set(tag, part(view, view.getUint32(at + 8), view.getUint32(at + 12)));
  }
  return (tag) => {
    const table = found.get(tag);
    if (table === undefined) throw new RangeError(`the font has no table ${tag}`);
    return table;
  };
}

function outlines(glyf: DataView, loca: DataView, long: boolean, count: number): (glyph: number) => DataView {
  const at = (glyph: number) => (long ? loca.getUint32(glyph * 4) : loca.getUint16(glyph * 2) * 2);
  return (glyph) => {
    if (glyph >= count) throw new RangeError(`the font has no glyph ${glyph}`);
    return part(glyf, at(glyph), at(glyph + 1) - at(glyph));
  };
}

/** The buffer behind may be larger than the file. */
function part(view: DataView, offset: number, length: number): DataView {
  if (length < 0 || offset + length > view.byteLength) throw new RangeError("the font is damaged");
  return new DataView(view.buffer, view.byteOffset + offset, length);
}

function withoutInstructions(glyph: DataView, numberOf: (part: number) => number): Uint8Array {
  if (glyph.byteLength === 0) return new Uint8Array(0);
  const octets = new Uint8Array(glyph.buffer, glyph.byteOffset, glyph.byteLength);
  const contours = glyph.getInt16(0);
  if (contours >= 0) {
    const length = 10 + contours * 2;
    const skipped = length + 2 + glyph.getUint16(length);
    const out = new Uint8Array(length + 2 + octets.length - skipped);
    out.set(octets.subarray(0, length));
    out.set(octets.subarray(skipped), length + 2);
    return out;
  }
  const out = octets.slice();
  const view = new DataView(out.buffer);
  let at = 10;
  for (let flags = MORE; flags & MORE; ) {
    flags = view.getUint16(at);
    view.setUint16(at, flags & ~INSTRUCTIONS);
    view.setUint16(at + 2, numberOf(view.getUint16(at + 2)));
    at += 4 + (flags & WORDS ? 4 : 2);
    at += flags & SCALE ? 2 : flags & TWO_SCALES ? 4 : flags & MATRIX ? 8 : 0;
  }
  return out.subarray(0, at);
}

function metricsOf(hmtx: DataView, long: number, glyphs: readonly number[]): [table: Uint8Array, advances: number[]] {
  const table = new Uint8Array(glyphs.length * 4);
  const view = new DataView(table.buffer);
  const advances = glyphs.map((glyph, i) => {
    // Glyphs behind the last advance share it, and have only a side bearing of their own.
    const advance = hmtx.getUint16(Math.min(glyph, long - 1) * 4);
    view.setUint16(i * 4, advance);
    view.setInt16(i * 4 + 2, hmtx.getInt16(glyph < long ? glyph * 4 + 2 : long * 4 + (glyph - long) * 2));
    return advance;
  });
  return [table, advances];
}

function joined(glyphs: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(glyphs.reduce((sum, glyph) => sum + even(glyph.length), 0));
  let at = 0;
  for (const glyph of glyphs) {
    out.set(glyph, at);
    at += even(glyph.length);
  }
  return out;
}

function locations(glyphs: readonly Uint8Array[], short: boolean): Uint8Array {
  const out = new Uint8Array((glyphs.length + 1) * (short ? 2 : 4));
  const view = new DataView(out.buffer);
  let offset = 0;
  for (let i = 0; i <= glyphs.length; i++) {
    if (short) view.setUint16(i * 2, offset / 2);
    else view.setUint32(i * 4, offset);
    offset += even(glyphs[i]?.length ?? 0);
  }
  return out;
}

const newHead = (head: DataView, short: boolean) =>
  changed(head, (table) => {
    table.setUint32(8, 0);
    table.setUint16(16, table.getUint16(16) & ~HINTED);
    table.setInt16(50, short ? 0 : 1);
  });

const newProfile = (maxp: DataView, glyphs: number) =>
  changed(maxp, (table) => {
    table.setUint16(4, glyphs);
    // Zones, twilight points, storage, functions, instructions, stack and their sizes: nothing is left that needs them.
    table.setUint16(14, 1);
    for (let at = 16; at <= 26; at += 2) table.setUint16(at, 0);
  });

function changed(table: DataView, change: (copy: DataView) => void): Uint8Array {
  const copy = new Uint8Array(table.buffer, table.byteOffset, table.byteLength).slice();
  change(new DataView(copy.buffer));
  return copy;
}

/** Offset table, directory and tables on multiples of four (OpenType 1.9, "Organization of an OpenType font"). */
function fontFile(tables: readonly (readonly [tag: string, octets: Uint8Array])[]): Uint8Array {
  const start = 12 + tables.length * 16;
  const out = new Uint8Array(tables.reduce((sum, [, octets]) => sum + padded(octets.length), start));
  const view = new DataView(out.buffer);
  const log = Math.floor(Math.log2(tables.length));
  view.setUint32(0, 0x00010000);
  view.setUint16(4, tables.length);
  view.setUint16(6, 16 * 2 ** log);
  view.setUint16(8, log);
  view.setUint16(10, 16 * (tables.length - 2 ** log));
  let at = start;
  let headAt = 0;
  for (const [i, [tag, octets]] of tables.entries()) {
    out.set(octets, at);
    const entry = 12 + i * 16;
    for (let c = 0; c < 4; c++) out[entry + c] = tag.charCodeAt(c);
    view.setUint32(entry + 4, checksum(view, at, at + padded(octets.length)));
    view.setUint32(entry + 8, at);
    view.setUint32(entry + 12, octets.length);
    if (tag === "head") headAt = at;
    at += padded(octets.length);
  }
  view.setUint32(headAt + 8, (CHECKSUM_OF_FILE - checksum(view, 0, out.length)) >>> 0);
  return out;
}

function checksum(view: DataView, start: number, end: number): number {
  let sum = 0;
  for (let at = start; at < end; at += 4) sum = (sum + view.getUint32(at)) >>> 0;
  return sum;
}

const even = (length: number) => (length + 1) & ~1;
const padded = (length: number) => (length + 3) & ~3;
