import { readWhole, Tag } from "../der/element.ts";
import { fromOctets } from "./rsa.ts";

/**
 * r and s of an ECDSA or DSA signature, or null when the encoding is wrong: strict DER with positive, shortest integers
 * (RFC 3279 §2.2.2), or r||s of equal halves, `size` octets each (IEEE P1363, RFC 4050 §3.3).
 */
export function readRs(
  signature: Uint8Array,
  encoding: "der" | "p1363",
  size: number,
): { r: bigint; s: bigint } | null {
  if (encoding === "p1363") {
    if (signature.length !== 2 * size) return null;
    return { r: fromOctets(signature.subarray(0, size)), s: fromOctets(signature.subarray(size)) };
  }
  try {
    const parts = readWhole(signature).expect(Tag.SEQUENCE, "signature value").children();
    if (parts.length !== 2) return null;
    const values = parts.map((part) => {
      const c = part.expect(Tag.INTEGER, "r or s").content;
      const padded = c.length > 1 && c[0] === 0;
      const shortest = !padded || (c[1]! & 0x80) !== 0;
      return c.length > 0 && c.length <= size + 1 && (c[0]! & 0x80) === 0 && shortest ? fromOctets(c) : null;
    });
    const [r, s] = values;
    return r == null || s == null ? null : { r, s };
  } catch {
    // Whatever is wrong with the encoding, the answer is the same: this is no signature.
    return null;
  }
}
