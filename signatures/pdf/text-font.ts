import { SignaturesError } from "../errors.ts";
import type { PdfView } from "./document.ts";
import { isArray, nameOf, type PdfDict, PdfStream, PdfString, type PdfValue } from "./objects.ts";
import { PdfParser } from "./parser.ts";

/** One character code of a string: what it reads as, and how far it moves, in thousandths of the font size. */
export interface TextGlyph {
  readonly text: string;
  readonly width: number;
  /** Word spacing applies (ISO 32000-2 §9.3.3). */
  readonly space: boolean;
}

/** A font as far as finding text needs it. */
export interface TextFont {
  glyphs(bytes: Uint8Array): TextGlyph[];
}

const MAX_CODES = 70_000;
const DEFAULT_WIDTH = 500;

/** Reads /ToUnicode and the widths of a simple or composite font (ISO 32000-2 §9.6, §9.7, §9.10.3). */
export function textFont(view: PdfView, font: PdfDict): TextFont {
  const stream = view.get(font, "ToUnicode");
  const unicode = stream instanceof PdfStream ? toUnicode(view, stream) : new Map<number, string>();
  const composite = nameOf(view.get(font, "Subtype")) === "Type0";
  const widths = composite ? compositeWidths(view, font) : simpleWidths(view, font);
  const size = composite ? 2 : 1;
  return {
    glyphs(bytes) {
      const out: TextGlyph[] = [];
      for (let i = 0; i + size <= bytes.length; i += size) {
        const code = composite ? bytes[i]! * 256 + bytes[i + 1]! : bytes[i]!;
        // Without a map a simple font's codes are read as Latin 1, which holds for ASCII in nearly every encoding.
        const text = unicode.get(code) ?? (composite ? "" : String.fromCharCode(code));
        out.push({ text, width: widths(code), space: !composite && code === 32 });
      }
      return out;
    },
  };
}

function simpleWidths(view: PdfView, font: PdfDict): (code: number) => number {
  const first = view.get(font, "FirstChar");
  const list = view.array(font.get("Widths"));
  const from = typeof first === "number" ? first : 0;
  return (code) => {
    const width = list ? view.resolve(list[code - from] ?? null) : null;
    return typeof width === "number" ? width : DEFAULT_WIDTH;
  };
}

/** /W of the descendant (§9.7.4.3), for the identity encoding. */
function compositeWidths(view: PdfView, font: PdfDict): (code: number) => number {
  const descendant = view.dict(view.array(font.get("DescendantFonts"))?.[0] ?? null);
  const byDefault = descendant ? view.get(descendant, "DW") : null;
  const fallback = typeof byDefault === "number" ? byDefault : 1000;
  const widths = new Map<number, number>();
  const list = (descendant ? view.array(descendant.get("W")) : null) ?? [];
  for (let i = 0; i + 1 < list.length && widths.size < MAX_CODES; ) {
    const from = view.resolve(list[i]!);
    const second = view.resolve(list[i + 1]!);
    if (typeof from !== "number") break;
    if (isArray(second)) {
      second.forEach((each, k) => {
        const width = view.resolve(each);
        if (typeof width === "number" && widths.size < MAX_CODES) widths.set(from + k, width);
      });
      i += 2;
    } else {
      const width = view.resolve(list[i + 2] ?? null);
      if (typeof second !== "number" || typeof width !== "number") break;
      for (let code = from; code <= second && widths.size < MAX_CODES; code++) widths.set(code, width);
      i += 3;
    }
  }
  return (code) => widths.get(code) ?? fallback;
}

interface KnownMap {
  readonly encoded: Uint8Array;
  readonly map: ReadonlyMap<number, string>;
}
const known = new Map<number, KnownMap>();
const MAX_KNOWN = 16;

/**
 * Many writers map all characters of a font, used or not: the same large stream in every document of a class. Such a stream is read
 * once; its octets are compared, so no document can pass its own map to another.
 */
function toUnicode(view: PdfView, stream: PdfStream): ReadonlyMap<number, string> {
  const plain = nameOf(stream.dict.get("Filter")) === "FlateDecode" && !stream.dict.entries.has("DecodeParms");
  const encoded = stream.source.subarray(stream.start, stream.end);
  const key = encoded.length * 65_536 + (encoded.at(-1) ?? 0) * 256 + (encoded.at(-2) ?? 0);
  const found = plain && !view.document.encrypted ? known.get(key) : undefined;
  if (found?.encoded.every((octet, i) => octet === encoded[i])) return found.map;
  const map = readToUnicode(view.decode(stream));
  if (plain && !view.document.encrypted) {
    const oldest = known.keys().next().value;
    if (known.size >= MAX_KNOWN && oldest !== undefined) known.delete(oldest);
    known.set(key, { encoded: encoded.slice(), map });
  }
  return map;
}

