import { SignaturesError } from "../errors.ts";
import type { XmlAttribute, XmlComment, XmlPi } from "./tree.ts";

const TEXT = /[&<>\r]/;
const ATTRIBUTE = /[&<"\t\n\r]/;

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\t": "&#x9;",
  "\n": "&#xA;",
  "\r": "&#xD;",
};

/** Character data as C14N 1.0 §2.3 writes it. */
export function escapeText(text: string): string {
  return TEXT.test(text) ? text.replace(/[&<>\r]/g, (c) => ESCAPES[c]!) : text;
}

/** An attribute value as C14N 1.0 §2.3 writes it. */
export function escapeAttribute(value: string): string {
  return ATTRIBUTE.test(value) ? value.replace(/[&<"\t\n\r]/g, (c) => ESCAPES[c]!) : value;
}

export const attributeText = (name: string, value: string): string => ` ${name}="${escapeAttribute(value)}"`;

const absolute = /^[A-Za-z][A-Za-z0-9+.-]*:/;

/**
 * A namespace declaration. A relative namespace name fails, as C14N 1.0 §1.3 demands.
 * @throws SignaturesError XML_UNSUPPORTED
 */
export function namespaceText(prefix: string, uri: string): string {
  if (uri !== "" && !absolute.test(uri)) throw new SignaturesError("XML_UNSUPPORTED", "a relative namespace name");
  return prefix === "" ? ` xmlns="${escapeAttribute(uri)}"` : ` xmlns:${prefix}="${escapeAttribute(uri)}"`;
}

export const commentText = (node: XmlComment): string => `<!--${node.value.replaceAll("\r", "&#xD;")}-->`;

export function piText(node: XmlPi): string {
  const value = node.value.replaceAll("\r", "&#xD;");
  return value === "" ? `<?${node.target}?>` : `<?${node.target} ${value}?>`;
}

/** Order of UCS code points, which differs from that of UTF-16 units above U+D7FF. */
export function compareCodePoints(a: string, b: string): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) {
      const surrogate = (c: number) => (c >= 0xd800 && c <= 0xdfff ? c + 0x10000 : c);
      return surrogate(x) - surrogate(y);
    }
  }
  return a.length - b.length;
}

/** Attributes by namespace name, then local name; those without namespace first. */
export function compareAttributes(a: XmlAttribute, b: XmlAttribute): number {
  return compareCodePoints(a.uri, b.uri) || compareCodePoints(a.local, b.local);
}
