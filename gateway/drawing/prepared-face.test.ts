import type { PdfDict, PdfStream } from "@hocba/signatures/pdf";
import fontkit from "@pdf-lib/fontkit";
import { unzlibSync } from "fflate";
import { describe, expect, it } from "vitest";
import { type PreparedFace, preparedFace } from "./prepared-face.ts";
import { faceFile, recordFace, repertoire } from "./record-fonts.ts";
import { subsetTrueType } from "./subset-true-type.ts";

interface Font {
  glyphForCodePoint(letter: number): Glyph;
  getGlyph(number: number): Glyph;
}
interface Glyph {
  readonly id: number;
  readonly advanceWidth: number;
  readonly path: { toSVG(): string };
}

const text = "Đỗ Quỳnh Thảo, TRƯỜNG THCS BÔNG ĐIÊN ĐIỂN";
const stream = (face: PreparedFace, offset: number) => face.objects.get(face.ref.num + offset) as PdfStream;
const nameOf = (face: PreparedFace) => (face.objects.get(face.ref.num) as PdfDict).get("BaseFont");

describe("a subset of a TrueType font", () => {
  it.each(["regular", "bold"] as const)("draws every letter as the whole font does: %s", async (face) => {
    const whole = (await recordFace(face)) as unknown as Font;
    const letters = [...repertoire].map((letter) => whole.glyphForCodePoint(letter));
    const made = subsetTrueType(
      await faceFile(face),
      letters.map(({ id }) => id),
    );
    const few = fontkit.create(made.file) as unknown as Font;
    for (const letter of letters) {
      const number = made.glyphs.indexOf(letter.id);
      expect(few.getGlyph(number).path.toSVG()).toBe(whole.getGlyph(letter.id).path.toSVG());
      expect(made.advances[number]).toBe(letter.advanceWidth);
    }
    expect(made.file.length).toBeLessThan(40_000);
  });

  it("sums up to the checksum of OpenType", async () => {
    const { file } = subsetTrueType(await faceFile("regular"), [36, 37]);
    const view = new DataView(file.buffer);
    let sum = 0;
    for (let at = 0; at < file.length; at += 4) sum = (sum + view.getUint32(at)) >>> 0;
    expect(sum).toBe(0xb1b0afba);
  });

  it("is not made of a damaged font, or of a glyph the font has not", async () => {
    const file = await faceFile("regular");
    expect(() => subsetTrueType(file, [65_535])).toThrow(RangeError);
    for (const length of [0, 8, 100, 5000])
      expect(() => subsetTrueType(file.slice(0, length), [36])).toThrow(RangeError);
  });
});

describe("a prepared face", () => {
  it("is the same font for all texts of Vietnamese, and maps back to them", async () => {
    const face = await preparedFace("regular", [text]);
    expect(await preparedFace("regular", ["Giáo viên chủ nhiệm"])).toBe(face);
    expect(read(face, face.encode(text))).toBe(text);
  });

  it("measures text as its widths say", async () => {
    const face = await preparedFace("bold", []);
    const whole = (await recordFace("bold")) as unknown as Font & { unitsPerEm: number };
    const exact = [...text].reduce((sum, c) => sum + whole.glyphForCodePoint(c.codePointAt(0)!).advanceWidth, 0);
    expect(face.widthOfTextAtSize(text, 10)).toBeCloseTo((exact / whole.unitsPerEm) * 10, 0);
  });

  it("brings letters of other languages along, in a font of another name", async () => {
    const face = await preparedFace("regular", ["Y Ñŏng Kčăm Žofia"]);
    expect(read(face, face.encode("Y Ñŏng Kčăm Žofia"))).toBe("Y Ñŏng Kčăm Žofia");
    expect(nameOf(face)).not.toBe(nameOf(await preparedFace("regular", [])));
  });

  it("writes a question mark for what the font lacks", async () => {
    const face = await preparedFace("regular", ["阮𠀀"]);
    expect(face.encode("阮𠀀")).toBe(face.encode("??"));
  });

  it("names each of its glyphs in the CIDSet", async () => {
    const face = await preparedFace("regular", []);
    const widths = (face.objects.get(face.ref.num + 1) as PdfDict).get("W") as readonly [number, readonly number[]];
    const bits = [...unzlibSync(stream(face, 5).raw)].map((octet) => octet.toString(2).padStart(8, "0")).join("");
    expect(bits.replace(/0+$/, "")).toBe("1".repeat(widths[1].length));
  });
});

/** Reads a string of CIDs by the ToUnicode map, as readers do that copy text. */
function read(face: PreparedFace, operand: string): string {
  const map = new TextDecoder().decode(unzlibSync(stream(face, 4).raw));
  const letters = new Map<number, string>();
  for (const [, from, to, letter] of map.matchAll(/^<(\w{4})><(\w{4})><(\w+)>$/gm)) {
    const [first, last] = [Number.parseInt(from!, 16), Number.parseInt(to!, 16)];
    for (let cid = first; cid <= last; cid++) {
      letters.set(cid, String.fromCharCode(Number.parseInt(letter!, 16) + cid - first));
    }
  }
  return operand.slice(1, -1).replace(/.{4}/g, (cid) => letters.get(Number.parseInt(cid, 16)) ?? "\uFFFD");
}
