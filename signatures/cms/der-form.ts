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
