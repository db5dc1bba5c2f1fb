import type { XmlEncoding } from "./decode.ts";
import { XML_NS } from "./namespaces.ts";

/** A child of an element or of the document. */
export type XmlNode = XmlElement | XmlText | XmlComment | XmlPi;
/** Every node of the XPath 1.0 data model (§5). */
export type XPathNode = XmlDocument | XmlNode | XmlAttribute | XmlNamespace;
export type XmlParent = XmlElement | XmlDocument;

/** Character data; adjacent text, CDATA sections and references are one node (XPath 1.0 §5.7). */
export class XmlText {
  readonly type = "text";
  readonly parent: XmlElement;
  readonly value: string;
  readonly order: number;
  constructor(parent: XmlElement, value: string, order: number) {
    this.parent = parent;
    this.value = value;
    this.order = order;
  }
}

export class XmlComment {
  readonly type = "comment";
  readonly parent: XmlParent;
  readonly value: string;
  readonly order: number;
  constructor(parent: XmlParent, value: string, order: number) {
    this.parent = parent;
    this.value = value;
    this.order = order;
  }
}

/** Processing instruction. */
export class XmlPi {
  readonly type = "pi";
  readonly parent: XmlParent;
  readonly target: string;
  readonly value: string;
  readonly order: number;
  constructor(parent: XmlParent, target: string, value: string, order: number) {
    this.parent = parent;
    this.target = target;
    this.value = value;
    this.order = order;
  }
}

/** An attribute other than a namespace declaration. */
export class XmlAttribute {
  readonly type = "attribute";
  readonly parent: XmlElement;
  readonly name: string;
  readonly local: string;
  readonly prefix: string;
  readonly uri: string;
  readonly value: string;
  /** Place among the attributes of its element. */
  readonly index: number;
  constructor(
    parent: XmlElement,
    name: string,
    prefix: string,
    local: string,
    uri: string,
    value: string,
    index: number,
  ) {
    this.parent = parent;
    this.name = name;
    this.prefix = prefix;
    this.local = local;
    this.uri = uri;
    this.value = value;
    this.index = index;
  }
}

/** A namespace node of one element (XPath 1.0 §5.4). Made on demand, one per element and prefix. */
export class XmlNamespace {
  readonly type = "namespace";
  readonly parent: XmlElement;
  readonly prefix: string;
  readonly uri: string;
  readonly index: number;
  constructor(parent: XmlElement, prefix: string, uri: string, index: number) {
    this.parent = parent;
    this.prefix = prefix;
    this.uri = uri;
    this.index = index;
  }
}

/** An element, with the places of its tags in the text it was read from. */
export class XmlElement {
  readonly type = "element";
  readonly parent: XmlParent;
  /** Name as written, prefix included. */
  readonly name: string;
  readonly prefix: string;
  readonly local: string;
  /** Namespace name, "" for none. */
  readonly uri: string;
  readonly attributes: readonly XmlAttribute[];
  /** Namespace declarations of this very element: prefix ("" for the default) and name ("" undeclares). */
  readonly declarations: readonly { readonly prefix: string; readonly uri: string }[];
  readonly children: XmlNode[] = [];
  /** Position in document order. */
  readonly order: number;
  /** Order of the last node inside; this element's own when empty. Set once the end tag was read. */
  lastOrder: number;
  /** Index in `XmlDocument.text` of the `<` of the start tag. */
  readonly start: number;
  /** Index after the `>` of the start tag (after `/>` when self-closing). */
  contentStart = 0;
  /** Index of the `<` of the end tag; equals `contentStart` when self-closing. */
  contentEnd = 0;
  /** Index after the element. */
  end = 0;
  selfClosing = false;
  private axis: Map<string, XmlNamespace> | undefined;

  constructor(
    parent: XmlParent,
    tag: { name: string; prefix: string; local: string; uri: string },
    attributes: (owner: XmlElement) => XmlAttribute[],
    declarations: readonly { prefix: string; uri: string }[],
    order: number,
    start: number,
  ) {
    this.parent = parent;
    this.name = tag.name;
    this.prefix = tag.prefix;
    this.local = tag.local;
    this.uri = tag.uri;
    this.declarations = declarations;
    this.order = order;
    this.lastOrder = order;
    this.start = start;
    this.attributes = attributes(this);
  }

  /** Value of an attribute without namespace, or null. */
  attribute(local: string, uri = ""): string | null {
    for (const a of this.attributes) if (a.local === local && a.uri === uri) return a.value;
    return null;
  }

  /** Child elements, all or those of one name. */
  elements(local?: string, uri?: string): XmlElement[] {
    const out: XmlElement[] = [];
    for (const c of this.children) {
      if (c.type === "element" && (local === undefined || c.local === local) && (uri === undefined || c.uri === uri)) {
        out.push(c);
      }
    }
    return out;
  }

