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

/** A namespace declaration. Relative names, which C14N 1.0 §1.3 would have fail, occur in signed files and are written as they are. */
export function namespaceText(prefix: string, uri: string): string {
  return attributeText(prefix === "" ? "xmlns" : `xmlns:${prefix}`, uri);
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
