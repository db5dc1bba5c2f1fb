import { signatureTimestampAttribute } from "../cms/index.ts";
import { SignaturesError } from "../errors.ts";
import { coverage, openPdf, type PdfSignature, signatureFields } from "../pdf/index.ts";
import { fillPlace } from "./pades-place.ts";
import { signatureValueOf, withUnsignedAttribute } from "./unsigned-attribute.ts";

/** The newest signature of a file, whose place may still be written to. */
export interface OpenPlace {
  readonly fieldName: string;
  /** Offset of the first hexadecimal digit, and octets the place holds. */
  readonly start: number;
  readonly capacity: number;
  /** The CMS in it. */
  readonly cms: Uint8Array;
  /** What a signature time stamp is over (EN 319 122-1 §5.3). */
  readonly timestampInput: Uint8Array;
}

/**
 * The place of the last signature: only while nothing follows it may its unsigned attributes change, since every later signature
 * covers them.
 * @throws SignaturesError PDF_*, CMS_MALFORMED; PDF_CERTIFIED_NO_CHANGES when the field is not the last signature
 */
export function openPlace(document: Uint8Array, fieldName: string): OpenPlace {
  const pdf = openPdf(document);
  const last: PdfSignature | undefined = signatureFields(pdf).at(-1);
  if (!last?.hole || last.fieldName !== fieldName || coverage(pdf, last).level !== "whole-file") {
    throw new SignaturesError("PDF_CERTIFIED_NO_CHANGES", "only the last signature of a file can be raised", {
      details: { field: fieldName },
    });
  }
  return {
    fieldName,
    start: last.hole.start + 1,
    capacity: (last.hole.end - last.hole.start - 2) >> 1,
    cms: last.contents,
    timestampInput: signatureValueOf(last.contents),
  };
}

/**
 * Raises a signature of level B to T in its own place (EN 319 142-1 §6.3): the signature value stays the same.
 * @param token TimeStampToken in DER over `openPlace(…).timestampInput`
 * @throws SignaturesError as `openPlace`, RESERVED_PLACE_TOO_SMALL
 */
export function raiseToT(document: Uint8Array, fieldName: string, token: Uint8Array): Uint8Array {
  const place = openPlace(document, fieldName);
  // A copy: slice of a Buffer would be a view.
  const out = new Uint8Array(document);
  fillPlace(out, place, withUnsignedAttribute(place.cms, signatureTimestampAttribute(token)));
  return out;
}