  /** First child element of a name, or null. */
  first(local: string, uri?: string): XmlElement | null {
    for (const c of this.children) {
      if (c.type === "element" && c.local === local && (uri === undefined || c.uri === uri)) return c;
    }
    return null;
  }

  /** The text directly inside, comments and processing instructions skipped: what canonicalisation without comments signs. */
  get ownText(): string {
    let out = "";
    for (const c of this.children) if (c.type === "text") out += c.value;
    return out;
  }

  /** String value (XPath 1.0 §5.2): the text of all descendants. */
  get textContent(): string {
    let out = "";
    for (const c of this.children) {
      if (c.type === "text") out += c.value;
      else if (c.type === "element") out += c.textContent;
    }
    return out;
  }

  /** Namespace name bound to a prefix here; undefined when unbound, "" when the default is undeclared. */
  lookupNamespace(prefix: string): string | undefined {
    if (prefix === "xml") return XML_NS;
    let at: XmlParent = this;
    while (at.type === "element") {
      for (const d of at.declarations) if (d.prefix === prefix) return d.uri;
      at = at.parent;
    }
    return undefined;
  }

  /** Declarations in scope by prefix, without `xml`; an undeclared default is left out. */
  namespacesInScope(): Map<string, string> {
    const out = new Map<string, string>();
    let at: XmlParent = this;
    while (at.type === "element") {
      for (const d of at.declarations) if (!out.has(d.prefix)) out.set(d.prefix, d.uri);
      at = at.parent;
    }
    if (out.get("") === "") out.delete("");
    return out;
  }

  /** The namespace axis (XPath 1.0 §2.2), `xml` included. */
  namespaceAxis(): Map<string, XmlNamespace> {
    if (this.axis) return this.axis;
    const axis = new Map<string, XmlNamespace>();
    for (const [prefix, uri] of this.namespacesInScope()) {
      axis.set(prefix, new XmlNamespace(this, prefix, uri, axis.size));
    }
    axis.set("xml", new XmlNamespace(this, "xml", XML_NS, axis.size));
    this.axis = axis;
    return axis;
  }

  /** True when `other` is this element or stands inside it. */
  contains(other: { readonly order: number }): boolean {
    return other.order >= this.order && other.order <= this.lastOrder;
  }
}

/** A parsed document: the tree, the text it was read from, and its Ids. */
export class XmlDocument {
  readonly type = "document";
  readonly order = 0;
  readonly children: XmlNode[] = [];
  /** Text as decoded, byte order mark included; the positions of elements are indices into it. */
  readonly text: string;
  readonly encoding: XmlEncoding;
  /** Whether a document type declaration stood in the file (only with `dtd: "internal-subset"`). */
  hasDoctype = false;
  /** Elements by the value of an Id attribute; more than one element under a value makes references to it void. */
  readonly ids: ReadonlyMap<string, readonly XmlElement[]>;
  private documentElement: XmlElement | undefined;
  private readonly byId = new Map<string, XmlElement[]>();

  constructor(text: string, encoding: XmlEncoding) {
    this.text = text;
    this.encoding = encoding;
    this.ids = this.byId;
  }

  get root(): XmlElement {
    return this.documentElement!;
  }

  /** For the parser alone. */
  setRoot(root: XmlElement): void {
    this.documentElement = root;
  }

  /** For the parser alone. */
  addId(value: string, element: XmlElement): void {
    const known = this.byId.get(value);
    if (!known) this.byId.set(value, [element]);
    // One element may bear an Id twice over, by two spellings, and then it does so one after the other.
    else if (known.at(-1) !== element) known.push(element);
  }

  /** Values that more than one element claims. */
  duplicateIds(): string[] {
    const out: string[] = [];
    for (const [value, elements] of this.byId) if (elements.length > 1) out.push(value);
    return out;
  }
}

/** Path of local names from the document element, for reports: `HOC_BA/DU_LIEU_HOC_BA`. */
export function elementPath(element: XmlElement): string {
  const names: string[] = [];
  let at: XmlParent = element;
  while (at.type === "element") {
    names.push(at.local);
    at = at.parent;
  }
  return names.reverse().join("/");
}

/** All elements of the subtree in document order, the top one included. */
export function descendants(top: XmlParent): XmlElement[] {
  const out: XmlElement[] = [];
  const walk = (parent: XmlParent): void => {
    for (const child of parent.children) {
      if (child.type !== "element") continue;
      out.push(child);
      if (child.children.length > 0) walk(child);
    }
  };
  if (top.type === "element") out.push(top);
  walk(top);
  return out;
}
