import { PdfDict, type PdfRef, PdfStream, type PdfValue, pdfName } from "@hocba/signatures/pdf";
import type { Picture } from "@hocba/signatures/sign";
import type { RGB } from "pdf-lib";
import { ink, type PreparedFace, rule } from "../drawing/index.ts";

export interface LineOfText {
  readonly face: PreparedFace;
  readonly size: number;
  readonly align?: "left" | "center" | "right";
  readonly color?: RGB;
}

/** How far the handles of a Bézier curve stand from its ends, for a quarter of a circle of radius 1. */
const HANDLE = 0.5522847498;

/** A picture that is written as operators of a content stream; addressed from its top left corner, in points. */
export class PictureSheet {
  readonly width: number;
  readonly height: number;
  #content = "";
  readonly #fonts: Record<string, PdfRef> = {};
  readonly #objects = new Map<number, PdfValue>();

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
  }

  /** Draws one line; `x` is its left end, middle or right end after `align`, `y` its baseline. */
  text(value: string, x: number, y: number, { face, size, align = "left", color = ink }: LineOfText): void {
    const width = align === "left" ? 0 : face.widthOfTextAtSize(value, size);
    const left = align === "center" ? x - width / 2 : x - width;
    const name = `F${face.ref.num}`;
    this.#fonts[name] = face.ref;
    for (const [number, object] of face.objects) this.#objects.set(number, object);
    this.#put(`BT ${paint(color)} rg /${name} ${n(size)} Tf ${this.#at(left, y)} Td ${face.encode(value)} Tj ET`);
  }

  line(x1: number, y1: number, x2: number, y2: number, thickness: number, color: RGB = rule): void {
    this.#stroke(`${this.#at(x1, y1)} m ${this.#at(x2, y2)} l`, thickness, color);
  }

  fill(x: number, y: number, width: number, height: number, color: RGB): void {
    this.#put(`${paint(color)} rg ${this.#box(x, y, width, height)} f`);
  }

  frame(x: number, y: number, width: number, height: number, thickness: number, color: RGB): void {
    this.#stroke(this.#box(x, y, width, height), thickness, color);
  }

  circle(x: number, y: number, radius: number, thickness: number, color: RGB): void {
    const h = radius * HANDLE;
    const corners: [number, number][] = [
      [radius, 0],
      [0, radius],
      [-radius, 0],
      [0, -radius],
      [radius, 0],
    ];
    let path = `${this.#at(x + radius, y)} m`;
    for (let i = 0; i < 4; i++) {
      const [ax, ay] = corners[i]!;
      const [bx, by] = corners[i + 1]!;
      const handles = [
        [ax + Math.sign(bx) * h, ay + Math.sign(by) * h],
        [bx + Math.sign(ax) * h, by + Math.sign(ay) * h],
        [bx, by],
      ] as const;
      path += ` ${handles.map(([dx, dy]) => this.#at(x + dx, y + dy)).join(" ")} c`;
    }
    this.#stroke(`${path} h`, thickness, color);
  }

  /** A line through the points, open. */
  polyline(points: readonly (readonly [x: number, y: number])[], thickness: number, color: RGB): void {
    this.#stroke(this.#path(points), thickness, color);
  }

  polygon(points: readonly (readonly [x: number, y: number])[], color: RGB): void {
    this.#put(`${paint(color)} rg ${this.#path(points)} f`);
  }

  /** Operators that draw in the unit square, in a square of this size. */
  unitSquare(operators: string, x: number, y: number, size: number): void {
    this.#put(`q ${n(size)} 0 0 ${n(size)} ${this.#at(x, y + size)} cm\n${operators}Q`);
  }

  /** Everything drawn. The content is not compressed: it is short, and compressing would take longer than drawing. */
  picture(): Picture {
    const content = new TextEncoder().encode(this.#content);
    const dict = PdfDict.of({
      BBox: [0, 0, this.width, this.height],
      Resources: PdfDict.of({ Font: PdfDict.of(this.#fonts), ColorSpace: SRGB }),
    });
    return { form: new PdfStream(dict, content, 0, content.length), objects: this.#objects };
  }

  #put(operators: string): void {
    this.#content += `${operators}\n`;
  }

  #stroke(path: string, thickness: number, color: RGB): void {
    this.#put(`${paint(color)} RG ${n(thickness)} w ${path} S`);
  }

  #path(points: readonly (readonly [number, number])[]): string {
    return points.map(([x, y], i) => `${this.#at(x, y)} ${i === 0 ? "m" : "l"}`).join(" ");
  }

  #box(x: number, y: number, width: number, height: number): string {
    return `${this.#at(x, y + height)} ${n(width)} ${n(height)} re`;
  }

  #at(x: number, y: number): string {
    return `${n(x)} ${n(this.height - y)}`;
  }
}

/** D65, as the colours of screens are meant (IEC 61966-2-1). */
const WHITE = { WhitePoint: [0.9505, 1, 1.089], Gamma: 2.2 };

/**
 * What `rg` and `g` mean here (ISO 32000-2 §8.6.5.6). Left to the device, they would be forbidden in PDF/A without an output intent
 * (ISO 19005-2 §6.2.4.3): a record would lose what it was made for by being signed.
 */
const SRGB = PdfDict.of({
  DefaultRGB: [
    pdfName("CalRGB"),
    PdfDict.of({
      ...WHITE,
      Gamma: [2.2, 2.2, 2.2],
      Matrix: [0.4124, 0.2126, 0.0193, 0.3576, 0.7152, 0.1192, 0.1805, 0.0722, 0.9505],
    }),
  ],
  DefaultGray: [pdfName("CalGray"), PdfDict.of(WHITE)],
});

/** A number as content streams take it: no exponent. */
const n = (value: number): string => String(Math.round(value * 1e3) / 1e3);

const paint = ({ red, green, blue }: RGB): string => `${n(red)} ${n(green)} ${n(blue)}`;
