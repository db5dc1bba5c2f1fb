import type { EvidenceRecord } from "./evidence-record.ts";
import { parseAsn1EvidenceRecord } from "./parse-asn1-record.ts";
import { parseXmlEvidenceRecord } from "./parse-xml-record.ts";

const SEQUENCE = 0x30;

/**
 * Reads an evidence record file: ASN.1 (RFC 4998) when it starts as a SEQUENCE, else XML (RFC 6283). Pure.
 * @throws SignaturesError EVIDENCE_RECORD_MALFORMED, EVIDENCE_RECORD_UNSUPPORTED
 */
export function parseEvidenceRecord(bytes: Uint8Array): EvidenceRecord {
  const first = bytes.find((octet) => !isSpaceOrMark(octet));
  // "<" opens XML; in any other case the reader of DER says what is wrong.
  return first === 0x3c && bytes[0] !== SEQUENCE ? parseXmlEvidenceRecord(bytes) : parseAsn1EvidenceRecord(bytes);
}

/** White space, and the octets of a byte order mark of UTF-8 or UTF-16. */
function isSpaceOrMark(octet: number): boolean {
  return octet === 0x20 || (octet >= 0x09 && octet <= 0x0d) || octet >= 0xbb;
}
