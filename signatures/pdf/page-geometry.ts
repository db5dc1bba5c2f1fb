import type { PdfView } from "./document.ts";
import { inherited } from "./inherited.ts";
import { isArray } from "./objects.ts";
import type { PdfPage } from "./walk-pages.ts";

/** Left, bottom, right, top. */
export type Rect = readonly [number, number, number, number];

/**
 * A page as a person sees it: the crop box, turned by /Rotate (ISO 32000-2 §7.7.3.3, §14.11.2). Points are counted from the lower
 * left corner of what is seen.
 */
export interface PageGeometry {
  readonly width: number;
  readonly height: number;
  /** Clockwise, in degrees. */
  readonly rotation: 0 | 90 | 180 | 270;
  /** From what is seen to default user space. */
  toUserSpace(rect: Rect): Rect;
  /** From default user space to what is seen. */
  toSeen(x: number, y: number): readonly [number, number];
}

const A4: Rect = [0, 0, 595.28, 841.89];

export function pageGeometry(view: PdfView, page: PdfPage): PageGeometry {
  const media = box(view, page, "MediaBox") ?? A4;
  const [left, bottom, right, top] = within(box(view, page, "CropBox"), media);
  const turned = inherited(view, page.dict, "Rotate");
  const quarter = typeof turned === "number" ? (((Math.round(turned / 90) % 4) + 4) % 4) * 90 : 0;
  const rotation = quarter as PageGeometry["rotation"];
  const sideways = rotation === 90 || rotation === 270;
  const [w, h] = [right - left, top - bottom];
  const toUser = (x: number, y: number): [number, number] => {
    switch (rotation) {
      case 0:
        return [left + x, bottom + y];
      case 90:
        return [right - y, bottom + x];
      case 180:
        return [right - x, top - y];
      case 270:
        return [left + y, top - x];
    }
  };
  return {
    width: sideways ? h : w,
    height: sideways ? w : h,
    rotation,
    toUserSpace([x1, y1, x2, y2]) {
      const a = toUser(x1, y1);
      const b = toUser(x2, y2);
      return [
        round(Math.min(a[0], b[0])),
        round(Math.min(a[1], b[1])),
        round(Math.max(a[0], b[0])),
        round(Math.max(a[1], b[1])),
      ];
    },
    toSeen(x, y) {
      switch (rotation) {
        case 0:
          return [x - left, y - bottom];
        case 90:
          return [y - bottom, right - x];
        case 180:
          return [right - x, top - y];
        case 270:
          return [top - y, x - left];
      }
    },
  };
}

function box(view: PdfView, page: PdfPage, key: string): Rect | null {
  const value = inherited(view, page.dict, key);
  const numbers = isArray(value) ? value.map((each) => view.resolve(each)) : [];
  if (numbers.length !== 4 || !numbers.every((n) => typeof n === "number" && Number.isFinite(n))) return null;
  const [a, b, c, d] = numbers as [number, number, number, number];
  const rect: Rect = [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
  return rect[2] > rect[0] && rect[3] > rect[1] ? rect : null;
}

/** What a viewer crops to: the part of the crop box that lies on the medium (§14.11.2.1). */
function within(crop: Rect | null, media: Rect): Rect {
  if (crop === null) return media;
  const cut: Rect = [
    Math.max(crop[0], media[0]),
    Math.max(crop[1], media[1]),
    Math.min(crop[2], media[2]),
    Math.min(crop[3], media[3]),
  ];
  return cut[2] > cut[0] && cut[3] > cut[1] ? cut : media;
}

const round = (value: number): number => Math.round(value * 100) / 100;
