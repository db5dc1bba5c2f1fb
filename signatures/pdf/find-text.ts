import { SignaturesError } from "../errors.ts";
import type { PdfView } from "./document.ts";
import { inherited } from "./inherited.ts";
import { isArray, nameOf, PdfStream, PdfString, type PdfValue } from "./objects.ts";
import { operations, type TextFont, textFont } from "./text-font.ts";
import type { PdfPage } from "./walk-pages.ts";

/** A string found on a page: the ends of its baseline, in default user space. */
export interface FoundText {
  readonly start: readonly [number, number];
  readonly end: readonly [number, number];
}

interface Glyph {
  /** One folded character. */
  readonly character: string;
  readonly start: readonly [number, number];
  readonly end: readonly [number, number];
}

type Matrix = readonly [number, number, number, number, number, number];
const IDENTITY: Matrix = [1, 0, 0, 1, 0, 0];
const MAX_GLYPHS = 200_000;
const MAX_CONTENT = 16 * 1024 * 1024;
const MAX_STACK = 512;

/**
 * Where `wanted` stands on the page, in the order of the content stream. Letter case, spaces and the form of accents do not
 * count; text inside form XObjects is not looked at. @throws SignaturesError PDF_LIMIT
 */
export function findText(view: PdfView, page: PdfPage, wanted: string): FoundText[] {
  return findTexts(view, page, [wanted])[0]!;
}

/** `findText` for several strings over one reading of the page. @throws SignaturesError PDF_LIMIT */
export function findTexts(view: PdfView, page: PdfPage, wanted: readonly string[]): FoundText[][] {
  const glyphs = pageGlyphs(view, page);
  const all = glyphs.map((glyph) => glyph.character).join("");
  return wanted.map((text) => {
    const needle = fold(text);
    const out: FoundText[] = [];
    if (needle === "") return out;
    for (let at = all.indexOf(needle); at >= 0; at = all.indexOf(needle, at + needle.length)) {
      out.push({ start: glyphs[at]!.start, end: glyphs[at + needle.length - 1]!.end });
    }
    return out;
  });
}

/** One UTF-16 unit for each unit of the result, so that indices fit glyphs. */
const fold = (text: string): string =>
  text
    .normalize("NFC")
    .replace(/[\s\u00a0]+/gu, "")
    .toUpperCase();

function pageGlyphs(view: PdfView, page: PdfPage): Glyph[] {
  const resources = view.dict(inherited(view, page.dict, "Resources"));
  const fonts = resources ? view.dict(resources.get("Font")) : null;
  const known = new Map<string, TextFont | null>();
  const fontOf = (name: string): TextFont | null => {
    let font = known.get(name);
    if (font === undefined) {
      const dict = fonts ? view.dict(fonts.get(name)) : null;
      font = dict ? readable(() => textFont(view, dict)) : null;
      known.set(name, font);
    }
    return font;
  };
  const reader = new TextReader(fontOf);
  for (const operation of operations(contentOf(view, page))) reader.apply(operation.operator, operation.operands);
  return reader.glyphs;
}

function readable<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof SignaturesError && error.code === "PDF_MALFORMED") return null;
    throw error;
  }
}

