import { contextConstructed, der, type Element, readInteger, readOctetString, readWhole, Tag } from "@hocba/certs/der";
import { digestAlgorithmOf, readAlgorithmIdentifier } from "../cms/algorithm-identifier.ts";
import { parseTimestampToken } from "../timestamps/token.ts";
import { encodings } from "./encodings.ts";
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

/**
 * Reads an EvidenceRecord in DER or BER (RFC 4998 §3.1). @throws SignaturesError EVIDENCE_RECORD_MALFORMED
 */
export function parseAsn1EvidenceRecord(bytes: Uint8Array): EvidenceRecord {
  return readingEvidenceRecord(() => {
    if (bytes.length > MAX_RECORD) throw malformed(`larger than ${MAX_RECORD} octets`);
    return readRecord(readWhole(bytes, { ber: true }));
  });
}

function readRecord(element: Element): EvidenceRecord {
  const fields = element.expect(Tag.SEQUENCE, "EvidenceRecord").children();
  let at = 0;
  const version = fields[at++];
  if (!version || readInteger(version.expect(Tag.INTEGER, "version")) !== 1) {
    throw malformed("EvidenceRecord of unknown version");
  }
  const algorithms = members(fields[at++], "digestAlgorithms", MAX_CHAINS);
  if (fields[at]?.tag === contextConstructed(0)) at++;
  const encrypted = fields[at]?.tag === contextConstructed(1);
  if (encrypted) at++;
  const chains = members(fields[at++], "archiveTimeStampSequence", MAX_CHAINS);
  if (at !== fields.length) throw malformed("EvidenceRecord with fields of no known kind");
  return {
    syntax: "asn1",
    digestAlgorithms: algorithms.map((e) => digestAlgorithmOf(readAlgorithmIdentifier(e).oid)),
    encrypted,
    chains: chains.map((chain, i) => readChain(chain, chains.slice(0, i))),
  };
}

function readChain(element: Element, older: readonly Element[]): ArchiveTimestampChain {
  return {
    timestamps: members(element, "ArchiveTimeStampChain", MAX_TIMESTAMPS).map(readArchiveTimestamp),
    canonicalization: null,
    // "atsc(i): the DER-encoded ArchiveTimeStampSequence": the sequence as it was before this chain was added.
    olderChains: () => encodings(der(Tag.SEQUENCE, ...older.map((e) => e.raw))),
  };
}

function readArchiveTimestamp(element: Element): ArchiveTimestamp {
  const fields = element.expect(Tag.SEQUENCE, "ArchiveTimeStamp").children();
  let at = 0;
  const algorithm = fields[at]?.tag === contextConstructed(0) ? fields[at++]! : null;
  if (fields[at]?.tag === contextConstructed(1)) at++;
  const tree = fields[at]?.tag === contextConstructed(2) ? fields[at++]! : null;
  const stamp = fields[at++];
  if (!stamp || at !== fields.length) throw malformed("ArchiveTimeStamp without time stamp, or with more than one");
  const token = parseTimestampToken(stamp.raw);
  // The tags are implicit, so that [0] holds the fields of an AlgorithmIdentifier.
  const named =
    algorithm && readAlgorithmIdentifier(readWhole(der(Tag.SEQUENCE, algorithm.content), { ber: true })).oid;
  return {
    digestAlgorithm: named ? digestAlgorithmOf(named) : token.imprint.digestAlgorithm,
    digestAlgorithmName: named ?? token.imprint.oid,
    hashTree: tree && readHashTree(tree),
    token,
    octets: () => encodings(stamp.raw),
  };
}

function readHashTree(tree: Element): Uint8Array[][] {
  const lists = tree.children();
  if (lists.length === 0 || lists.length > MAX_LISTS) throw malformed("reducedHashtree empty or too deep");
  return lists.map((list) => members(list, "PartialHashtree", MAX_LIST_LENGTH).map(readDigest));
}

function readDigest(e: Element): Uint8Array {
  const digest = readOctetString(e);
  if (digest.length === 0 || digest.length > MAX_DIGEST) throw malformed("a hash value of impossible length");
  return digest;
}

/** The members of a SEQUENCE OF that has at least one and at most `limit`. */
function members(e: Element | undefined, what: string, limit: number): Element[] {
  if (!e) throw malformed(`${what} is missing`);
  const list = e.expect(Tag.SEQUENCE, what).children();
  if (list.length === 0 || list.length > limit) throw malformed(`${what}: empty, or more than ${limit}`);
  return list;
}
