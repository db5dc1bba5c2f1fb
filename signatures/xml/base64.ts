const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUES = new Int8Array(128).fill(-1);
for (let i = 0; i < 64; i++) VALUES[ALPHABET.charCodeAt(i)] = i;
const PADDING = 0x3d;
const isSpace = (c: number) => c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09;

/** Octets of base64 text (RFC 4648 §4) with white space between, or null when it is something else. */
export function decodeBase64(text: string): Uint8Array | null {
  const out = new Uint8Array(Math.floor((text.length * 3) / 4) + 3);
  const plain = decodeQuads(text, out);
  let at = (plain / 4) * 3;
  let bits = 0;
  let count = 0;
  let padding = 0;
  for (let i = plain; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const value = c < 128 ? VALUES[c]! : -1;
    if (value < 0) {
      if (isSpace(c)) continue;
      if (c !== PADDING || ++padding > 2) return null;
      continue;
    }
    if (padding > 0) return null;
    bits = (bits << 6) | value;
    if (++count === 4) {
      out[at++] = bits >> 16;
      out[at++] = bits >> 8;
      out[at++] = bits;
      bits = 0;
      count = 0;
    }
  }
  if (count === 1 || (count === 0 ? padding !== 0 : padding !== 0 && padding !== 4 - count)) return null;
  if (count === 2) out[at++] = bits >> 4;
  if (count === 3) {
    out[at++] = bits >> 10;
    out[at++] = bits >> 2;
  }
  return out.subarray(0, at);
}

/** The usual case, four digits after another with no gap: decodes as far as it goes. @returns how many characters those were */
function decodeQuads(text: string, out: Uint8Array): number {
  const end = text.length - 3;
  let at = 0;
  let i = 0;
  for (; i < end; i += 4) {
    const a = text.charCodeAt(i);
    const b = text.charCodeAt(i + 1);
    const c = text.charCodeAt(i + 2);
    const d = text.charCodeAt(i + 3);
    if ((a | b | c | d) > 127) break;
    const bits = (VALUES[a]! << 18) | (VALUES[b]! << 12) | (VALUES[c]! << 6) | VALUES[d]!;
    // One that is no digit is -1, which sets the sign.
    if (bits < 0) break;
    out[at++] = bits >> 16;
    out[at++] = bits >> 8;
    out[at++] = bits;
  }
  return i;
}

/** Base64 with padding, on one line. */
export function encodeBase64(bytes: Uint8Array): string {
  const parts: string[] = [];
  let out = "";
  let i = 0;
  for (; i + 2 < bytes.length; i += 3) {
    const n = (bytes[i]! << 16) | (bytes[i + 1]! << 8) | bytes[i + 2]!;
    out += ALPHABET[n >> 18]! + ALPHABET[(n >> 12) & 63]! + ALPHABET[(n >> 6) & 63]! + ALPHABET[n & 63]!;
    if (out.length > 8192) {
      parts.push(out);
      out = "";
    }
  }
  if (i + 1 === bytes.length) {
    const n = bytes[i]!;
    out += `${ALPHABET[n >> 2]!}${ALPHABET[(n & 3) << 4]!}==`;
  } else if (i < bytes.length) {
    const n = (bytes[i]! << 8) | bytes[i + 1]!;
    out += `${ALPHABET[n >> 10]!}${ALPHABET[(n >> 4) & 63]!}${ALPHABET[(n & 15) << 2]!}=`;
  }
  return parts.join("") + out;
}
