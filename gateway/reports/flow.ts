import { PageSizes, type PDFDocument, type PDFFont, type RGB } from "pdf-lib";
import { faint, ink, type RecordFonts, rule, Sheet, wash } from "../drawing/index.ts";

export const MARGIN = 54;
const TOP = 60;
const BOTTOM = 74;
const WIDTH = PageSizes.A4[0] - 2 * MARGIN;
export const ITEM_INDENT = 11;
/** Longer texts are cut: the file decides how long its names are, the paper does not. */
const MAX_TEXT = 400;

export interface Style {
  readonly font: PDFFont;
  readonly size: number;
  readonly color?: RGB;
}

export interface Cell {
  readonly lines: readonly (Style & { readonly text: string })[];
}

/** Text that runs down A4 pages, from page to page where it must. Positions are in points from the top left corner. */
export class Flow {
  readonly fonts: RecordFonts;
  readonly sheets: Sheet[] = [];
  y = 0;
  private readonly document: PDFDocument;

  constructor(document: PDFDocument, fonts: RecordFonts) {
    this.document = document;
    this.fonts = fonts;
    this.newPage();
  }

  get sheet(): Sheet {
    return this.sheets.at(-1)!;
  }

  newPage(): void {
    this.sheets.push(new Sheet(this.document.addPage(PageSizes.A4)));
    this.y = TOP;
  }

  /** Starts a new page unless `height` points are left on this one. */
  room(height: number): void {
    if (this.y + height > this.sheet.height - BOTTOM) this.newPage();
  }

  /** A paragraph over the full width, or from `indent`. */
  paragraph(text: string, style: Style, options: { indent?: number; after?: number } = {}): void {
    const { indent = 0, after = 4 } = options;
    for (const line of wrap(text, style, WIDTH - indent)) this.line(line, style, indent);
    this.y += after;
  }

  private line(text: string, style: Style, indent: number): void {
    const leading = style.size * 1.32;
    this.room(leading);
    this.y += leading;
    this.sheet.text(text, MARGIN + indent, this.y - leading * 0.24, { color: ink, ...style });
  }

  heading(vi: string, en: string): void {
    this.room(70);
    this.y += 22;
    const { bold, italic } = this.fonts;
    const width = this.sheet.text(vi, MARGIN, this.y, { font: bold, size: 11.5 });
    this.sheet.text(en, MARGIN + width + 6, this.y, { font: italic, size: 9.5, color: faint });
    this.sheet.line(MARGIN, this.y + 5, MARGIN + WIDTH, this.y + 5, 0.7);
    this.y += 12;
  }

  /** A paragraph behind a dash. */
  item(text: string, style: Style): void {
    this.room(2.4 * style.size);
    this.sheet.text("–", MARGIN, this.y + style.size * 1.32 * 0.76, { color: ink, ...style });
    this.paragraph(text, style, { indent: ITEM_INDENT, after: 0 });
  }

  /** A label, then its value beside it. */
  entry(label: string, value: string, labelWidth = 150): void {
    const { regular } = this.fonts;
    const name = { font: regular, size: 9, color: faint };
    const style = { font: regular, size: 9.5 };
    const labels = wrap(label, name, labelWidth - 8);
    const values = wrap(value, style, WIDTH - labelWidth);
    const leading = 12.6;
    for (let i = 0; i < Math.max(labels.length, values.length); i++) {
      this.room(leading);
      this.y += leading;
      if (labels[i]) this.sheet.text(labels[i]!, MARGIN, this.y - 3, name);
      if (values[i]) this.sheet.text(values[i]!, MARGIN + labelWidth, this.y - 3, style);
    }
    this.y += 1.5;
  }

  /** A table; the head is repeated on every page. `shares` of the width add up to 1. */
  table(head: readonly Cell[], rows: readonly (readonly Cell[])[], shares: readonly number[]): void {
    const draw = (cells: readonly Cell[], fill: boolean) => {
      const wrapped = cells.map((cell, i) =>
        cell.lines.flatMap((l) => wrap(l.text, l, WIDTH * shares[i]! - 10).map((text) => ({ ...l, text }))),
      );
      const height = 8 + Math.max(...wrapped.map((lines) => lines.reduce((sum, l) => sum + l.size * 1.3, 0)));
      if (!fill && this.y + height > this.sheet.height - BOTTOM) {
        this.newPage();
        draw(head, true);
      }
      let x = MARGIN;
      wrapped.forEach((lines, i) => {
        const width = WIDTH * shares[i]!;
        this.sheet.box(x, this.y, width, height, { ...(fill ? { fill: wash } : {}), border: 0.5, color: rule });
        let y = this.y + 4;
        for (const line of lines) {
          y += line.size * 1.3;
          this.sheet.text(line.text, x + 5, y - line.size * 0.3, { color: ink, ...line });
        }
        x += width;
      });
      this.y += height;
    };
    this.room(70);
    draw(head, true);
    for (const row of rows) draw(row, false);
  }

  /** Words at the foot of every page, with its number. Once all else has been drawn. */
  footers(text: string): void {
    const { italic, regular } = this.fonts;
    this.sheets.forEach((sheet, i) => {
      const y = sheet.height - 50;
      sheet.line(MARGIN, y, MARGIN + WIDTH, y, 0.5);
      const number = `Trang ${i + 1}/${this.sheets.length}`;
      sheet.text(number, MARGIN + WIDTH, y + 13, { font: regular, size: 8, align: "right", color: faint });
      wrap(text, { font: italic, size: 7.8 }, WIDTH - 70).forEach((line, n) => {
        sheet.text(line, MARGIN, y + 13 + n * 10, { font: italic, size: 7.8, color: faint });
      });
    });
  }
}

/** Greedy line breaking at spaces, and within words that are wider than the line. Cost: linear in the text. */
export function wrap(text: string, style: Style, width: number): string[] {
  const lines: string[] = [];
  const space = letterWidth(" ", style);
  let line = "";
  let used = 0;
  const endLine = () => {
    if (line !== "") lines.push(line);
    line = "";
    used = 0;
  };
  for (const word of printable(text).split(" ")) {
    const letters = Array.from(word, (letter) => ({ letter, wide: letterWidth(letter, style) }));
    const wide = letters.reduce((sum, l) => sum + l.wide, 0);
    if (line !== "" && used + space + wide > width) endLine();
    if (line !== "") {
      line += " ";
      used += space;
    }
    for (const l of letters) {
      if (used + l.wide > width) endLine();
      line += l.letter;
      used += l.wide;
    }
  }
  endLine();
  return lines;
}

const widths = new WeakMap<PDFFont, Map<string, number>>();

/** Measuring a text means shaping it; a letter is shaped once. What kerning would save is left unused. */
function letterWidth(letter: string, { font, size }: Style): number {
  const known = widths.get(font) ?? new Map<string, number>();
  widths.set(font, known);
  let wide = known.get(letter);
  if (wide === undefined) {
    wide = font.widthOfTextAtSize(letter, 1000) / 1000;
    if (known.size < 5000) known.set(letter, wide);
  }
  return wide * size;
}

/** Without controls, line ends and marks that turn the direction of writing: names come from strangers. */
export function printable(text: string): string {
  const clean = text
    .slice(0, 4 * MAX_TEXT)
    .replaceAll(/[\p{C}\p{Z}]+/gu, " ")
    .trim();
  return clean.length > MAX_TEXT ? `${clean.slice(0, MAX_TEXT)}…` : clean;
}
