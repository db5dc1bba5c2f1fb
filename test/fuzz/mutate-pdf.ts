import { deflateSync, inflateSync } from "node:zlib";
import { mutateDer } from "./mutate-der.ts";
import { join, mutateOctets } from "./mutate-octets.ts";
import type { Random } from "./random.ts";

const NUMBERS = [
  "0",
  "1",
  "-1",
  "65535",
  "65536",
  "2147483647",
  "2147483648",
  "4294967295",
  "4294967296",
  "9007199254740993",
  "99999999999999999999999",
  "1e9",
  "0.5",
  "-0",
  "--5",
  "+",
];
const NAMES = [
  "/Root",
  "/Prev",
  "/XRefStm",
  "/Type",
  "/ObjStm",
  "/XRef",
  "/Extends",
  "/First",
  "/N",
  "/W",
  "/Index",
  "/Length",
  "/Filter",
  "/FlateDecode",
  "/LZWDecode",
  "/ASCIIHexDecode",
  "/ASCII85Decode",
  "/RunLengthDecode",
  "/DecodeParms",
  "/Predictor",
  "/Columns",
  "/Kids",
  "/Parent",
  "/Pages",
  "/Annots",
  "/AcroForm",
  "/Fields",
  "/V",
  "/FT",
  "/Sig",
  "/ByteRange",
  "/Contents",
  "/SubFilter",
  "/ETSI.RFC3161",
  "/adbe.x509.rsa_sha1",
  "/DSS",
  "/VRI",
  "/Certs",
  "/Perms",
  "/DocMDP",
  "/Reference",
  "/TransformMethod",
  "/Lock",
  "/Encrypt",
  "/Size",
  "/Resources",
  "/AP",
  "/StructTreeRoot",
  "/Names",
  "/Outlines",
];
const STRUCTURE = [
  "<<",
  ">>",
  "[",
  "]",
  "(",
  ")",
  "<",
  ">",
  "endobj",
  "obj",
  "stream\n",
  "endstream",
  "null",
  "true",
  "R",
  "%",
  "trailer",
  "xref\n",
  "startxref\n0\n%%EOF\n",
  "%%EOF\n",
  "\0",
];

/** Where tokens of a kind stand in a file, found once. */
interface Tokens {
  readonly numbers: readonly [number, number][];
  readonly names: readonly [number, number][];
  readonly references: readonly [number, number][];
  readonly objects: readonly [number, number][];
  readonly streams: readonly [number, number][];
  readonly contents: readonly [number, number][];
}
const known = new WeakMap<Uint8Array, Tokens>();

function tokensOf(bytes: Uint8Array): Tokens {
  const found = known.get(bytes);
  if (found) return found;
  const text = Buffer.from(bytes).toString("latin1");
  const places = (pattern: RegExp, most = 4000): [number, number][] => {
    const list: [number, number][] = [];
    for (const match of text.matchAll(pattern)) {
      list.push([match.index, match.index + match[0].length]);
      if (list.length >= most) break;
    }
    return list;
  };
  const tokens: Tokens = {
    numbers: places(/(?<=[\s[/(])-?\d{1,20}(?=[\s\]/>])/g),
    names: places(/\/[A-Za-z][A-Za-z0-9.]*/g),
    references: places(/\b\d{1,10} \d{1,5} R/g),
    objects: places(/\b\d{1,10} \d{1,5} obj[\s\S]{0,4000}?endobj/g, 400),
    streams: places(/(?<=stream\r?\n)[\s\S]{8,20000}?(?=\r?\nendstream)/g, 100),
    contents: places(/(?<=\/Contents ?<)[0-9A-Fa-f]{100,}(?=>)/g, 50),
  };
  known.set(bytes, tokens);
  return tokens;
}

const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));

/** Changes tokens of a PDF: numbers, names, references, whole objects, what lies in streams and in signatures. */
export function mutatePdf(bytes: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
  const tokens = tokensOf(bytes);
  const replace = (places: readonly [number, number][], by: (old: Uint8Array) => Uint8Array): Uint8Array => {
    if (places.length === 0) return mutateOctets(bytes, random, other);
    const [start, end] = random.pick(places);
    return join(bytes.subarray(0, start), by(bytes.subarray(start, end)), bytes.subarray(end));
  };
  switch (random.below(12)) {
    case 0:
      return replace(tokens.numbers, () => latin1(random.pick(NUMBERS)));
    case 1:
      return replace(tokens.numbers, (old) =>
        latin1(String(Number(Buffer.from(old).toString()) + random.pick([-1, 1, 7, 1000]))),
      );
    case 2:
      return replace(tokens.names, () => latin1(random.pick(NAMES)));
    case 3:
      return replace(tokens.references, () => latin1(`${random.below(60)} 0 R`));
    case 4:
      return replace(random.pick([tokens.numbers, tokens.names]), () => latin1(random.pick(STRUCTURE)));
    case 5: {
      const opening = random.pick(["<<", "[", "(", "<</A ", "[<<"]);
      return replace(tokens.numbers, () => latin1(opening.repeat(random.pick([3, 200, 20_000]))));
    }
    case 6: {
      // The same object once more, under another number or changed, in an update without a table.
      const [start, end] = tokens.objects.length ? random.pick(tokens.objects) : [0, 0];
      const copy = mutateOctets(bytes.slice(start, end), random, other);
      return join(bytes, latin1("\n"), random.chance(0.5) ? copy : bytes.subarray(start, end), latin1("\n%%EOF\n"));
    }
    case 7:
      return replace(tokens.objects, (old) => mutateOctets(old, random, other));
    case 8:
      return replace(tokens.streams, (old) => inStream(old, random, other));
    case 9:
    case 10:
      return replace(tokens.contents, (old) => {
        const cms = new Uint8Array(Buffer.from(Buffer.from(old).toString("latin1"), "hex"));
        const hex = Buffer.from(mutateDer(cms, random, other)).toString("hex");
        return latin1(hex.padEnd(old.length, "0").slice(0, random.chance(0.9) ? old.length : undefined));
      });
    default:
      return mutateOctets(bytes, random, other);
  }
}

/** What a compressed stream holds is changed before it is compressed again; /Length is left to be wrong. */
function inStream(old: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
  let content: Uint8Array;
  try {
    content = inflateSync(old, { maxOutputLength: 1 << 20 });
  } catch {
    return mutateOctets(old, random, other);
  }
  if (random.chance(0.1)) return new Uint8Array(deflateSync(Buffer.alloc(random.pick([1 << 20, 40 << 20]), 32)));
  const tokens = Buffer.from(content).toString("latin1").split(" ");
  tokens[random.below(tokens.length)] = random.pick([...NUMBERS, ...NAMES, ...STRUCTURE]);
  const changed = random.chance(0.5) ? mutateOctets(content, random, other) : latin1(tokens.join(" "));
  return new Uint8Array(deflateSync(changed));
}
