import { der, type Element, MAX_DEPTH, readOctetString, sortDer, Tag } from "@hocba/certs/der";
import { malformed } from "./malformed.ts";

/**
 * The DER form of a BER value: definite shortest lengths, octet strings joined, sets sorted (X.690 §10, §11.6). Signed
 * attributes are digested in this form whatever the file holds (RFC 5652 §5.4).
 */
export function derForm(e: Element, depth = 0): Uint8Array {
  if (depth > MAX_DEPTH) throw malformed("nested too deeply");
  if (!e.constructed) return der(e.tag, e.content);
  if (e.tag === (Tag.OCTET_STRING | 0x20)) return der(Tag.OCTET_STRING, readOctetString(e));
  const parts = e.children().map((child) => derForm(child, depth + 1));
  return e.tag === Tag.SET ? der(Tag.SET, ...sortDer(parts)) : der(e.tag, ...parts);
}

/**
 * True when the octets `[start, end)` are elements that `derForm` would give back as they are. False says nothing: what is out of
 * the ordinary is left to it.
 */
export function isDerForm(bytes: Uint8Array, start: number, end: number, sorted = false, depth = 0): boolean {
  if (depth > MAX_DEPTH) return false;
  let before = -1;
  for (let at = start; at < end; ) {
    if (at + 2 > end) return false;
    const tag = bytes[at]!;
    const first = bytes[at + 1]!;
    let content = at + 2;
    let length = first;
    if (first > 0x80) {
      const count = first & 0x7f;
      if (count > 3 || bytes[content] === 0) return false;
      length = 0;
      for (let i = 0; i < count; i++) length = (length << 8) | bytes[content++]!;
      if (length < 0x80) return false;
    } else if (first === 0x80) return false;
    const next = content + length;
    // A tag number above 30, or an octet string in pieces.
    if (next > end || (tag & 0x1f) === 0x1f || tag === (Tag.OCTET_STRING | 0x20)) return false;
    if ((tag & 0x20) !== 0 && !isDerForm(bytes, content, next, tag === Tag.SET, depth + 1)) return false;
    if (sorted && before >= 0 && !inOrder(bytes, before, at, next)) return false;
    before = at;
    at = next;
  }
  return true;
}

/** True when the element `[a, b)` may stand before the element `[b, end)` in a SET OF (X.690 §11.6). */
function inOrder(bytes: Uint8Array, a: number, b: number, end: number): boolean {
  const n = Math.min(b - a, end - b);
  for (let i = 0; i < n; i++) if (bytes[a + i] !== bytes[b + i]) return bytes[a + i]! < bytes[b + i]!;
  return b - a <= end - b;
}
