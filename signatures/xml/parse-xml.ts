import { SaxesParser } from "saxes";
import { SignaturesError } from "../errors.ts";
import { decodeXml } from "./decode.ts";
import { type Doctype, readDoctype } from "./doctype.ts";
import { defaultXmlLimits, type XmlLimits } from "./limits.ts";
import { WSU_NS, XML_NS } from "./namespaces.ts";
import { XmlAttribute, XmlComment, XmlDocument, XmlElement, type XmlParent, XmlPi, XmlText } from "./tree.ts";

export interface ParseXmlOptions extends Partial<XmlLimits> {
  /**
   * `forbidden` (default): a document type declaration is an error. `internal-subset`: attribute defaults and entities of plain
   * text are taken from the internal subset, nothing external is read; for test vectors only.
   */
  dtd?: "forbidden" | "internal-subset";
}

interface OpenTag {
  name: string;
  prefix: string;
  local: string;
  uri: string;
  attributes: Record<string, { name: string; prefix: string; local: string; uri: string; value: string }>;
  isSelfClosing: boolean;
}

const PREDEFINED: Readonly<Record<string, string>> = { amp: "&", gt: ">", lt: "<", quot: '"', apos: "'" };

const DECLARED_VERSION = /^\ufeff?<\?xml\s+version\s*=\s*["']([^"']*)/;

/**
 * Reads an XML 1.0 document with namespaces, strictly, into a tree that knows where each element stands in the text.
 * @throws SignaturesError XML_NOT_WELL_FORMED, XML_DTD_FORBIDDEN, XML_LIMIT, XML_UNSUPPORTED (encoding, XML 1.1)
 */
export function parseXml(bytes: Uint8Array, options: ParseXmlOptions = {}): XmlDocument {
  const limits = { ...defaultXmlLimits, ...options };
  if (bytes.length > limits.maxBytes) throw limit("maxBytes", limits.maxBytes);
  const { text, encoding } = decodeXml(bytes);
  return new TreeBuilder(new XmlDocument(text, encoding), limits, options.dtd === "internal-subset").run();
}

/** Reads XML from text that is at hand already. @throws as `parseXml` */
export function parseXmlText(text: string, options: ParseXmlOptions = {}): XmlDocument {
  const limits = { ...defaultXmlLimits, ...options };
  if (text.length > limits.maxBytes) throw limit("maxBytes", limits.maxBytes);
  return new TreeBuilder(new XmlDocument(text, "utf-8"), limits, options.dtd === "internal-subset").run();
}

class TreeBuilder {
  private readonly document: XmlDocument;
  private readonly limits: XmlLimits;
  private readonly allowDtd: boolean;
  private readonly parser = new SaxesParser({ xmlns: true, position: false });
  private parent: XmlParent;
  private depth = 0;
  private nodes = 0;
  private pendingText = "";
  private textTotal = 0;
  private doctype: Doctype | undefined;

  constructor(document: XmlDocument, limits: XmlLimits, allowDtd: boolean) {
    this.document = document;
    this.limits = limits;
    this.allowDtd = allowDtd;
    this.parent = document;
  }

  run(): XmlDocument {
    const p = this.parser;
    const { text } = this.document;
    const version = DECLARED_VERSION.exec(text)?.[1];
    if (version !== undefined && version !== "1.0") {
      throw new SignaturesError("XML_UNSUPPORTED", "XML version other than 1.0");
    }
    // The table of saxes inherits from Object.prototype, so that "&constructor;" would be an entity.
    p.ENTITIES = Object.assign(Object.create(null) as Record<string, string>, PREDEFINED);
    // Six handlers and no more on the common path: with the seventh, V8 turns the parser into a dictionary, ten times slower.
    p.on("opentag", (tag) => this.onOpenTag(tag as unknown as OpenTag));
    p.on("closetag", (tag) => this.onCloseTag(tag as unknown as OpenTag));
    p.on("text", (part) => this.onText(part));
    p.on("cdata", (part) => this.onText(part));
    p.on("comment", (value) => {
      this.flushText();
      this.parent.children.push(new XmlComment(this.parent, normalizeLines(value), this.nextOrder()));
    });
    p.on("processinginstruction", ({ target, body }) => {
      this.flushText();
      this.parent.children.push(new XmlPi(this.parent, target, normalizeLines(body), this.nextOrder()));
    });
    if (text.includes("<!DOCTYPE")) p.on("doctype", (doctype) => this.onDoctype(doctype));
    try {
      p.write(text).close();
    } catch (error) {
      // What saxes itself throws is a plain Error; all else is not about well-formedness.
      if (!(error instanceof Error) || error.constructor !== Error) throw error;
      throw new SignaturesError("XML_NOT_WELL_FORMED", error.message.slice(0, 200), {
        details: { offset: p.position },
        cause: error,
      });
    }
    return this.document;
  }

  private nextOrder(): number {
    if (++this.nodes > this.limits.maxNodes) throw limit("maxNodes", this.limits.maxNodes);
    return this.nodes;
  }

  private onDoctype(text: string): void {
    if (!this.allowDtd) throw new SignaturesError("XML_DTD_FORBIDDEN", "a document type declaration");
    this.document.hasDoctype = true;
    this.doctype = readDoctype(text);
    for (const [name, value] of this.doctype.entities) {
      if (!(name in PREDEFINED)) this.parser.ENTITIES[name] = value;
    }
  }

  private onText(text: string): void {
    if (this.parent.type === "document") return;
    this.textTotal += text.length;
    // Entities of an internal subset could make much of little.
    if (this.textTotal > this.limits.maxBytes) throw limit("maxBytes", this.limits.maxBytes);
    this.pendingText += text;
  }

  private flushText(): void {
    if (this.pendingText === "" || this.parent.type === "document") return;
    this.parent.children.push(new XmlText(this.parent, this.pendingText, this.nextOrder()));
    this.pendingText = "";
  }

  private onOpenTag(tag: OpenTag): void {
    this.flushText();
    if (++this.depth > this.limits.maxDepth) throw limit("maxDepth", this.limits.maxDepth);
    const declarations: { prefix: string; uri: string }[] = [];
    const plain: OpenTag["attributes"][string][] = [];
    const { position } = this.parser;
    for (const name in tag.attributes) {
      const a = tag.attributes[name]!;
      if (name === "xmlns") declarations.push({ prefix: "", uri: a.value });
      else if (a.prefix === "xmlns") declarations.push({ prefix: a.local, uri: a.value });
      else plain.push(a);
    }
    if (plain.length + declarations.length > this.limits.maxAttributes) {
      throw limit("maxAttributes", this.limits.maxAttributes);
    }
    const declared = this.doctype?.attributes.get(tag.name);
    if (declared) this.applyDeclared(declared, plain);
    const element = new XmlElement(
      this.parent,
      tag,
      (owner) => plain.map((a, i) => new XmlAttribute(owner, a.name, a.prefix, a.local, a.uri, a.value, i)),
      declarations,
      this.nextOrder(),
      // No "<" can stand inside a start tag.
      this.document.text.lastIndexOf("<", position - 1),
    );
    element.contentStart = position;
    this.parent.children.push(element);
    if (this.parent.type === "document") this.document.setRoot(element);
    for (const a of element.attributes) {
      if (isIdAttribute(a) || declared?.get(a.name)?.type === "ID") this.document.addId(a.value, element);
    }
    this.parent = element;
  }

  /** Defaults and the normalisation of values that are not CDATA (XML 1.0 §3.3.2, §3.3.3). */
  private applyDeclared(
    declared: NonNullable<ReturnType<Doctype["attributes"]["get"]>>,
    plain: OpenTag["attributes"][string][],
  ): void {
    for (const [name, { type, defaultValue }] of declared) {
      let attribute = plain.find((a) => a.name === name);
      if (!attribute && defaultValue !== null) {
        const colon = name.indexOf(":");
        const prefix = colon < 0 ? "" : name.slice(0, colon);
        const uri = prefix === "" ? "" : prefix === "xml" ? XML_NS : this.parser.resolve(prefix);
        if (uri === undefined)
          throw new SignaturesError("XML_NOT_WELL_FORMED", "unbound prefix in a default attribute");
        attribute = { name, prefix, local: name.slice(colon + 1), uri, value: defaultValue };
        plain.push(attribute);
      }
      if (attribute && type !== "CDATA") attribute.value = attribute.value.replace(/ +/g, " ").replace(/^ | $/g, "");
    }
  }

  private onCloseTag(tag: OpenTag): void {
    this.flushText();
    const element = this.parent as XmlElement;
    element.selfClosing = tag.isSelfClosing;
    element.end = this.parser.position;
    element.contentEnd = tag.isSelfClosing
      ? element.contentStart
      : this.document.text.lastIndexOf("<", element.end - 1);
    element.lastOrder = this.nodes;
    this.parent = element.parent;
    this.depth--;
  }
}

/** Without a schema: attributes Id, ID, id, xml:id, wsu:Id and the AssertionID of SAML 1 name their element. */
function isIdAttribute(a: XmlAttribute): boolean {
  switch (a.local) {
    case "Id":
      return a.uri === "" || a.uri === WSU_NS;
    case "ID":
    case "AssertionID":
      return a.uri === "";
    case "id":
      return a.uri === "" || a.uri === XML_NS;
    default:
      return false;
  }
}

const normalizeLines = (text: string): string => (text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text);

function limit(name: keyof XmlLimits, value: number): SignaturesError {
  return new SignaturesError("XML_LIMIT", `${name} (${value}) exceeded`, { details: { limit: name, value } });
}
