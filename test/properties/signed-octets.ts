import { nodeCrypto } from "@hocba/certs/crypto/node";
import { SignaturesError } from "@hocba/signatures";
import { parseSignedData } from "@hocba/signatures/cms";
import { openPdf, signatureFields } from "@hocba/signatures/pdf";
import {
  descendants,
  findXmlSignatures,
  isCovered,
  parseXml,
  readXmlSignature,
  type XmlElement,
} from "@hocba/signatures/xml";

/** Octets of a file under one signature. */
export interface SignedOctets {
  /** PDF field name; for XML and CMS the place among the file's signatures, as text. */
  readonly signature: string;
  /** Half-open ranges of offsets, in ascending order. */
  readonly ranges: readonly (readonly [number, number])[];
}

/** Where a change of any octet must break the signature: no white space, quotation mark or comment that a canonical form drops. */
export function signedOctets(bytes: Uint8Array, format: string): SignedOctets[] {
  try {
    if (format === "pdf") return inPdf(bytes);
    if (format === "xml") return inXml(bytes);
    return format === "cms" ? inCms(bytes) : [];
  } catch (error) {
    if (error instanceof SignaturesError) return [];
    throw error;
  }
}

function inPdf(bytes: Uint8Array): SignedOctets[] {
  return signatureFields(openPdf(bytes)).flatMap(({ fieldName, byteRange }) => {
    if (byteRange?.length !== 4) return [];
    const [a, b, c, d] = byteRange as [number, number, number, number];
    return [{ signature: fieldName, ranges: [[a, a + b] as const, [c, c + d] as const] }];
  });
}

/** The text of covered elements that hold nothing but text, and what SignedInfo says. */
function inXml(bytes: Uint8Array): SignedOctets[] {
  const document = parseXml(bytes);
  if (document.encoding !== "utf-8") return [];
  const prefix = bytes[0] === 0xef ? 3 : 0;
  const span = (from: number, to: number): readonly [number, number][] => {
    const start = prefix + Buffer.byteLength(document.text.slice(0, from));
    const text = document.text.slice(from, to);
    // Entities, CDATA and normalised line ends have offsets of their own.
    if (/[<>&\r\n]/.test(text) || Buffer.from(bytes.subarray(start, start + text.length)).toString("latin1") !== text)
      return [];
    return [[start, start + text.length]];
  };
  const leafText = (e: XmlElement) =>
    e.children.length === 1 && e.children[0]!.type === "text" ? span(e.contentStart, e.contentEnd) : [];
  const algorithms = (e: XmlElement) => {
    const tag = document.text.slice(e.start, e.contentStart);
    return [...tag.matchAll(/Algorithm="([^"]+)"/g)].flatMap((m) => {
      const from = e.start + m.index + 'Algorithm="'.length;
      return span(from, from + m[1]!.length);
    });
  };
  return findXmlSignatures(document).map((element, index) => {
    const signature = readXmlSignature(document, element, { crypto: nodeCrypto });
    const info = [...descendants(signature.signedInfo)].flatMap((e) => [...leafText(e), ...algorithms(e)]);
    const covered = signature.references.flatMap((reference) => {
      const { apex } = reference.coverage;
      if (!apex) return [];
      const top = apex.type === "document" ? document.root : apex;
      return [...descendants(top)].filter((e) => isCovered(reference, e)).flatMap(leafText);
    });
    return { signature: String(index), ranges: [...info, ...covered] };
  });
}

function inCms(bytes: Uint8Array): SignedOctets[] {
  const signedData = parseSignedData(bytes);
  const within = (part: Uint8Array): readonly [number, number][] => {
    const start = part.byteOffset - bytes.byteOffset;
    return part.buffer === bytes.buffer && start >= 0 ? [[start, start + part.length]] : [];
  };
  const content = signedData.content ? within(signedData.content) : [];
  return signedData.signerInfos.map((signer, index) => {
    const { element } = signer.signedAttributes ?? {};
    const attributes = element
      ? [[element.start + (element.raw.length - element.content.length), element.end] as const]
      : [];
    return { signature: String(index), ranges: [...content, ...attributes] };
  });
}
