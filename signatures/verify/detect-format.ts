import { indexOf } from "../pdf/parser.ts";
import type { VerificationReport } from "./report.ts";

const ascii = new TextDecoder("latin1");

/**
 * The format by the first octets; an XML text may start with a byte-order mark and white space, a PDF with rubbish. A CMS may
 * hold a PDF as its content: then the outer one is meant.
 */
export function detectFormat(bytes: Uint8Array): VerificationReport["format"] {
  if (bytes[0] === 0x30 && bytes[1]! >= 0x80 && bytes[1]! <= 0x84) return "cms";
  const beginning = bytes.subarray(0, 1024);
  if (indexOf(beginning, "%PDF-") >= 0) return "pdf";
  const head = ascii.decode(beginning);
  // UTF-16 texts show every other octet as NUL.
  const text = head
    .replace(/^(\xef\xbb\xbf|\xfe\xff|\xff\xfe)/, "")
    .replaceAll("\0", "")
    .trimStart();
  if (text.startsWith("<")) return "xml";
  if (bytes[0] === 0x30 || /^-----BEGIN (PKCS7|CMS)-----/.test(text) || /^MI[A-Za-z0-9+/]{20}/.test(text)) return "cms";
  return "unknown";
}
