import { Unzlib, unzlibSync } from "fflate";
import { SignaturesError } from "../errors.ts";
import { integerOf, isArray, nameOf, PdfDict, type PdfStream, type PdfValue } from "./objects.ts";

/** Structural streams (cross-references, object streams) may not grow beyond this when decoded. */
export const MAX_DECODED = 64 * 1024 * 1024;
const MAX_FILTERS = 8;

const limit = (): SignaturesError =>
  new SignaturesError("PDF_LIMIT", `a stream decodes to more than ${MAX_DECODED} octets`);
const bad = (what: string): SignaturesError => new SignaturesError("PDF_MALFORMED", what);

/**
 * Octets of a stream with its filters undone (ISO 32000-2 §7.4): FlateDecode, LZWDecode, ASCIIHexDecode,
 * ASCII85Decode, predictors. `resolve` follows references in the dictionary.
 * @throws SignaturesError PDF_MALFORMED, PDF_LIMIT
 */
export function decodeStream(
  stream: PdfStream,
  resolve: (value: PdfValue) => PdfValue,
  maximum: number = MAX_DECODED,
): Uint8Array {
  const list = (value: PdfValue): PdfValue[] => (isArray(value) ? value.map(resolve) : value === null ? [] : [value]);
  const filters = list(resolve(stream.dict.get("Filter") ?? stream.dict.get("F")));
  const parms = list(resolve(stream.dict.get("DecodeParms") ?? stream.dict.get("DP")));
  if (filters.length > MAX_FILTERS) throw bad("too many filters on a stream");
  let data = stream.encoded;
  filters.forEach((filter, i) => {
    const p = parms[i] instanceof PdfDict ? (parms[i] as PdfDict) : null;
    const parameter = (key: string, fallback: number): number => integerOf(resolve(p?.get(key) ?? null)) ?? fallback;
    switch (nameOf(filter)) {
      case "FlateDecode":
      case "Fl":
        data = unpredict(inflate(data, maximum), parameter);
        break;
      case "LZWDecode":
      case "LZW":
        data = unpredict(lzw(data, parameter("EarlyChange", 1), maximum), parameter);
        break;
      case "ASCIIHexDecode":
      case "AHx":
        data = asciiHex(data);
        break;
      case "ASCII85Decode":
      case "A85":
        data = ascii85(data, maximum);
        break;
      case "Crypt":
        // Only the Identity filter stands here in practice; the loader leaves such streams alone.
        break;
      default:
        throw bad(`filter ${nameOf(filter) ?? "of unknown kind"} is not for structure`);
    }
  });
  return data;
}

/** Inputs of this size cannot grow beyond 8 MB (deflate expands 1032-fold at most), so they need no counting. */
const SMALL = 8 * 1024;

/** Taken by every small stream in turn: the library would else set aside 128 KiB for each block. */
const scratch = new Uint8Array(64 * 1024);

function unzlibSmall(data: Uint8Array): Uint8Array {
  const out = unzlibSync(data, { out: scratch });
  // What fills the scratch buffer may have been cut off.
  return out.length < scratch.length ? out.slice() : unzlibSync(data);
}

/** zlib data (RFC 1950); a missing end or checksum is tolerated, as viewers do. @throws SignaturesError */
export function inflate(data: Uint8Array, maximum: number = MAX_DECODED): Uint8Array {
  try {
    if (data.length <= SMALL) {
      const out = unzlibSmall(data);
      if (out.length > maximum) throw limit();
      return out;
    }
  } catch (cause) {
    if (cause instanceof SignaturesError) throw cause;
  }
  const parts: Uint8Array[] = [];
  let total = 0;
  const unzlib = new Unzlib((part) => {
    total += part.length;
    if (total > maximum) throw limit();
    if (part.length) parts.push(part);
  });
  try {
    for (let at = 0; at < data.length; at += SMALL) unzlib.push(data.subarray(at, at + SMALL), false);
  } catch (cause) {
    if (cause instanceof SignaturesError) throw cause;
    if (total === 0) throw new SignaturesError("PDF_MALFORMED", "FlateDecode data is damaged", { cause });
  }
  return join(parts, total);
}

