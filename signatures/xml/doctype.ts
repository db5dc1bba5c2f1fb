import { SignaturesError } from "../errors.ts";

/** What of an internal subset changes the document: attribute defaults, attribute types and entities of plain text. */
export interface Doctype {
  /** Element name → attribute name → declaration. */
  attributes: Map<string, Map<string, { type: string; defaultValue: string | null }>>;
  entities: Map<string, string>;
}

const MAX_SUBSET = 64 * 1024;
const MAX_DECLARATIONS = 1000;
const MAX_ENTITY = 1024;

const NAME = "[\\p{L}_:][\\p{L}\\p{N}\\p{M}_:.\\-·]*";
const QUOTED = "\"[^\"]*\"|'[^']*'";
const ENTITY = new RegExp(`^<!ENTITY\\s+(${NAME})\\s+(${QUOTED})\\s*>$`, "u");
const EXTERNAL_ENTITY = new RegExp(`^<!ENTITY\\s+(${NAME})\\s+(?:SYSTEM|PUBLIC)\\s`, "u");
const ATTLIST = new RegExp(`^<!ATTLIST\\s+(${NAME})((?:.|\\s)*)>$`, "u");
const ATTDEF = new RegExp(
  `^\\s+(${NAME})\\s+(CDATA|ID|IDREFS?|ENTIT(?:Y|IES)|NMTOKENS?|(?:NOTATION\\s*)?\\([^()]*\\))\\s+(?:#REQUIRED|#IMPLIED|(?:#FIXED\\s+)?(${QUOTED}))`,
  "u",
);

/**
 * Reads the internal subset of a document type declaration, for test vectors and archives that carry one. Nothing external
 * is read; external entities stay undefined, so that a reference to one makes the document not well-formed; entities
 * whose replacement holds markup or references are refused.
 * @throws SignaturesError XML_DTD_FORBIDDEN, XML_LIMIT
 */
export function readDoctype(doctype: string): Doctype {
  const out: Doctype = { attributes: new Map(), entities: new Map() };
  const open = doctype.indexOf("[");
  if (open < 0) return out;
  if (doctype.length > MAX_SUBSET) throw new SignaturesError("XML_LIMIT", "document type declaration too long");
  let count = 0;
  for (const declaration of declarations(doctype.slice(open + 1, doctype.lastIndexOf("]")))) {
    if (++count > MAX_DECLARATIONS) throw new SignaturesError("XML_LIMIT", "too many declarations");
    if (declaration.startsWith("<!ENTITY")) readEntity(declaration, out);
    else if (declaration.startsWith("<!ATTLIST")) readAttlist(declaration, out);
    else if (!/^<!(ELEMENT|NOTATION)\s/.test(declaration)) throw forbidden("a declaration of unknown kind");
  }
  return out;
}

function* declarations(subset: string): Generator<string> {
  for (let at = 0; at < subset.length; ) {
    if (/\s/.test(subset[at]!)) {
      at++;
      continue;
    }
    if (subset.startsWith("<!--", at)) at = after(subset, "-->", at + 4);
    else if (subset.startsWith("<?", at)) at = after(subset, "?>", at + 2);
    else if (subset.startsWith("<!", at)) {
      const start = at;
      for (at += 2; at < subset.length && subset[at] !== ">"; at++) {
        const quote = subset[at];
        if (quote === '"' || quote === "'") at = after(subset, quote, at + 1) - 1;
      }
      yield subset.slice(start, ++at);
    } else throw forbidden("parameter entities are not read");
  }
}

function after(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from);
  if (at < 0) throw forbidden("a declaration does not end");
  return at + mark.length;
}

function readEntity(declaration: string, out: Doctype): void {
  if (EXTERNAL_ENTITY.test(declaration)) return;
  const match = ENTITY.exec(declaration);
  if (!match) throw forbidden("an entity of unknown form");
  const value = match[2]!.slice(1, -1);
  if (value.length > MAX_ENTITY || /[<%]/.test(value)) throw forbidden("an entity with markup or too long");
  const text = value.replace(/&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|([^;]*));?/g, (_, hex, decimal) => {
    const point = hex ? Number.parseInt(hex, 16) : decimal ? Number(decimal) : Number.NaN;
    // A replacement that holds "<" or "&" is parsed again where it is used; plain text only is read here.
    if (!(point > 0x1f && point <= 0xffff) || point === 0x26 || point === 0x3c)
      throw forbidden("an entity with references");
    return String.fromCharCode(point);
  });
  // The first declaration binds (XML 1.0 §4.2).
  if (!out.entities.has(match[1]!)) out.entities.set(match[1]!, text);
}

function readAttlist(declaration: string, out: Doctype): void {
  const match = ATTLIST.exec(declaration);
  if (!match) throw forbidden("an attribute list of unknown form");
  const of = out.attributes.get(match[1]!) ?? new Map();
  out.attributes.set(match[1]!, of);
  let rest = match[2]!;
  for (let n = 0; rest.trim() !== ""; n++) {
    const definition = ATTDEF.exec(rest);
    if (!definition || n > 256) throw forbidden("an attribute definition of unknown form");
    const [whole, name, type, value] = definition;
    if (value !== undefined && (name === "xmlns" || name!.startsWith("xmlns:"))) {
      throw forbidden("a namespace declared by default");
    }
    const plain = value?.slice(1, -1) ?? null;
    if (plain !== null && /[<&]/.test(plain)) throw forbidden("a default value with references");
    if (!of.has(name!)) of.set(name!, { type: type!, defaultValue: plain });
    rest = rest.slice(whole.length);
  }
}

function forbidden(what: string): SignaturesError {
  return new SignaturesError("XML_DTD_FORBIDDEN", `document type declaration: ${what}`);
}
