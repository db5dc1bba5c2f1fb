import { SignaturesError } from "../errors.ts";

/** How the octets of a document were turned into characters. */
export type XmlEncoding = "utf-8" | "utf-16le" | "utf-16be" | "latin1";

const DECLARED = /^<\?xml\s[^>]{0,200}?encoding\s*=\s*(?:"([A-Za-z][\w.-]{0,40})"|'([A-Za-z][\w.-]{0,40})')/;

/**
 * Characters of an XML document (XML 1.0 §4.3.3, appendix F): UTF-8, UTF-16 with byte order mark, ISO-8859-1 and US-ASCII.
 * A byte order mark stays in the text, so that encoding the text again gives the same octets.
 * @throws SignaturesError XML_NOT_WELL_FORMED (octets that are not of the encoding), XML_UNSUPPORTED (another encoding)
 */
export function decodeXml(bytes: Uint8Array): { text: string; encoding: XmlEncoding } {
  const mark = bytes.length >= 2 ? (bytes[0]! << 8) | bytes[1]! : 0;
  if (mark === 0xfeff) return { text: decode(bytes, "utf-16be"), encoding: "utf-16be" };
  if (mark === 0xfffe) return { text: decode(bytes, "utf-16le"), encoding: "utf-16le" };
  const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  const head = DECLARED.exec(latin1(bytes.subarray(start, start + 300)));
  const declared = (head?.[1] ?? head?.[2] ?? "utf-8").toLowerCase();
  switch (declared) {
    case "utf-8":
    case "utf8":
      return { text: decode(bytes, "utf-8"), encoding: "utf-8" };
    case "us-ascii":
    case "ascii":
      if (bytes.subarray(start).some((octet) => octet > 0x7f)) throw malformed("an octet outside US-ASCII");
      return { text: decode(bytes, "utf-8"), encoding: "utf-8" };
    case "iso-8859-1":
    case "latin1":
      return { text: latin1(bytes), encoding: "latin1" };
    default:
      throw new SignaturesError("XML_UNSUPPORTED", `encoding ${declared}`, { details: { encoding: declared } });
  }
}

// The label "latin1" of TextDecoder means windows-1252, which maps 0x80–0x9F elsewhere.
function latin1(bytes: Uint8Array): string {
  let out = "";
  for (let at = 0; at < bytes.length; at += 8192) out += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return out;
}

function decode(bytes: Uint8Array, encoding: "utf-8" | "utf-16le" | "utf-16be"): string {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw malformed(`octets that are not ${encoding}`, cause);
  }
}

function malformed(what: string, cause?: unknown): SignaturesError {
  return new SignaturesError("XML_NOT_WELL_FORMED", what, { cause });
}
