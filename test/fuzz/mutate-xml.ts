import { mutateDer } from "./mutate-der.ts";
import { join, mutateOctets } from "./mutate-octets.ts";
import type { Random } from "./random.ts";

const PIECES = [
  "<",
  ">",
  "&",
  "&#0;",
  "&lt;",
  "&x;",
  "]]>",
  "<![CDATA[",
  "<!--",
  "-->",
  "<?",
  "?>",
  "<!DOCTYPE x [<!ENTITY x 'y'>]>",
  '"',
  ' xmlns="u"',
  ' xmlns:ds=""',
  ' Id="data"',
  ' xml:id="a" ',
  "\u0000",
  "\ud800",
  "<ds:Object/>",
  "<ds:SignedInfo/>",
  "<ds:Manifest/>",
  "\ufeff",
];
const URIS = [
  "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
  "http://www.w3.org/2006/12/xml-c14n11#WithComments",
  "http://www.w3.org/2001/10/xml-exc-c14n#",
  "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
  "http://www.w3.org/2000/09/xmldsig#base64",
  "http://www.w3.org/TR/1999/REC-xpath-19991116",
  "http://www.w3.org/TR/1999/REC-xslt-19991116",
  "http://www.w3.org/2002/06/xmldsig-filter2",
  "http://www.w3.org/2007/05/xmldsig-more#rsa-pss",
  "http://www.w3.org/2000/09/xmldsig#Manifest",
  "http://uri.etsi.org/01903#SignedProperties",
  "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
];
const XPATHS = [
  "ancestor-or-self::node()",
  "count(//*[count(//*) > 1]) > 0",
  "//*//*//*",
  "(((((((((1)))))))))",
  "not(ancestor::ds:Signature)",
  "string-length(string(/)) > 1",
  "self::text()[contains(., id('a'))]",
  "[",
];

interface Tokens {
  readonly tags: readonly [number, number][];
  readonly values: readonly [number, number][];
  readonly texts: readonly [number, number][];
  readonly base64: readonly [number, number][];
  readonly algorithms: readonly [number, number][];
  readonly transforms: readonly [number, number][];
}
const known = new WeakMap<Uint8Array, Tokens>();

function tokensOf(bytes: Uint8Array): Tokens {
  const found = known.get(bytes);
  if (found) return found;
  const text = Buffer.from(bytes).toString("latin1");
  const places = (pattern: RegExp, most = 3000): [number, number][] =>
    [...text.matchAll(pattern)].slice(0, most).map((m) => [m.index, m.index + m[0].length]);
  const tokens: Tokens = {
    tags: places(/<\/?[A-Za-z][^<>]{0,500}>/g),
    values: places(/(?<==")[^"<]{0,400}(?=")/g),
    texts: places(/(?<=>)[^<>]{1,400}(?=<)/g),
    base64: places(/(?<=>)[A-Za-z0-9+/=\s]{60,20000}(?=<)/g),
    algorithms: places(/(?<=Algorithm=")[^"]*(?=")/g),
    transforms: places(/(?<=<(?:\w+:)?Transforms>)/g),
  };
  known.set(bytes, tokens);
  return tokens;
}

const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "utf8"));

/** Changes tags, attributes, text, algorithms and the DER in base64; moves and wraps elements. */
export function mutateXml(bytes: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
  const tokens = tokensOf(bytes);
  const replace = (places: readonly [number, number][], by: (old: Uint8Array) => Uint8Array): Uint8Array => {
    if (places.length === 0) return mutateOctets(bytes, random, other);
    const [start, end] = random.pick(places);
    return join(bytes.subarray(0, start), by(bytes.subarray(start, end)), bytes.subarray(end));
  };
  switch (random.below(11)) {
    case 0:
      return replace(tokens.tags, () => utf8(random.pick(PIECES)));
    case 1:
      return replace(tokens.texts, (old) => join(old, utf8(random.pick(PIECES))));
    case 2:
      return replace(tokens.values, () =>
        random.chance(0.5) && tokens.values.length
          ? bytes.slice(...random.pick(tokens.values))
          : utf8(
              random.pick(["", "#", "#xpointer(/)", "#data", "%ff", "&#xD;", "file:///etc/hostname", "a".repeat(9999)]),
            ),
      );
    case 3:
      return replace(tokens.algorithms, () => utf8(random.pick(URIS)));
    case 4:
    case 5:
      return replace(tokens.base64, (old) => {
        const der = new Uint8Array(Buffer.from(Buffer.from(old).toString("latin1"), "base64"));
        return utf8(Buffer.from(mutateDer(der, random, other)).toString("base64"));
      });
    case 6: {
      // A stretch from tag to tag goes elsewhere, or is there twice.
      if (tokens.tags.length < 3) return mutateOctets(bytes, random, other);
      const first = random.below(tokens.tags.length - 1);
      const last = Math.min(tokens.tags.length - 1, first + 1 + random.below(12));
      const [from, to, at] = [tokens.tags[first]![0], tokens.tags[last]![1], random.pick(tokens.tags)[0]];
      return join(bytes.subarray(0, at), bytes.subarray(from, to), bytes.subarray(at));
    }
    case 7: {
      const depth = random.pick([5, 300, 5000]);
      const name = random.pick(["a", "ds:Object", 'b xmlns:q="u"']);
      const end = name.split(" ")[0];
      return replace(tokens.texts, (old) =>
        join(utf8(`<${name}>`.repeat(depth)), old, utf8(random.chance(0.8) ? `</${end}>`.repeat(depth) : "")),
      );
    }
    case 8: {
      const xpath = random.pick(XPATHS);
      const filter = random.chance(0.5)
        ? `<Transform xmlns="http://www.w3.org/2000/09/xmldsig#" Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><XPath xmlns:ds="http://www.w3.org/2000/09/xmldsig#">${xpath.replaceAll(">", "&gt;")}</XPath></Transform>`
        : `<Transform xmlns="http://www.w3.org/2000/09/xmldsig#" Algorithm="http://www.w3.org/2002/06/xmldsig-filter2"><XPath xmlns="http://www.w3.org/2002/06/xmldsig-filter2" Filter="${random.pick(["union", "subtract", "intersect"])}">${xpath.replaceAll(">", "&gt;")}</XPath></Transform>`;
      return replace(tokens.transforms, () => utf8(filter.repeat(random.pick([1, 1, 8]))));
    }
    case 9: {
      const attributes = Array.from({ length: random.pick([1, 40, 2000]) }, (_, i) => ` a${i}="${i}" xmlns:n${i}="u"`);
      return replace(tokens.tags, (old) => join(old.subarray(0, -1), utf8(attributes.join("")), utf8(">")));
    }
    default:
      return mutateOctets(bytes, random, other);
  }
}
