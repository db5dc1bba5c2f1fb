import { SignaturesError } from "../errors.ts";
import { appendRevision, type PdfDict, type PdfRef, type PdfValue, type PdfWriter, serialise } from "../pdf/index.ts";
import type { Update } from "./update.ts";

/** A document that is complete but for the octets of one /Contents. */
export interface ReservedPlace {
  readonly document: Uint8Array;
  /** Offset of the first hexadecimal digit, and octets the place holds. */
  readonly start: number;
  readonly capacity: number;
  /** The two ranges the signature covers, as views into `document`. */
  readonly ranges: readonly [Uint8Array, Uint8Array];
}

/** Room for `/ByteRange` with files of 10^12 octets. */
const BYTE_RANGE_WIDTH = 48;

/**
 * Appends the update with the signature dictionary `head`, numbered `value`, completed by /ByteRange and by /Contents with room for
 * `capacity` octets (ISO 32000-2 §12.8.1). @throws SignaturesError PDF_ENCRYPTED, PDF_MALFORMED
 */
export function reservePlace(update: Update, value: PdfRef, head: PdfDict, capacity: number): ReservedPlace {
  let range = 0;
  let start = 0;
  const objects = new Map<number, PdfValue | ((writer: PdfWriter) => void)>(update.objects);
  objects.set(value.num, (writer) => {
    writer.put(serialise(head).slice(0, -2)).put("/ByteRange ");
    range = writer.offset;
    writer.put(" ".repeat(BYTE_RANGE_WIDTH)).put("/Contents <");
    start = writer.offset;
    writer.bytes(new Uint8Array(capacity * 2).fill(ZERO)).put(">>>");
  });
  const document = appendRevision(update.document, objects);
  const first = start - 1;
  const second = start + capacity * 2 + 1;
  const text = `[0 ${first} ${second} ${document.length - second}]`;
  for (let i = 0; i < text.length; i++) document[range + i] = text.charCodeAt(i);
  return { document, start, capacity, ranges: [document.subarray(0, first), document.subarray(second)] };
}

const ZERO = 48;
const DIGITS = Uint8Array.from("0123456789abcdef", (c) => c.charCodeAt(0));

/** Writes the CMS into its place, the rest of it zeros. @throws SignaturesError RESERVED_PLACE_TOO_SMALL */
export function fillPlace(document: Uint8Array, place: { start: number; capacity: number }, cms: Uint8Array): void {
  if (cms.length > place.capacity) {
    throw new SignaturesError("RESERVED_PLACE_TOO_SMALL", "the signature does not fit into its place", {
      details: { needed: cms.length, reserved: place.capacity },
    });
  }
  let at = place.start;
  for (const octet of cms) {
    document[at++] = DIGITS[octet >> 4]!;
    document[at++] = DIGITS[octet & 15]!;
  }
  document.fill(ZERO, at, place.start + place.capacity * 2);
}
