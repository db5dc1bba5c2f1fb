import type { PdfRef, PdfStream, PdfValue } from "../pdf/index.ts";

/**
 * A picture in objects of its own: a form XObject (ISO 32000-2 §8.10) with `BBox` and direct `Resources`, seen upright, and what it
 * refers to, numbered for itself. Streams, fonts and whatever is to be one object in the file are referred to.
 */
export interface Picture {
  readonly form: PdfStream;
  readonly objects: ReadonlyMap<number, PdfValue>;
}

/** Follows references; null for what is not there. */
export type Resolve = (value: PdfValue) => PdfValue;

/** Finds an object of the file that is the same as `ref` in the picture, all that it refers to included; null where there is none. */
export type FindSame = (ref: PdfRef, resolve: Resolve) => PdfRef | null;
