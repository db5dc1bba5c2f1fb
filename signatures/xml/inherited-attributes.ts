import { XML_NS } from "./namespaces.ts";
import { XmlAttribute, type XmlElement, type XmlParent } from "./tree.ts";

/**
 * Attributes in the xml namespace that an element without its parent takes over from ancestors.
 * C14N 1.0 §2.4: the nearest of each name. C14N 1.1 §2.4: `xml:lang` and `xml:space` so, `xml:base` joined over the
 * ancestors left out, `xml:id` never.
 */
export function inheritedXmlAttributes(
  element: XmlElement,
  kind: "inclusive-1.0" | "inclusive-1.1",
  isIn: (ancestor: XmlElement) => boolean,
): XmlAttribute[] {
  const own = new Set<string>();
  for (const a of element.attributes) if (a.uri === XML_NS) own.add(a.local);
  const found = new Map<string, XmlAttribute>();
  for (let at: XmlParent = element.parent; at.type === "element"; at = at.parent) {
    for (const a of at.attributes) {
      if (a.uri !== XML_NS || own.has(a.local) || found.has(a.local)) continue;
      if (kind === "inclusive-1.1" && a.local !== "lang" && a.local !== "space") continue;
      found.set(a.local, a);
    }
  }
  const out = [...found.values()];
  if (kind === "inclusive-1.1") {
    const base = joinedBase(element, isIn);
    if (base !== null) out.push(new XmlAttribute(element, "xml:base", "xml", "base", XML_NS, base, -1));
  }
  return out;
}

/** The value of xml:base over the element and the ancestors left out just above it, or null when there is none. */
function joinedBase(element: XmlElement, isIn: (ancestor: XmlElement) => boolean): string | null {
  const values: string[] = [];
  const own = element.attribute("base", XML_NS);
  if (own !== null) values.push(own);
  let inherited = false;
  for (let at: XmlParent = element.parent; at.type === "element" && !isIn(at); at = at.parent) {
    const value = at.attribute("base", XML_NS);
    if (value !== null) {
      values.push(value);
      inherited = true;
    }
  }
  if (!inherited) return null;
  const joined = values.reverse().reduce((base, reference) => joinUriReferences(base, reference));
  return joined === "" ? null : joined;
}

const URI = /^(?:([^:/?#]+):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s;

/** join-URI-References of C14N 1.1 §2.4: RFC 3986 §5.2 for a base that may be relative itself; the fragment is dropped. */
export function joinUriReferences(base: string, reference: string): string {
  // A ".." at the end stands for the segment and its slash.
  const b = URI.exec(base.replace(/(^|\/)\.\.$/, "$1../"))!;
  const r = URI.exec(reference.replace(/(^|\/)\.\.$/, "$1../"))!;
  let [scheme, authority, path, query] = [b[1], b[2], b[3]!, b[4]];
  if (r[1] !== undefined) [scheme, authority, path, query] = [r[1], r[2], removeDots(r[3]!), r[4]];
  else if (r[2] !== undefined) [authority, path, query] = [r[2], removeDots(r[3]!), r[4]];
  else if (r[3] === "") query = r[4] ?? query;
  else {
    const merged = r[3]!.startsWith("/")
      ? r[3]!
      : authority !== undefined && path === ""
        ? `/${r[3]}`
        : path.slice(0, path.lastIndexOf("/") + 1) + r[3];
    path = removeDots(merged);
    query = r[4];
  }
  return (
    (scheme === undefined ? "" : `${scheme}:`) +
    (authority === undefined ? "" : `//${authority}`) +
    path +
    (query === undefined ? "" : `?${query}`)
  );
}

function removeDots(path: string): string {
  const rooted = path.startsWith("/");
  const out: string[] = [];
  const segments = path.replace(/\/{2,}/g, "/").split("/");
  if (rooted) segments.shift();
  segments.forEach((segment, i) => {
    const last = i === segments.length - 1;
    if (segment === ".") {
      if (last) out.push("");
    } else if (segment === "..") {
      // Leading ".." are kept: the base may be relative, and they say how far above it the result lies.
      if (out.length > 0 && out[out.length - 1] !== "..") out.pop();
      else if (!rooted) out.push("..");
      if (last && out.length > 0) out.push("");
    } else out.push(segment);
  });
  return (rooted ? "/" : "") + out.join("/");
}
