import { type PDFFont, type PDFPage, type RGB, rgb } from "pdf-lib";

export const ink = rgb(0.09, 0.1, 0.13);
export const faint = rgb(0.38, 0.41, 0.46);
export const red = rgb(0.72, 0.11, 0.11);
export const wash = rgb(0.945, 0.955, 0.97);
export const rule = rgb(0.3, 0.34, 0.4);

export interface TextOptions {
  readonly font: PDFFont;
  readonly size: number;
  readonly align?: "left" | "center" | "right";
  readonly color?: RGB;
}

/** A face that knows how wide its letters are. */
export type Measured = Pick<PDFFont, "widthOfTextAtSize">;

/** A page addressed from its top left corner, in points. Text positions are baselines. */
export class Sheet {
  readonly page: PDFPage;
  readonly width: number;
  readonly height: number;

  constructor(page: PDFPage) {
    this.page = page;
    ({ width: this.width, height: this.height } = page.getSize());
  }

  /** Draws one line; `x` is its left end, middle or right end after `align`. Answers its width. */
  text(value: string, x: number, y: number, options: TextOptions): number {
    const { font, size, align = "left", color = ink } = options;
    const width = font.widthOfTextAtSize(value, size);
    const left = align === "left" ? x : align === "center" ? x - width / 2 : x - width;
    this.page.drawText(value, { x: left, y: this.height - y, font, size, color });
    return width;
  }

  /** "Label: value" with the value on a dotted line that runs to `right`. */
  entry(
    label: string,
    value: string,
    x: number,
    right: number,
    y: number,
    fonts: { label: PDFFont; value: PDFFont },
    size = 11,
  ): void {
    const start = x + this.text(`${label}:`, x, y, { font: fonts.label, size }) + 5;
    this.dotted(start, right, y + 2.5);
    this.text(value, start + 3, y, {
      font: fonts.value,
      size: fittingSize(value, fonts.value, size, right - start - 3),
    });
  }

  line(x1: number, y1: number, x2: number, y2: number, thickness = 0.6, color: RGB = rule): void {
    this.page.drawLine({
      start: { x: x1, y: this.height - y1 },
      end: { x: x2, y: this.height - y2 },
      thickness,
      color,
    });
  }

  dotted(x1: number, x2: number, y: number): void {
    this.page.drawLine({
      start: { x: x1, y: this.height - y },
      end: { x: x2, y: this.height - y },
      thickness: 0.5,
      color: faint,
      dashArray: [0.8, 2],
    });
  }

  box(
    x: number,
    y: number,
    width: number,
    height: number,
    look: { fill?: RGB; border?: number; color?: RGB } = {},
  ): void {
    this.page.drawRectangle({
      x,
      y: this.height - y - height,
      width,
      height,
      ...(look.fill === undefined ? {} : { color: look.fill }),
      ...(look.border === undefined ? {} : { borderWidth: look.border, borderColor: look.color ?? rule }),
    });
  }

  /** Breaks the text into lines of at most `width` and draws them; answers the baseline after the last one. */
  paragraph(value: string, x: number, y: number, width: number, leading: number, options: TextOptions): number {
    let baseline = y;
    for (const line of breakLines(value, options.font, options.size, width)) {
      this.text(line, x, baseline, options);
      baseline += leading;
    }
    return baseline;
  }
}

/** The size, at most `size`, at which the text fits into `width`. */
export function fittingSize(value: string, font: Measured, size: number, width: number): number {
  const needed = font.widthOfTextAtSize(value, size);
  return needed <= width ? size : (size * width) / needed;
}

/** Greedy line breaking at spaces; a single word wider than the line stands alone. */
export function breakLines(value: string, font: Measured, size: number, width: number): string[] {
  const space = font.widthOfTextAtSize(" ", size);
  const lines: string[] = [];
  let line = "";
  let used = 0;
  for (const word of value.split(" ")) {
    const wide = font.widthOfTextAtSize(word, size);
    if (line !== "" && used + space + wide > width) {
      lines.push(line);
      line = word;
      used = wide;
    } else {
      used += line === "" ? wide : space + wide;
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return line === "" ? lines : [...lines, line];
}
