import { SignaturesError } from "../../errors.ts";
import type { PdfView } from "../document.ts";
import { isArray, nameOf, PdfDict, PdfName, PdfStream, type PdfValue } from "../objects.ts";
import { PdfParser } from "../parser.ts";

/** Side of a note's icon, in points, beyond which it is a picture and no icon. */
const ICON = 36;
/** Thickness of a line that marks text, in points. */
const LINE = 4;
const MAX_DECODED = 1_000_000;
const MAX_OPERATORS = 100_000;
const MAX_NESTED = 4;

/**
 * True when the pictures of a comment mark the page as its type says, and neither hide nor replace what stands there ("evil
 * annotation"): a highlight darkens, lines are thin and of one colour, a note is a small icon, a pop-up has no picture; no text and
 * no image in any of them (ISO 32000-2 §12.5.6.4, .10, .11, .14). Without a picture the viewer draws its own.
 */
export function marksOnly(view: PdfView, annotation: PdfDict): boolean {
  // PDF 2.0: the viewer draws with this blend mode where there is no picture, and the picture is laid over the page with it.
  const blend = view.get(annotation, "BM");
  if (blend !== null && !DARKENING.has(nameOf(blend) ?? "")) return false;
  const appearances = view.get(annotation, "AP");
  if (appearances === null) return true;
  if (!(appearances instanceof PdfDict)) return false;
  const subtype = nameOf(view.get(annotation, "Subtype"));
  if (subtype === "Popup") return false;
  const sides = sidesOf(view, annotation.get("Rect"));
  if (!sides) return false;
  if ((subtype === "Text" || subtype === "Caret") && Math.max(...sides) > ICON) return false;
  return [...appearances.entries.values()].every((value) => {
    const form = view.resolve(value);
    if (!(form instanceof PdfStream)) return false;
    const box = sidesOf(view, form.dict.get("BBox"));
    if (!box || box[0] === 0 || box[1] === 0) return false;
    const look = new Look(view, Math.max(sides[0] / box[0], sides[1] / box[1]));
    if (!look.draw(form, { darkens: false, opacity: 1, scale: 1, width: 1 }, false, 0)) return false;
    switch (subtype) {
      case "Highlight":
        return look.covering === 0 || (look.covering === 1 && look.opacity <= 0.6);
      case "Text":
      case "Caret":
        return true;
      default:
        return look.filled === 0 && look.colours.size <= 1 && look.widest <= LINE;
    }
  });
}

function sidesOf(view: PdfView, rect: PdfValue): [number, number] | null {
  const sides = view.array(rect)?.map((v) => view.resolve(v));
  if (sides?.length !== 4 || !sides.every((v): v is number => typeof v === "number")) return null;
  return [Math.abs(sides[2]! - sides[0]!), Math.abs(sides[3]! - sides[1]!)];
}

interface State {
  /** A blend mode that lets what is dark below stay dark. */
  darkens: boolean;
  opacity: number;
  /** Units of the picture for one of the stream. */
  scale: number;
  width: number;
}

const PATHS = new Set("m l c v y h re W W* n J j M d ri i BMC EMC MP BDC DP".split(" "));
const COLOURS = new Set("CS cs SC SCN sc scn G g RG rg K k".split(" "));
const STROKES = new Set(["S", "s"]);
const FILLS = new Set(["f", "F", "f*", "B", "B*", "b", "b*"]);
const DARKENING = new Set(["Multiply", "Darken", "ColorBurn"]);

/** What a content stream of paths draws. */
class Look {
  filled = 0;
  /** Paintings that do not darken. */
  covering = 0;
  /** The highest opacity a covering one had. */
  opacity = 0;
  widest = 0;
  readonly colours = new Set<string>();
  private operators = 0;
  private readonly view: PdfView;
  private readonly outer: number;

  constructor(view: PdfView, outer: number) {
    this.view = view;
    this.outer = outer;
  }