/** The bfchar and bfrange sections of a ToUnicode CMap. What is not one is passed over. */
function readToUnicode(bytes: Uint8Array): Map<number, string> {
  const out = new Map<number, string>();
  for (const { operator, operands } of operations(bytes)) {
    if (operator === "endbfchar") {
      for (let i = 0; i + 1 < operands.length; i += 2) {
        const [code, text] = [operands[i], operands[i + 1]];
        if (code instanceof PdfString && text instanceof PdfString) set(out, codeOf(code), utf16(text.bytes));
      }
    } else if (operator === "endbfrange") {
      for (let i = 0; i + 2 < operands.length; i += 3) {
        const [low, high, target] = [operands[i], operands[i + 1], operands[i + 2]];
        if (!(low instanceof PdfString) || !(high instanceof PdfString)) continue;
        const [from, to] = [codeOf(low), Math.min(codeOf(high), 0xffff)];
        for (let code = from; code <= to && out.size < MAX_CODES; code++) {
          if (isArray(target ?? null)) {
            const each = (target as readonly unknown[])[code - from];
            if (each instanceof PdfString) set(out, code, utf16(each.bytes));
          } else if (target instanceof PdfString) {
            const text = utf16(target.bytes);
            const last = text.length - 1;
            set(out, code, text.slice(0, last) + String.fromCharCode(text.charCodeAt(last) + code - from));
          }
        }
      }
    }
  }
  return out;
}

function set(map: Map<number, string>, code: number, text: string): void {
  if (map.size < MAX_CODES) map.set(code, text);
}

const codeOf = (code: PdfString): number => code.bytes.subarray(0, 4).reduce((sum, octet) => sum * 256 + octet, 0);

function utf16(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i + 1 < Math.min(bytes.length, 64); i += 2)
    text += String.fromCharCode(bytes[i]! * 256 + bytes[i + 1]!);
  return text;
}

/** An operator with the operands before it (ISO 32000-2 §7.8.2). */
export interface Operation {
  readonly operator: string;
  readonly operands: readonly PdfValue[];
}

const MAX_OPERANDS = 100_000;
const MAX_OPERATIONS = 2_000_000;

/** The operations of a content stream or CMap; what follows damage is left out. @throws SignaturesError PDF_LIMIT */
export function* operations(bytes: Uint8Array): Generator<Operation> {
  const parser = new PdfParser(bytes, 0);
  let operands: PdfValue[] = [];
  for (let count = 0; ; count++) {
    if (count > MAX_OPERATIONS) throw new SignaturesError("PDF_LIMIT", "too many operations on a page");
    parser.skip();
    const c = bytes[parser.pos];
    if (c === undefined) return;
    const word = isLetter(c) || c === 39 || c === 34 ? readWord(bytes, parser) : null;
    if (word === null) {
      try {
        operands.push(parser.value());
      } catch (error) {
        if (error instanceof SignaturesError && error.code === "PDF_MALFORMED") return;
        throw error;
      }
      if (operands.length > MAX_OPERANDS) throw new SignaturesError("PDF_LIMIT", "too many operands on a page");
      continue;
    }
    if (word === "true" || word === "false" || word === "null") {
      operands.push(word === "null" ? null : word === "true");
      continue;
    }
    yield { operator: word, operands };
    operands = [];
    if (word === "ID") skipInlineImage(bytes, parser);
  }
}

const isLetter = (c: number): boolean => (c >= 65 && c <= 90) || (c >= 97 && c <= 122);

function readWord(bytes: Uint8Array, parser: PdfParser): string {
  const start = parser.pos;
  let pos = start + 1;
  for (let c = bytes[pos]; c !== undefined && (isLetter(c) || c === 42 || (c >= 48 && c <= 57)); c = bytes[++pos]) {
    if (pos - start > 32) break;
  }
  parser.pos = pos;
  return String.fromCharCode(...bytes.subarray(start, pos));
}

/** Octets between ID and EI are no operators (§8.9.7). */
function skipInlineImage(bytes: Uint8Array, parser: PdfParser): void {
  let at = parser.pos;
  for (; at < bytes.length; at++) {
    const white = bytes[at] === 10 || bytes[at] === 13 || bytes[at] === 32;
    if (white && bytes[at + 1] === 69 && bytes[at + 2] === 73 && !isLetter(bytes[at + 3] ?? 32)) break;
  }
  parser.pos = Math.min(bytes.length, at + 3);
}
