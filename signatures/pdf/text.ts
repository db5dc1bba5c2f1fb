import type { PdfValue } from "./objects.ts";
import { PdfString } from "./objects.ts";

/** PDFDocEncoding where it differs from Latin-1 (ISO 32000-2 annex D.2). */
const DOC_ENCODING: Record<number, string> = {};
[..."\u02d8\u02c7\u02c6\u02d9\u02dd\u02db\u02da\u02dc"].forEach((c, i) => {
  DOC_ENCODING[0x18 + i] = c;
});
[
  ..."\u2022\u2020\u2021\u2026\u2014\u2013\u0192\u2044\u2039\u203a\u2212\u2030\u201e\u201c\u201d\u2018\u2019\u201a\u2122\ufb01\ufb02\u0141\u0152\u0160\u0178\u017d\u0131\u0142\u0153\u0161\u017e",
].forEach((c, i) => {
  DOC_ENCODING[0x80 + i] = c;
});
DOC_ENCODING[0xa0] = "\u20ac";

const utf16be = new TextDecoder("utf-16be");
const utf16le = new TextDecoder("utf-16le");
const utf8 = new TextDecoder("utf-8");

/** Text string (ISO 32000-2 §7.9.2.2): UTF-16 or UTF-8 with byte order mark, else PDFDocEncoding. Null for other objects. */
export function textOf(value: PdfValue): string | null {
  if (!(value instanceof PdfString)) return null;
  const b = value.bytes;
  if (b[0] === 0xfe && b[1] === 0xff) return utf16be.decode(b.subarray(2));
  if (b[0] === 0xff && b[1] === 0xfe) return utf16le.decode(b.subarray(2));
  if (b[0] === 0xef && b[1] === 0xbb && b[2] === 0xbf) return utf8.decode(b.subarray(3));
  let out = "";
  for (const octet of b) out += DOC_ENCODING[octet] ?? String.fromCharCode(octet);
  return out;
}

/** Text string object: ASCII as it is, everything else as UTF-16BE with byte order mark. */
export function textString(text: string): PdfString {
  if (/^[\x20-\x7e]*$/.test(text)) return PdfString.of(Uint8Array.from(text, (c) => c.charCodeAt(0)));
  const out = new Uint8Array(2 + text.length * 2);
  out[0] = 0xfe;
  out[1] = 0xff;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    out[2 + i * 2] = unit >> 8;
    out[3 + i * 2] = unit & 0xff;
  }
  return PdfString.of(out);
}

const DATE = /^D:(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:(Z)|([+-])(\d{2})'?(\d{2})?'?)?/;

/** Date string (§7.9.4) in milliseconds since 1970; without a zone it is taken as UTC. Null where malformed. */
export function dateOf(value: PdfValue): number | null {
  const text = textOf(value);
  const m = text === null ? null : DATE.exec(text);
  if (!m) return null;
  const part = (i: number, fallback: number) => (m[i] === undefined ? fallback : Number(m[i]));
  const [month, day, hour, minute, second] = [part(2, 1), part(3, 1), part(4, 0), part(5, 0), part(6, 0)];
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59) return null;
  const zone = (part(9, 0) * 60 + part(10, 0)) * 60_000 * (m[8] === "-" ? -1 : 1);
  return Date.UTC(part(1, 0), month - 1, day, hour, minute, second) - zone;
}

/** Date string of an instant, in UTC. */
export function dateString(date: Date): PdfString {
  return textString(`D:${date.toISOString().replace(/[-:T]|\.\d+Z/g, "")}Z`);
}
