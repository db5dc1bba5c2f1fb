import { type Element, readWhole, Tag } from "../der/element.ts";
import { equalBytes, readOid, readString, toHex } from "../der/values.ts";
import { CertsError } from "../errors.ts";
import { attributeName, attributeOid } from "./attribute-types.ts";
import { prepareString } from "./prepare-string.ts";

/** One AttributeTypeAndValue. `text` is null when the value is of no string type. */
export interface NameAttribute {
  readonly oid: string;
  readonly text: string | null;
  /** Encoding of the value. */
  readonly raw: Uint8Array;
}

const STRING_TAGS: ReadonlySet<number> = new Set([
  Tag.UTF8_STRING,
  Tag.PRINTABLE_STRING,
  Tag.TELETEX_STRING,
  Tag.BMP_STRING,
  Tag.UNIVERSAL_STRING,
  Tag.IA5_STRING,
  Tag.NUMERIC_STRING,
  Tag.VISIBLE_STRING,
]);
const MAX_ATTRIBUTES = 10_000;

/** A distinguished name (RFC 5280 §4.1.2.4), compared by the rules of §7.1. */
export class Name {
  /** The encoding. */
  readonly raw: Uint8Array;
  /** RDNs in encoded order (most significant first), each with one attribute or more. */
  readonly rdns: readonly (readonly NameAttribute[])[];
  private prepared: readonly string[] | undefined;
  private preparedKey: string | undefined;
  private shown: string | undefined;

  constructor(raw: Uint8Array, rdns: readonly (readonly NameAttribute[])[]) {
    this.raw = raw;
    this.rdns = rdns;
  }

  get isEmpty(): boolean {
    return this.rdns.length === 0;
  }

  /** Each RDN in its prepared form: equal strings stand for matching RDNs. */
  get canonicalRdns(): readonly string[] {
    this.prepared ??= this.rdns.map((rdn) => rdn.map(canonical).sort().join("+"));
    return this.prepared;
  }

  /** Equal for names that match; a key for maps. */
  get canonicalKey(): string {
    this.preparedKey ??= this.canonicalRdns.join(",");
    return this.preparedKey;
  }

  /** True when the names match by RFC 5280 §7.1: string types, case, white space and composition do not matter. */
  equals(other: Name): boolean {
    return equalBytes(this.raw, other.raw) || this.canonicalKey === other.canonicalKey;
  }

  /** True when this name lies in the subtree under `base` (RFC 5280 §4.2.1.10). */
  isWithin(base: Name): boolean {
    const own = this.canonicalRdns;
    return base.canonicalRdns.length <= own.length && base.canonicalRdns.every((rdn, i) => rdn === own[i]);
  }

  /** Text of the last attribute of that type (short name or dotted), as the most specific one; null when absent. */
  get(type: string): string | null {
    return this.getAll(type).at(-1) ?? null;
  }

  /** Texts of all attributes of that type, in encoded order. */
  getAll(type: string): string[] {
    const oid = attributeOid(type);
    return this.rdns.flatMap((rdn) => rdn.flatMap((a) => (a.oid === oid && a.text !== null ? [a.text] : [])));
  }

  /** RFC 4514 form: most specific RDN first; UTF-8 is left readable, controls are escaped. */
  toString(): string {
    this.shown ??= this.rdns
      .map((rdn) => rdn.map(show).join("+"))
      .reverse()
      .join(",");
    return this.shown;
  }
}

/** Reads a Name. @throws CertsError DER_MALFORMED */
export function readName(e: Element): Name {
  let count = 0;
  const rdns = e
    .expect(Tag.SEQUENCE, "Name")
    .children()
    .map((rdn) => {
      const attributes = rdn.expect(Tag.SET, "RelativeDistinguishedName").children().map(readAttribute);
      count += attributes.length;
      if (count > MAX_ATTRIBUTES) throw new CertsError("DER_MALFORMED", "a name of too many attributes");
      if (attributes.length === 0) throw new CertsError("DER_MALFORMED", "an empty RelativeDistinguishedName");
      return attributes;
    });
  return new Name(e.raw, rdns);
}

/** Reads a Name from its encoding. @throws CertsError DER_MALFORMED */
export const parseName = (der: Uint8Array): Name => readName(readWhole(der, { ber: true }));

/** Reads the attributes of one RelativeDistinguishedName given without its SET tag. @throws CertsError DER_MALFORMED */
export function readAttribute(e: Element): NameAttribute {
  const [type, value] = e.expect(Tag.SEQUENCE, "AttributeTypeAndValue").children();
  if (!type || !value) throw new CertsError("DER_MALFORMED", "AttributeTypeAndValue incomplete");
  return { oid: readOid(type), text: textOf(value), raw: value.raw };
}

function textOf(value: Element): string | null {
  if (!STRING_TAGS.has(value.tag)) return null;
  try {
    return readString(value);
  } catch (error) {
    // Wrongly encoded text, as some issuers write it, still names somebody: it is compared and shown by its octets.
    if (error instanceof CertsError) return null;
    throw error;
  }
}

function canonical(a: NameAttribute): string {
  if (a.text === null) return `${a.oid}#${toHex(a.raw)}`;
  const text = prepareString(a.text);
  // The length keeps a value that contains separators from looking like two attributes.
  return `${a.oid}=${text.length}:${text}`;
}

const ESCAPED = /[,+"\\<>;]|^[ #]| $/g;
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;
const utf8 = new TextEncoder();

function show(a: NameAttribute): string {
  if (a.text === null) return `${attributeName(a.oid)}=#${toHex(a.raw)}`;
  const escaped = a.text
    .replace(ESCAPED, (c) => `\\${c}`)
    .replace(CONTROLS, (c) =>
      Array.from(utf8.encode(c), (o) => `\\${o.toString(16).padStart(2, "0").toUpperCase()}`).join(""),
    );
  return `${attributeName(a.oid)}=${escaped}`;
}
