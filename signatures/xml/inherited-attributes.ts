import { XML_NS } from "./namespaces.ts";
import { XmlAttribute, type XmlElement } from "./tree.ts";

/**
 * Attributes in the xml namespace that elements without their parents take over from ancestors.
 * C14N 1.0 §2.4: the nearest of each name. C14N 1.1 §2.4: `xml:lang` and `xml:space` so, `xml:base` joined over the
 * ancestors left out, `xml:id` never. What an ancestor hands down is kept: many elements may ask the same one.
 */
export class InheritedXmlAttributes {
  private readonly kind: "inclusive-1.0" | "inclusive-1.1";
  private readonly isIn: (ancestor: XmlElement) => boolean;
  private readonly attributes = new Map<XmlElement, ReadonlyMap<string, XmlAttribute>>();
  private readonly bases = new Map<XmlElement, string | null>();

  constructor(kind: "inclusive-1.0" | "inclusive-1.1", isIn: (ancestor: XmlElement) => boolean) {
    this.kind = kind;
    this.isIn = isIn;
  }

  /** What the element takes over: to be put beside its own attributes, in place of one of the same name. */
  of(element: XmlElement): XmlAttribute[] {
    const { parent } = element;
    if (parent.type !== "element") return [];
    const out: XmlAttribute[] = [];
    for (const [local, attribute] of this.handedDown(parent)) {
      if (element.attribute(local, XML_NS) === null) out.push(attribute);
    }
    if (this.kind === "inclusive-1.1") {
      const above = this.base(parent);
      const own = element.attribute("base", XML_NS);
      const base = above === null || own === null ? above : joinUriReferences(above, own);
      if (base) out.push(new XmlAttribute(element, "xml:base", "xml", "base", XML_NS, base, -1));
    }
    return out;
  }

  /** The nearest of each name, from this ancestor upwards. */
  private handedDown(ancestor: XmlElement): ReadonlyMap<string, XmlAttribute> {
    const known = this.attributes.get(ancestor);
    if (known) return known;
    const { parent } = ancestor;
    const above = parent.type === "element" ? this.handedDown(parent) : NOTHING;
    let out: Map<string, XmlAttribute> | null = null;
    for (const a of ancestor.attributes) {
      if (a.uri !== XML_NS) continue;
      if (this.kind === "inclusive-1.1" && a.local !== "lang" && a.local !== "space") continue;
      out ??= new Map(above);
      out.set(a.local, a);
    }
    this.attributes.set(ancestor, out ?? above);
    return out ?? above;
  }

  /** xml:base over this ancestor and those left out just above it; null when none has one, or it is not left out. */
  private base(ancestor: XmlElement): string | null {
    if (this.isIn(ancestor)) return null;
    const known = this.bases.get(ancestor);
    if (known !== undefined) return known;
    const { parent } = ancestor;
    const above = parent.type === "element" ? this.base(parent) : null;
    const own = ancestor.attribute("base", XML_NS);
    const out = own === null ? above : above === null ? own : joinUriReferences(above, own);
    this.bases.set(ancestor, out);
    return out;
  }
}

const NOTHING: ReadonlyMap<string, XmlAttribute> = new Map();

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
