import type { Bilingual } from "../bilingual.ts";

/**
 * Where something visible stands, in points, on the page as a person sees it: after cropping and turning, counted from its
 * lower left corner. `page` counts from 1; -1 is the last.
 */
export type Place =
  | { readonly by: "rect"; readonly page: number; readonly rect: readonly [number, number, number, number] }
  /** Under (or, with negative `below`, above) the last occurrence of a text on the page, centred on it and moved by `right`. */
  | {
      readonly by: "anchor";
      readonly page: number;
      readonly text: string;
      /** From the baseline of the text down to the upper edge. */
      readonly below: number;
      readonly right?: number;
      readonly width: number;
      readonly height: number;
    }
  | {
      readonly by: "corner";
      readonly page: number;
      readonly corner: "top-left" | "top-right" | "bottom-left" | "bottom-right";
      /** Distance from the side and from the upper or lower edge. */
      readonly margin: readonly [number, number];
      readonly width: number;
      readonly height: number;
    }
  /** Over the left side of an earlier step's place, covering `share` of its width; in the middle of its height. */
  | {
      readonly by: "step";
      readonly step: string;
      readonly share: number;
      readonly width: number;
      readonly height: number;
    };

/**
 * How a signature looks. `block`: name, role, organisation and time in a frame. `signature-image`, `seal`: the picture of a
 * person's signature or of an agency's seal, as NĐ 30/2020 Phụ lục I asks. `agency-text`: name of the agency and ISO 8601 time, for
 * appendices and copies.
 */
export interface SignatureAppearance {
  readonly template: "block" | "signature-image" | "seal" | "agency-text";
  /**
   * The first place the document has is taken; where it has none, the signature is invisible. An empty signature field of the
   * step's name in the document goes before all of them.
   */
  readonly places: readonly Place[];
  /**
   * File name of a PNG in the operator's folder of images; absent: the one named after the serial number of the signer's
   * certificate, in upper-case hexadecimal, if there is one.
   */
  readonly image?: string;
}

/** A QR code and short code that lead to the portal, put on the page before anybody signs. */
export interface LookupMark {
  readonly places: readonly Place[];
  readonly label: Bilingual;
}

/** Fields that may not be filled or changed once this step has signed (ISO 32000-2 table 236). */
export interface FieldLock {
  readonly action: "All" | "Include" | "Exclude";
  /** Names of fields; empty with `All`. */
  readonly fields: readonly string[];
}
