import {
  DS_NS,
  DSIG_MORE_NS,
  DSIG11_NS,
  EXC_C14N_NS,
  elementPath,
  elementsAtPath,
  FILTER2_NS,
  type XmlDocument,
  type XmlElement,
  type XmlNode,
} from "../xml/index.ts";
import type { PlannedSignature, Profile } from "./profile.ts";

/** What in a document is signed. */
export interface SignedParts {
  /** Elements that a signature outside of them covers as a whole. */
  readonly covered: ReadonlySet<XmlElement>;
  /** Every ds:Signature. */
  readonly signatures: ReadonlySet<XmlElement>;
  /** Elements inside a signature that this very signature covers: its own properties. */
  readonly own: ReadonlySet<XmlElement>;
}

/** Something that a reader or a program may take for the document's word, and that nobody signed. */
export interface UnsignedPart {
  /** `instruction`: a processing instruction, such as a style sheet, which changes what is shown. */
  readonly kind: "content" | "instruction";
  /** Path of the element, with `/@name` for an attribute; target of the instruction as `<?target?>`. */
  readonly path: string;
}

const MAX_TOLD = 10;

/**
 * What nobody signed, wherever it stands: inside a signature too, whose objects and unsigned properties anybody can add to. A
 * whitelist: outside of what is covered there are the elements that hold the signatures, with the attributes that the
 * profile knows, and nothing else; empty elements and attributes can tell a result as well as text.
 * @param planned the profile's signatures as laid over the document; empty when it does not fit
 */
export function unsignedParts(
  profile: Profile,
  document: XmlDocument,
  planned: readonly PlannedSignature[],
  signed: SignedParts,
): UnsignedPart[] {
  return new UnsignedWalk(profile, document, planned, signed).run();
}

/** Namespaces of signatures, their properties and evidence: nobody takes these for the content of a transcript. */
const OF_SIGNATURES: ReadonlySet<string> = new Set([DS_NS, DSIG11_NS, DSIG_MORE_NS, EXC_C14N_NS, FILTER2_NS]);
const OF_EVIDENCE = /^(?:http:\/\/uri\.etsi\.org\/|urn:ietf:params:xml:ns:ers$)/;
/** Elements of XMLDSig that have no text of their own, where a text would be read as the document's. */
const WITHOUT_TEXT: ReadonlySet<string> = new Set([
  "Signature",
  "KeyInfo",
  "X509Data",
  "Object",
  "Manifest",
  "SignatureProperties",
]);
/** Properties as plain XMLDSig signers of Vietnam write them, in no namespace. */
const PLAIN_PROPERTIES: ReadonlySet<string> = new Set(["SignatureProperties", "SignatureProperty", "SigningTime"]);
const DATE_TIME = /^\s*-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?\s*$/;
/** An Id that points and does not speak. */
const ID = /^[A-Za-z_][\w.-]{0,80}$/;
const PREDICATE = /\[@([^=\]]+)='([^'\]]*)'\]$/;

class UnsignedWalk {
  private readonly profile: Profile;
  private readonly document: XmlDocument;
  private readonly signed: SignedParts;
  private readonly frame = new Set<XmlElement>();
  /** Attribute values by which holders are told apart. */
  private readonly predicates = new Map<XmlElement, { name: string; value: string }>();
  private readonly told: UnsignedPart[] = [];

  constructor(profile: Profile, document: XmlDocument, planned: readonly PlannedSignature[], signed: SignedParts) {
    this.profile = profile;
    this.document = document;
    this.signed = signed;
    for (const { xml } of planned) {
      if (!xml) continue;
      for (const holder of elementsAtPath(document.root, xml.holder)) {
        this.frameAround(holder, true);
        const match = PREDICATE.exec(xml.holder);
        if (match) this.predicates.set(holder, { name: match[1]!, value: match[2]! });
      }
      const target = document.ids.get(xml.reference.slice(1));
      if (target?.length === 1) this.frameAround(target[0]!, false);
    }
    for (const { element } of profile.xml?.framing ?? []) {
      if (element === "") continue;
      for (const known of elementsAtPath(document.root, element)) this.frameAround(known, true);
    }
    // The document does not fit the profile, which is told elsewhere: here only what is beside its signatures.
    if (planned.length === 0) for (const e of [...signed.covered, ...signed.signatures]) this.frameAround(e, false);
  }

  run(): UnsignedPart[] {
    this.children(this.document.children);
    return this.told.slice(0, MAX_TOLD);
  }

  private frameAround(element: XmlElement, itself: boolean): void {
    if (itself) this.frame.add(element);
    for (let at = element.parent; at.type === "element" && !this.frame.has(at); at = at.parent) this.frame.add(at);
  }

  private tell(kind: UnsignedPart["kind"], path: string): void {
    this.told.push({ kind, path });
  }

  /** Nesting is bounded by the parser. */
  private children(nodes: readonly XmlNode[]): void {
    for (const node of nodes) {
      if (this.told.length >= MAX_TOLD) return;
      if (node.type === "pi") this.tell("instruction", `<?${node.target.slice(0, 60)}?>`);
      else if (node.type === "element") this.element(node);
    }
  }

  private element(element: XmlElement): void {
    if (this.signed.covered.has(element)) return;
    if (this.signed.signatures.has(element)) {
      this.inSignature(element, false);
      return;
    }
    if (!this.frame.has(element) || element.ownText.trim() !== "") {
      this.tell("content", elementPath(element));
      return;
    }
    for (const { name, value } of element.attributes) {
      if (!this.isKnown(element, name, value)) this.tell("content", `${elementPath(element)}/@${name}`);
    }
    this.children(element.children);
  }

  private isKnown(element: XmlElement, name: string, value: string): boolean {
    const { idAttribute, framing } = this.profile.xml!;
    if (name === idAttribute) return ID.test(value);
    const predicate = this.predicates.get(element);
    if (predicate?.name === name) return predicate.value === value;
    return (framing ?? []).some(
      (known) =>
        known.attributes?.[name] !== undefined &&
        elementsAtPathOrRoot(this.document, known.element).includes(element) &&
        new RegExp(`^(?:${known.attributes[name]})$`, "u").test(value),
    );
  }

  private inSignature(element: XmlElement, own: boolean): void {
    for (const child of element.children) {
      if (this.told.length >= MAX_TOLD) return;
      if (child.type === "pi") this.tell("instruction", `<?${child.target.slice(0, 60)}?>`);
      if (child.type !== "element") continue;
      // The signature value speaks for SignedInfo.
      if (child.uri === DS_NS && child.local === "SignedInfo" && this.signed.signatures.has(element)) continue;
      const itsOwn = own || this.signed.own.has(child);
      if (!isOfSignatures(child, itsOwn)) this.tell("content", elementPath(child));
      else this.inSignature(child, itsOwn);
    }
    const bare = element.uri === DS_NS && WITHOUT_TEXT.has(element.local);
    if (bare && !own && element.ownText.trim() !== "") this.tell("content", elementPath(element));
  }
}

function isOfSignatures(element: XmlElement, own: boolean): boolean {
  if (OF_SIGNATURES.has(element.uri) || OF_EVIDENCE.test(element.uri)) return true;
  if (element.uri !== "" || !PLAIN_PROPERTIES.has(element.local)) return false;
  if (own) return true;
  return element.local === "SigningTime" ? DATE_TIME.test(element.textContent) : element.ownText.trim() === "";
}

/** The empty path is the document element itself. */
const elementsAtPathOrRoot = (document: XmlDocument, path: string): XmlElement[] =>
  path === "" ? [document.root] : elementsAtPath(document.root, path);