function contentOf(view: PdfView, page: PdfPage): Uint8Array {
  const value = view.get(page.dict, "Contents");
  const parts: Uint8Array[] = [];
  let total = 0;
  for (const item of isArray(value) ? value : [value]) {
    const stream = view.resolve(item);
    if (!(stream instanceof PdfStream)) continue;
    const data = readable(() => view.decode(stream));
    if (data === null) continue;
    total += data.length + 1;
    if (total > MAX_CONTENT) throw new SignaturesError("PDF_LIMIT", "the page's content is too large to search");
    parts.push(data, Uint8Array.of(10));
  }
  const joined = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

interface TextState {
  matrix: Matrix;
  font: TextFont | null;
  size: number;
  characterSpacing: number;
  wordSpacing: number;
  scale: number;
  leading: number;
  rise: number;
}

/** Follows the graphics and text state (ISO 32000-2 §8.4.4, §9.4) and notes where each character stands. */
class TextReader {
  readonly glyphs: Glyph[] = [];
  private readonly fontOf: (name: string) => TextFont | null;
  private readonly stack: TextState[] = [];
  private state: TextState = {
    matrix: IDENTITY,
    font: null,
    size: 1,
    characterSpacing: 0,
    wordSpacing: 0,
    scale: 1,
    leading: 0,
    rise: 0,
  };
  private text: Matrix = IDENTITY;
  private line: Matrix = IDENTITY;

  constructor(fontOf: (name: string) => TextFont | null) {
    this.fontOf = fontOf;
  }

  apply(operator: string, operands: readonly PdfValue[]): void {
    const n = (i: number): number => (typeof operands[i] === "number" ? (operands[i] as number) : 0);
    const { state } = this;
    switch (operator) {
      case "q":
        if (this.stack.length < MAX_STACK) this.stack.push({ ...state });
        return;
      case "Q":
        this.state = this.stack.pop() ?? state;
        return;
      case "cm":
        state.matrix = multiply(six(n), state.matrix);
        return;
      case "BT":
        this.text = this.line = IDENTITY;
        return;
      case "Tf":
        state.font = this.fontOf(nameOf(operands[0] ?? null) ?? "");
        state.size = n(1);
        return;
      case "Tc":
        state.characterSpacing = n(0);
        return;
      case "Tw":
        state.wordSpacing = n(0);
        return;
      case "Tz":
        state.scale = n(0) / 100;
        return;
      case "TL":
        state.leading = n(0);
        return;
      case "Ts":
        state.rise = n(0);
        return;
      case "Tm":
        this.text = this.line = six(n);
        return;
      case "TD":
        state.leading = -n(1);
        this.move(n(0), n(1));
        return;
      case "Td":
        this.move(n(0), n(1));
        return;
      case "T*":
        this.move(0, -state.leading);
        return;
      case "'":
      case '"':
        if (operator === '"') [state.wordSpacing, state.characterSpacing] = [n(0), n(1)];
        this.move(0, -state.leading);
        this.show(operands.at(-1) ?? null);
        return;
      case "Tj":
        this.show(operands[0] ?? null);
        return;
      case "TJ":
        for (const part of isArray(operands[0] ?? null) ? (operands[0] as readonly PdfValue[]) : []) {
          if (typeof part === "number") this.advance((-part / 1000) * state.size * state.scale);
          else this.show(part);
        }
    }
  }

  private move(x: number, y: number): void {
    this.text = this.line = multiply([1, 0, 0, 1, x, y], this.line);
  }

  private advance(x: number): void {
    this.text = multiply([1, 0, 0, 1, x, 0], this.text);
  }

  private show(value: PdfValue): void {
    const { font, size, scale, characterSpacing, wordSpacing, rise, matrix } = this.state;
    if (font === null || !(value instanceof PdfString)) return;
    for (const glyph of font.glyphs(value.bytes)) {
      const start = apply(multiply(this.text, matrix), 0, rise);
      this.advance((glyph.width / 1000) * size * scale);
      const end = apply(multiply(this.text, matrix), 0, rise);
      this.advance((characterSpacing + (glyph.space ? wordSpacing : 0)) * scale);
      for (const character of fold(glyph.text)) {
        if (this.glyphs.length >= MAX_GLYPHS) throw new SignaturesError("PDF_LIMIT", "too much text on a page");
        for (const unit of character.split("")) this.glyphs.push({ character: unit, start, end });
      }
    }
  }
}

const six = (n: (i: number) => number): Matrix => [n(0), n(1), n(2), n(3), n(4), n(5)];

function multiply(a: Matrix, b: Matrix): Matrix {
  return [
    a[0] * b[0] + a[1] * b[2],
    a[0] * b[1] + a[1] * b[3],
    a[2] * b[0] + a[3] * b[2],
    a[2] * b[1] + a[3] * b[3],
    a[4] * b[0] + a[5] * b[2] + b[4],
    a[4] * b[1] + a[5] * b[3] + b[5],
  ];
}

const apply = (m: Matrix, x: number, y: number): [number, number] => [
  m[0] * x + m[2] * y + m[4],
  m[1] * x + m[3] * y + m[5],
];
