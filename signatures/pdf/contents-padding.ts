import type { PdfString } from "./objects.ts";

const ZERO = 48;
/** Eight times the digit 0, as the number its octets make. */
const EIGHT_ZEROS = new Float64Array(new Uint8Array(8).fill(ZERO).buffer)[0]!;

/**
 * What stands in a hexadecimal /Contents behind its first `count` octets: `zeros` (the filling of a reserved place, white space
 * among it), or `other` octets, which lie under no signature and belong to nothing (ISO 32000-2 §12.8.3.4). A string whose
 * first octets are not written as plain pairs of digits is `other` too.
 */
export function paddingOf(string: PdfString, count: number): "zeros" | "other" {
  const { source } = string;
  const end = string.end - 1;
  let i = string.start + 1 + 2 * count;
  while (i < end) {
    if (source[i] === ZERO) {
      i = skipZeros(source, i, end);
      continue;
    }
    const c = source[i]!;
    if (c !== 32 && c !== 10 && c !== 13 && c !== 9 && c !== 12 && c !== 0) return "other";
    i++;
  }
  return "zeros";
}

function skipZeros(source: Uint8Array, from: number, end: number): number {
  let i = from;
  while (i < end && source[i] === ZERO && (source.byteOffset + i) % 8 !== 0) i++;
  const words = (end - i) >> 3;
  if (words > 4 && source[i] === ZERO) {
    const view = new Float64Array(source.buffer, source.byteOffset + i, words);
    let w = 0;
    while (w < words && view[w] === EIGHT_ZEROS) w++;
    i += w * 8;
  }
  while (i < end && source[i] === ZERO) i++;
  return i;
}
