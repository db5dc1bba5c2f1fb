import { recordFace } from "../drawing/index.ts";

/** A line of text as outlines, in the operators of a PDF content stream. */
export interface VectorText {
  /** Advance in points at size 1. */
  readonly width: number;
  /** Filled outlines, scaled and moved by a `cm` before. */
  readonly operators: string;
}

interface PathCommand {
  readonly command: "moveTo" | "lineTo" | "quadraticCurveTo" | "bezierCurveTo" | "closePath";
  readonly args: readonly number[];
}
interface Outlined {
  readonly unitsPerEm: number;
  layout(
    text: string,
    features: Record<string, boolean>,
  ): {
    readonly glyphs: readonly { readonly path: { readonly commands: readonly PathCommand[] } }[];
    readonly positions: readonly { readonly xAdvance: number; readonly xOffset: number; readonly yOffset: number }[];
  };
}

/** @throws DrawingError FONT_MISSING */
export async function vectorText(text: string, face: "regular" | "bold"): Promise<VectorText> {
  const font = (await recordFace(face)) as unknown as Outlined;
  const { glyphs, positions } = font.layout(text, { liga: false, clig: false });
  const out: string[] = [];
  let x = 0;
  glyphs.forEach((glyph, i) => {
    const { xAdvance, xOffset, yOffset } = positions[i]!;
    outline(glyph.path.commands, x + xOffset, yOffset, 1 / font.unitsPerEm, out);
    x += xAdvance;
  });
  return { width: x / font.unitsPerEm, operators: `${out.join("\n")}\nf\n` };
}

const number = (value: number): string => String(Math.round(value * 1e4) / 1e4);

/** Glyph paths in PDF's operators (ISO 32000-2 §8.5.2); quadratic curves become cubic ones. */
function outline(commands: readonly PathCommand[], dx: number, dy: number, scale: number, out: string[]): void {
  let [x, y] = [0, 0];
  const put = (points: readonly number[], operator: string) =>
    out.push(`${points.map((value, i) => number((value + (i % 2 === 0 ? dx : dy)) * scale)).join(" ")} ${operator}`);
  for (const { command, args } of commands) {
    const [a = 0, b = 0, c = 0, d = 0] = args;
    if (command === "closePath") out.push("h");
    else if (command === "quadraticCurveTo") {
      put([x + (2 / 3) * (a - x), y + (2 / 3) * (b - y), c + (2 / 3) * (a - c), d + (2 / 3) * (b - d), c, d], "c");
    } else put(args, command === "moveTo" ? "m" : command === "lineTo" ? "l" : "c");
    if (args.length >= 2) [x, y] = [args.at(-2)!, args.at(-1)!];
  }
}