  /** False when anything but paths is drawn. `grouped`: the result is laid over the page by a darkening blend as a whole. */
  draw(form: PdfStream, start: State, grouped: boolean, depth: number): boolean {
    if (depth > MAX_NESTED) return false;
    const data = this.decoded(form);
    if (!data) return false;
    const resources = this.view.dict(form.dict.get("Resources"));
    const matrix = form.dict.get("Matrix");
    let state = { ...start, scale: start.scale * (depth === 0 ? 1 : growth(this.view.array(matrix) ?? [])) };
    const saved: State[] = [];
    const parser = new PdfParser(data, 0);
    let operands: PdfValue[] = [];
    for (;;) {
      const token = next(parser);
      if (token === null) return false;
      if (token.operator === null) {
        if (operands.length > 64) return false;
        if (token.end) return true;
        operands.push(token.value);
        continue;
      }
      const operator = token.operator;
      if (++this.operators > MAX_OPERATORS) return false;
      if (operator === "q") {
        if (saved.length > 64) return false;
        saved.push({ ...state });
      } else if (operator === "Q") state = saved.pop() ?? state;
      else if (operator === "cm") state.scale *= growth(operands);
      else if (operator === "w") state.width = typeof operands[0] === "number" ? Math.abs(operands[0]) : Number.NaN;
      else if (operator === "gs") {
        if (!this.graphicsState(resources, operands[0] ?? null, state)) return false;
      } else if (COLOURS.has(operator)) {
        // A pattern is a picture.
        if ((operator === "SCN" || operator === "scn") && operands.at(-1) instanceof PdfName) return false;
        if (!/^(cs|CS)$/.test(operator)) this.colours.add(`${operator.toLowerCase()} ${operands.join(" ")}`);
      } else if (STROKES.has(operator) || FILLS.has(operator)) this.paint(operator, state, grouped);
      else if (operator === "Do") {
        const inner = this.view.resolve(this.resource(resources, "XObject", operands[0] ?? null));
        if (!(inner instanceof PdfStream) || nameOf(this.view.get(inner.dict, "Subtype")) !== "Form") return false;
        const group = this.view.dict(inner.dict.get("Group")) !== null;
        if (
          !this.draw(
            inner,
            { ...state, darkens: state.darkens && !group },
            grouped || (group && state.darkens),
            depth + 1,
          )
        )
          return false;
      } else if (!PATHS.has(operator)) return false;
      operands = [];
    }
  }

  private paint(operator: string, state: State, grouped: boolean): void {
    if (FILLS.has(operator)) this.filled++;
    if (!operator.toLowerCase().startsWith("f")) {
      const width = state.width * state.scale * this.outer;
      this.widest = Math.max(this.widest, Number.isNaN(width) ? Number.POSITIVE_INFINITY : width);
    }
    if (state.darkens || grouped) return;
    this.covering++;
    this.opacity = Math.max(this.opacity, state.opacity);
  }

  private graphicsState(resources: PdfDict | null, name: PdfValue, state: State): boolean {
    const { view } = this;
    const dict = view.dict(this.resource(resources, "ExtGState", name));
    if (!dict || (dict.entries.has("SMask") && nameOf(view.get(dict, "SMask")) !== "None")) return false;
    // A font may stand here too; there is no text to use it.
    const mode = view.get(dict, "BM");
    const blend = nameOf(isArray(mode) ? view.resolve(mode[0] ?? null) : mode);
    if (blend !== null) state.darkens = DARKENING.has(blend);
    const width = view.get(dict, "LW");
    if (typeof width === "number") state.width = Math.abs(width);
    const alphas = ["ca", "CA"].map((key) => view.get(dict, key)).filter((v) => typeof v === "number");
    if (alphas.length) state.opacity = Math.max(...alphas);
    return true;
  }

  private resource(resources: PdfDict | null, kind: string, name: PdfValue): PdfValue {
    const list = resources && this.view.dict(resources.get(kind));
    return list && name instanceof PdfName ? list.get(name.value) : null;
  }

  private decoded(form: PdfStream): Uint8Array | null {
    try {
      const data = this.view.decode(form);
      return data.length > MAX_DECODED ? null : data;
    } catch (error) {
      // What we cannot read, a viewer may.
      if (!(error instanceof SignaturesError)) throw error;
      return null;
    }
  }
}

/** By how much a matrix enlarges at most; infinite for one that is none. */
function growth(matrix: readonly PdfValue[]): number {
  if (matrix.length === 0) return 1;
  const [a, b, c, d] = matrix.map((v) => (typeof v === "number" ? v : Number.POSITIVE_INFINITY));
  if (d === undefined) return Number.POSITIVE_INFINITY;
  return Math.max(Math.hypot(a!, b!), Math.hypot(c!, d));
}

type Token = { operator: string } | { operator: null; value: PdfValue; end: boolean };

/** The next operand or operator; null where the stream is malformed. */
function next(parser: PdfParser): Token | null {
  parser.skip();
  const { bytes } = parser;
  if (parser.pos >= bytes.length) return { operator: null, value: null, end: true };
  const c = bytes[parser.pos]!;
  if (isOperatorStart(c)) {
    const start = parser.pos;
    while (parser.pos < bytes.length && parser.pos - start < 16 && isOperatorPart(bytes[parser.pos]!)) parser.pos++;
    const operator = String.fromCharCode(...bytes.subarray(start, parser.pos));
    if (operator === "true" || operator === "false" || operator === "null")
      return { operator: null, value: null, end: false };
    return { operator };
  }
  try {
    return { operator: null, value: parser.value(), end: false };
  } catch (error) {
    if (!(error instanceof SignaturesError)) throw error;
    return null;
  }
}

const isLetter = (c: number): boolean => (c >= 65 && c <= 90) || (c >= 97 && c <= 122);
const isOperatorStart = (c: number): boolean => isLetter(c) || c === 39 || c === 34;
const isOperatorPart = (c: number): boolean => isOperatorStart(c) || c === 42 || (c >= 48 && c <= 57);
