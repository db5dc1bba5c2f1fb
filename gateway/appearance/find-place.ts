import {
  findText,
  type PageGeometry,
  type PdfDict,
  type PdfDocument,
  type PdfPage,
  type PdfView,
  pageAt,
  pageGeometry,
  type Rect,
  walkFields,
  walkPages,
} from "@hocba/signatures/pdf";
import type { Place } from "@hocba/signatures/profiles";
import { indexOf, type TextFinder } from "./found-texts.ts";

/** A place in a document: page from 0, `rect` in default user space, and its sizes as seen on the screen. */
export interface FoundPlace {
  readonly page: number;
  readonly rect: Rect;
  readonly width: number;
  readonly height: number;
}

/** Places of earlier steps by their names, as places `by: "step"` ask for them. */
export type StepPlaces = (step: string) => FoundPlace | null;

/** The first of `places` that the document has, or null. @throws SignaturesError PDF_LIMIT */
export function findPlace(
  document: PdfDocument,
  places: readonly Place[],
  steps: StepPlaces = () => null,
  texts: TextFinder = (view, page, _, text) => findText(view, page, text),
): FoundPlace | null {
  for (const place of places) {
    const found = tryPlace(document, place, steps, texts);
    if (found !== null) return found;
  }
  return null;
}

/** The place of a signature field of this name, filled or empty, when it is to be seen; else null. */
export function fieldPlace(document: PdfDocument, fieldName: string): FoundPlace | null {
  const view = document.latest;
  const field = walkFields(view).find((each) => each.name === fieldName && each.type === "Sig");
  const rect = field ? rectOf(view, field.dict) : null;
  if (field === undefined || rect === null) return null;
  const page = pageOf(view, field.dict, field.object);
  if (page === null) return null;
  const sideways = pageGeometry(view, page.page).rotation % 180 !== 0;
  const [w, h] = [rect[2] - rect[0], rect[3] - rect[1]];
  return { page: page.index, rect, width: sideways ? h : w, height: sideways ? w : h };
}

function tryPlace(document: PdfDocument, place: Place, steps: StepPlaces, texts: TextFinder): FoundPlace | null {
  const view = document.latest;
  if (place.by === "step") {
    const base = steps(place.step);
    const page = base && pageAt(view, base.page);
    if (!base || !page) return null;
    const geometry = pageGeometry(view, page);
    const [left, bottom] = seenCorner(geometry, base.rect);
    const right = left + base.width * place.share;
    const low = bottom + (base.height - place.height) / 2;
    return inside(geometry, base.page, [right - place.width, low, right, low + place.height]);
  }
  const index = indexOf(place.page);
  const page = pageAt(view, index);
  if (page === null) return null;
  const geometry = pageGeometry(view, page);
  const { width, height } = geometry;
  switch (place.by) {
    case "rect":
      return inside(geometry, index, place.rect);
    case "corner": {
      const [side, edge] = place.margin;
      const left = place.corner.endsWith("left") ? side : width - side - place.width;
      const bottom = place.corner.startsWith("bottom") ? edge : height - edge - place.height;
      return inside(geometry, index, [left, bottom, left + place.width, bottom + place.height]);
    }
    case "anchor": {
      const found = texts(view, page, index, place.text).at(-1);
      if (found === undefined) return null;
      const [x1, y1] = geometry.toSeen(...found.start);
      const [x2] = geometry.toSeen(...found.end);
      const left = (x1 + x2) / 2 + (place.right ?? 0) - place.width / 2;
      const top = y1 - place.below;
      return inside(geometry, index, [left, top - place.height, left + place.width, top]);
    }
  }
}

/** Nothing that a person would not see counts as a place; what looks over the edge is moved in. */
function inside(geometry: PageGeometry, page: number, [x1, y1, x2, y2]: Rect): FoundPlace | null {
  const [width, height] = [x2 - x1, y2 - y1];
  if (width <= 0 || height <= 0 || width > geometry.width || height > geometry.height) return null;
  const left = Math.min(Math.max(0, x1), geometry.width - width);
  const bottom = Math.min(Math.max(0, y1), geometry.height - height);
  return { page, rect: geometry.toUserSpace([left, bottom, left + width, bottom + height]), width, height };
}

function seenCorner(geometry: PageGeometry, [x1, y1, x2, y2]: Rect): [number, number] {
  const a = geometry.toSeen(x1, y1);
  const b = geometry.toSeen(x2, y2);
  return [Math.min(a[0], b[0]), Math.min(a[1], b[1])];
}

function rectOf(view: PdfView, widget: PdfDict): Rect | null {
  const numbers = (view.array(widget.get("Rect")) ?? []).map((each) => view.resolve(each));
  if (numbers.length !== 4 || !numbers.every((n) => typeof n === "number")) return null;
  const [a, b, c, d] = numbers as [number, number, number, number];
  const rect: Rect = [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
  return rect[2] > rect[0] && rect[3] > rect[1] ? rect : null;
}

/** The page a widget stands on: by its /P, or, where that is missing, by the page that lists it. */
function pageOf(view: PdfView, widget: PdfDict, object: number | null): { page: PdfPage; index: number } | null {
  const direct = view.dict(widget.get("P"));
  let index = 0;
  for (const page of walkPages(view)) {
    const listed = direct === null && (view.array(page.dict.get("Annots")) ?? []).some((each) => isRefTo(each, object));
    if (page.dict === direct || listed) return { page, index };
    index++;
  }
  return null;
}

const isRefTo = (value: unknown, object: number | null): boolean =>
  object !== null && typeof value === "object" && value !== null && "num" in value && value.num === object;