function join(parts: readonly Uint8Array[], total: number): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const out = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** LZW of ISO 32000-2 §7.4.4: variable code length 9–12, most significant bit first. */
function lzw(data: Uint8Array, earlyChange: number, maximum: number): Uint8Array {
  let out = new Uint8Array(Math.min(maximum, data.length * 4 + 256));
  let n = 0;
  const prefix = new Uint16Array(4096);
  const suffix = new Uint8Array(4096);
  const stack = new Uint8Array(4096);
  let next = 258;
  let width = 9;
  let previous = -1;
  let first = 0;
  let bits = 0;
  let held = 0;
  for (const octet of data) {
    held = ((held << 8) | octet) & 0xffffff;
    bits += 8;
    if (bits < width) continue;
    const code = (held >> (bits - width)) & ((1 << width) - 1);
    bits -= width;
    if (code === 257) break;
    if (code === 256) {
      next = 258;
      width = 9;
      previous = -1;
      continue;
    }
    if (code > next || (code === next && previous < 0)) throw bad("LZWDecode data is damaged");
    let depth = 0;
    let at = code;
    if (code === next) {
      stack[depth++] = first;
      at = previous;
    }
    while (at >= 258) {
      stack[depth++] = suffix[at]!;
      at = prefix[at]!;
    }
    stack[depth++] = at;
    first = at;
    if (n + depth > out.length) {
      if (n + depth > maximum) throw limit();
      const larger = new Uint8Array(Math.min(maximum, (n + depth) * 2));
      larger.set(out.subarray(0, n));
      out = larger;
    }
    while (depth > 0) out[n++] = stack[--depth]!;
    if (previous >= 0 && next < 4096) {
      prefix[next] = previous;
      suffix[next] = first;
      next++;
    }
    previous = code;
    const size = next + (earlyChange ? 1 : 0);
    width = size >= 2048 ? 12 : size >= 1024 ? 11 : size >= 512 ? 10 : 9;
  }
  return out.subarray(0, n);
}

function asciiHex(data: Uint8Array): Uint8Array {
  const out = new Uint8Array((data.length + 1) >> 1);
  let n = 0;
  let high = -1;
  for (const c of data) {
    if (c === 62) break;
    const digit = Number.parseInt(String.fromCharCode(c), 16);
    if (Number.isNaN(digit)) continue;
    if (high < 0) high = digit;
    else {
      out[n++] = high * 16 + digit;
      high = -1;
    }
  }
  if (high >= 0) out[n++] = high * 16;
  return out.subarray(0, n);
}

function ascii85(data: Uint8Array, maximum: number): Uint8Array {
  const size = Math.min(data.length * 4, maximum);
  const out = new Uint8Array(size);
  let n = 0;
  const group: number[] = [];
  const flush = (count: number) => {
    let value = 0;
    for (let i = 0; i < 5; i++) value = value * 85 + (group[i] ?? 84);
    if (n + count > size) throw limit();
    for (let i = 0; i < count; i++) out[n++] = Math.floor(value / 256 ** (3 - i)) & 0xff;
    group.length = 0;
  };
  for (const c of data) {
    if (c === 126) break;
    if (c === 122 && group.length === 0) {
      group.push(0, 0, 0, 0, 0);
      flush(4);
    } else if (c >= 33 && c <= 117) {
      group.push(c - 33);
      if (group.length === 5) flush(4);
    }
  }
  if (group.length > 1) flush(group.length - 1);
  return out.subarray(0, n);
}

/** Undoes TIFF predictor 2 (8 bits) and the PNG predictors (ISO 32000-2 §7.4.4.4). */
function unpredict(data: Uint8Array, parameter: (key: string, fallback: number) => number): Uint8Array {
  const predictor = parameter("Predictor", 1);
  if (predictor <= 1) return data;
  const colors = parameter("Colors", 1);
  const bits = parameter("BitsPerComponent", 8);
  const columns = parameter("Columns", 1);
  if (colors < 1 || colors > 64 || bits < 1 || bits > 16 || columns < 1 || columns > 1_000_000) {
    throw bad("predictor parameters out of range");
  }
  const pixel = Math.max(1, (colors * bits) >> 3);
  const row = (colors * bits * columns + 7) >> 3;
  if (predictor === 2) {
    if (bits !== 8) throw bad("TIFF predictor of this depth is not for structure");
    const out = new Uint8Array(data);
    for (let start = 0; start < out.length; start += row) {
      for (let i = start + pixel; i < Math.min(start + row, out.length); i++) out[i] = out[i]! + out[i - pixel]!;
    }
    return out;
  }
  const rows = Math.ceil(data.length / (row + 1));
  const out = new Uint8Array(rows * row);
  let written = 0;
  for (let r = 0; r < rows; r++) {
    const from = r * (row + 1);
    const kind = data[from]!;
    const to = r * row;
    const length = Math.min(row, data.length - from - 1);
    for (let i = 0; i < length; i++) {
      const left = i >= pixel ? out[to + i - pixel]! : 0;
      const up = r > 0 ? out[to + i - row]! : 0;
      const corner = r > 0 && i >= pixel ? out[to + i - row - pixel]! : 0;
      const add =
        kind === 0
          ? 0
          : kind === 1
            ? left
            : kind === 2
              ? up
              : kind === 3
                ? (left + up) >> 1
                : kind === 4
                  ? paeth(left, up, corner)
                  : 0;
      out[to + i] = data[from + 1 + i]! + add;
    }
    written = to + length;
  }
  return out.subarray(0, Math.max(0, written));
}

function paeth(left: number, up: number, corner: number): number {
  const p = left + up - corner;
  const a = Math.abs(p - left);
  const b = Math.abs(p - up);
  const c = Math.abs(p - corner);
  return a <= b && a <= c ? left : b <= c ? up : corner;
}
