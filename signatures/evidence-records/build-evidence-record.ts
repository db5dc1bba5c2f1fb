import type { CryptoProvider, DigestAlgorithm } from "@hocba/certs/crypto";
import {
  contextConstructed,
  der,
  type Element,
  equalBytes,
  integer,
  octetString,
  oid,
  readWhole,
  sequence,
  Tag,
} from "@hocba/certs/der";
import {
  digestAlgorithmIdentifier,
  digestAlgorithmOf,
  digestOid,
  readAlgorithmIdentifier,
} from "../cms/algorithm-identifier.ts";
import { SignaturesError } from "../errors.ts";
import { parseTimestampToken } from "../timestamps/token.ts";
import type { HashTree } from "./hash-tree.ts";
import { malformed, readingEvidenceRecord } from "./malformed.ts";
import { parseAsn1EvidenceRecord } from "./parse-asn1-record.ts";

/** A hash tree and the time stamp over its root. */
export class StampedTree {
  readonly tree: HashTree;
  /** DER of the TimeStampToken. */
  readonly token: Uint8Array;

  /** @throws SignaturesError TSP_WRONG_IMPRINT when the token does not stamp the root; TSP_MALFORMED, CMS_MALFORMED */
  constructor(tree: HashTree, token: Uint8Array) {
    const { imprint } = parseTimestampToken(token);
    if (imprint.digestAlgorithm !== tree.digestAlgorithm || !equalBytes(imprint.digest, tree.root)) {
      throw new SignaturesError("TSP_WRONG_IMPRINT", "the time stamp is not over the root of the hash tree");
    }
    this.tree = tree;
    this.token = token;
  }
}

/** The evidence record of one leaf, DER (RFC 4998 §3.1, §4.2). @throws RangeError for a leaf that does not exist */
export function evidenceRecordFor(stamped: StampedTree, index: number): Uint8Array {
  return record([stamped.tree.digestAlgorithm], [sequence(archiveTimestamp(stamped, index))]);
}

/**
 * What time stamp renewal stamps (RFC 4998 §5.2): the digest of the newest time stamp, under its chain's algorithm. Put it in a
 * tree with others, have the root stamped, and call `renewTimestamp`. @throws SignaturesError EVIDENCE_RECORD_MALFORMED
 */
export function timestampRenewalDigest(
  recordDer: Uint8Array,
  crypto: CryptoProvider,
): { digestAlgorithm: DigestAlgorithm; digest: Uint8Array } {
  const newest = parseAsn1EvidenceRecord(recordDer).chains.at(-1)!.timestamps.at(-1)!;
  if (!newest.digestAlgorithm) throw malformed(`digest algorithm ${newest.digestAlgorithmName} is not known`);
  return {
    digestAlgorithm: newest.digestAlgorithm,
    digest: crypto.digest(newest.digestAlgorithm, newest.octets()[0]!),
  };
}

/** The record with a further archive time stamp in its newest chain (RFC 4998 §5.2, time stamp renewal). DER. */
export function renewTimestamp(recordDer: Uint8Array, stamped: StampedTree, index: number): Uint8Array {
  const { algorithms, chains } = parts(recordDer);
  const newest = chains.at(-1)!;
  const extended = sequence(newest.content, archiveTimestamp(stamped, index));
  return record(algorithms, [...chains.slice(0, -1).map((e) => e.raw), extended]);
}

/**
 * What hash tree renewal stamps for one data object (RFC 4998 §5.2): H(h + ha), the digest of the data object under the new
 * algorithm joined with the digest of the chains so far. @throws SignaturesError EVIDENCE_RECORD_MALFORMED
 */
export function hashTreeRenewalDigest(
  recordDer: Uint8Array,
  dataDigest: Uint8Array,
  digestAlgorithm: DigestAlgorithm,
  crypto: CryptoProvider,
): Uint8Array {
  const chains = sequence(...parts(recordDer).chains.map((e) => e.raw));
  return crypto.digest(digestAlgorithm, dataDigest, crypto.digest(digestAlgorithm, chains));
}

/** The record with a further chain (RFC 4998 §5.2, hash tree renewal). DER. */
export function renewHashTree(recordDer: Uint8Array, stamped: StampedTree, index: number): Uint8Array {
  const { algorithms, chains } = parts(recordDer);
  return record(
    [...new Set([...algorithms, stamped.tree.digestAlgorithm])],
    [...chains.map((e) => e.raw), sequence(archiveTimestamp(stamped, index))],
  );
}

function record(algorithms: readonly DigestAlgorithm[], chains: readonly Uint8Array[]): Uint8Array {
  return sequence(integer(1), sequence(...algorithms.map(digestAlgorithmIdentifier)), sequence(...chains));
}

function archiveTimestamp(stamped: StampedTree, index: number): Uint8Array {
  const { tree, token } = stamped;
  const lists = tree.reducedHashTree(index);
  return sequence(
    der(contextConstructed(0), oid(digestOid(tree.digestAlgorithm))),
    ...(lists ? [der(contextConstructed(2), ...lists.map((list) => sequence(...list.map(octetString))))] : []),
    token,
  );
}

/** The chains of a record that we may extend: one in our own form, without crypto infos or encryption. */
function parts(recordDer: Uint8Array): { algorithms: DigestAlgorithm[]; chains: Element[] } {
  return readingEvidenceRecord(() => {
    parseAsn1EvidenceRecord(recordDer);
    const [, algorithms, chains, ...more] = readWhole(recordDer).children();
    if (!algorithms || chains?.tag !== Tag.SEQUENCE || more.length > 0) throw malformed("a record with further fields");
    return {
      algorithms: algorithms.children().map((e) => {
        const { oid: dotted } = readAlgorithmIdentifier(e);
        const known = digestAlgorithmOf(dotted);
        if (!known) throw malformed(`digest algorithm ${dotted} is not known`);
        return known;
      }),
      chains: chains.children(),
    };
  });
}
