import { SignaturesError } from "../errors.ts";
import { parseTimestampToken } from "../timestamps/token.ts";
import { digestAlgorithmOf } from "../xml/algorithms.ts";
import { decodeBase64 } from "../xml/base64.ts";
import { type C14nMethod, c14nMethodOf } from "../xml/c14n-methods.ts";
import { canonicalize } from "../xml/canonicalize.ts";
import { subtree } from "../xml/node-set.ts";
import { parseXml } from "../xml/parse-xml.ts";
import type { XmlElement } from "../xml/tree.ts";
import type { ArchiveTimestamp, ArchiveTimestampChain, EvidenceRecord } from "./evidence-record.ts";
import {
  MAX_CHAINS,
  MAX_DIGEST,
  MAX_LIST_LENGTH,
  MAX_LISTS,
  MAX_RECORD,
  MAX_TIMESTAMPS,
  malformed,
  readingEvidenceRecord,
} from "./malformed.ts";

/** Namespace of XMLERS (RFC 6283 §8). */
export const ERS_NS = "urn:ietf:params:xml:ns:ers";

/** Tokens are base64 in a text node: nothing an evidence record holds is larger than this. */
const MAX_TEXT = 4 * 1024 * 1024;

/**
 * Reads an EvidenceRecord element (RFC 6283 §2.1), a document of its own or inside another one.
 * @throws SignaturesError EVIDENCE_RECORD_MALFORMED, EVIDENCE_RECORD_UNSUPPORTED (time stamps other than RFC 3161, canonicalisation)
 */
export function parseXmlEvidenceRecord(source: Uint8Array | XmlElement): EvidenceRecord {
  return readingEvidenceRecord(() => {
    const element = source instanceof Uint8Array ? parseXml(source, { maxBytes: MAX_RECORD }).root : source;
    if (element.end - element.start > MAX_RECORD) throw malformed(`longer than ${MAX_RECORD} characters`);
    if (element.local !== "EvidenceRecord" || element.uri !== ERS_NS) throw malformed("not an EvidenceRecord");
    if (element.attribute("Version") !== "1.0") throw malformed("EvidenceRecord of unknown version");
    const sequence = only(element, "ArchiveTimeStampSequence");
    const chains = ordered(sequence, "ArchiveTimeStampChain", MAX_CHAINS);
    return {
      syntax: "xml",
      digestAlgorithms: [],
      encrypted: element.first("EncryptionInformation", ERS_NS) !== null,
      chains: chains.map((chain, i) => readChain(sequence, chain, new Set(chains.slice(i)))),
    };
  });
}

function readChain(
  sequence: XmlElement,
  chain: XmlElement,
  itselfAndLater: ReadonlySet<XmlElement>,
): ArchiveTimestampChain {
  const digestUri = only(chain, "DigestMethod").attribute("Algorithm") ?? "";
  const method = c14nMethodOf(only(chain, "CanonicalizationMethod").attribute("Algorithm") ?? "");
  if (!method) throw new SignaturesError("EVIDENCE_RECORD_UNSUPPORTED", "canonicalisation method not known");
  return {
    timestamps: ordered(chain, "ArchiveTimeStamp", MAX_TIMESTAMPS).map((e) =>
      readArchiveTimestamp(e, digestUri, method),
    ),
    canonicalization: method,
    olderChains: () => [canonicalize(subtree(sequence, true, itselfAndLater), method)],
  };
}

function readArchiveTimestamp(element: XmlElement, digestUri: string, method: C14nMethod): ArchiveTimestamp {
  const tree = element.first("HashTree", ERS_NS);
  const stamp = only(element, "TimeStamp");
  const tokenElement = only(stamp, "TimeStampToken");
  if (tokenElement.attribute("Type") !== "RFC3161") {
    throw new SignaturesError("EVIDENCE_RECORD_UNSUPPORTED", "a time stamp that is not of RFC 3161");
  }
  return {
    digestAlgorithm: digestAlgorithmOf(digestUri),
    digestAlgorithmName: digestUri,
    hashTree: tree && ordered(tree, "Sequence", MAX_LISTS).map(readSequence),
    token: parseTimestampToken(octetsOf(tokenElement)),
    octets: () => [canonicalize(subtree(stamp, true), method)],
  };
}

function readSequence(sequence: XmlElement): Uint8Array[] {
  const values = sequence.elements("DigestValue", ERS_NS);
  if (values.length === 0 || values.length > MAX_LIST_LENGTH) throw malformed("a Sequence empty or too long");
  return values.map((e) => {
    const digest = octetsOf(e);
    if (digest.length === 0 || digest.length > MAX_DIGEST) throw malformed("a hash value of impossible length");
    return digest;
  });
}

function octetsOf(e: XmlElement): Uint8Array {
  const text = e.ownText;
  const octets = text.length <= MAX_TEXT ? decodeBase64(text) : null;
  if (!octets) throw malformed(`${e.local} is not base64`);
  return octets;
}

function only(parent: XmlElement, local: string): XmlElement {
  const found = parent.elements(local, ERS_NS);
  if (found.length !== 1) throw malformed(`${parent.local}: exactly one ${local} is expected`);
  return found[0]!;
}

/** Children by their Order attributes, which count from 1 without gaps (RFC 6283 §3.1.1, §4.1). */
function ordered(parent: XmlElement, local: string, limit: number): XmlElement[] {
  const found = parent.elements(local, ERS_NS);
  if (found.length === 0 || found.length > limit) throw malformed(`${local}: none, or more than ${limit}`);
  const places = new Array<XmlElement | undefined>(found.length);
  for (const e of found) {
    const order = e.attribute("Order") ?? "";
    const place = /^\d{1,6}$/.test(order) ? Number(order) - 1 : -1;
    if (place < 0 || place >= places.length || places[place]) throw malformed(`${local}: Order does not count from 1`);
    places[place] = e;
  }
  return places as XmlElement[];
}
