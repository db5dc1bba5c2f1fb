import { CertsError } from "@hocba/certs";
import type { CryptoProvider, DigestAlgorithm } from "@hocba/certs/crypto";
import { equalBytes } from "@hocba/certs/der";
import type { TimestampToken } from "../timestamps/token.ts";
import type { DataObject } from "./data-object.ts";
import type { ArchiveTimestamp, ArchiveTimestampChain, EvidenceRecord } from "./evidence-record.ts";
import { nodeDigest } from "./node-digest.ts";

/** What can be said against an evidence record. Those up to ARCHIVED_ENCRYPTED break it or leave it open. */
export type EvidenceRecordFinding =
  /** A digest algorithm that we do not know. Leaves it open. */
  | "DIGEST_ALGORITHM_UNKNOWN"
  /** No data object was given, or its digest under this algorithm is not known. Leaves it open. */
  | "DATA_OBJECT_UNKNOWN"
  /** A data object is not in the first list of the hash tree. */
  | "DATA_OBJECT_NOT_COVERED"
  /** The time stamp before is not covered (RFC 4998 §5.3 step 2). */
  | "TIMESTAMP_NOT_COVERED"
  /** The chains before are not covered (RFC 4998 §5.3 step 3). */
  | "CHAINS_NOT_COVERED"
  /** The time stamp is not over the root of the hash tree. */
  | "IMPRINT_MISMATCH"
  /** A chain that changes its digest algorithm (RFC 4998 §5.3 step 2). */
  | "DIGEST_ALGORITHM_CHANGED"
  /** Time stamps that do not follow each other in time. */
  | "ORDER_VIOLATED"
  /** A token's own signature does not hold, or its authority is not trusted at the time it must be. */
  | "TIMESTAMP_BROKEN"
  | "TIMESTAMP_NOT_TRUSTED"
  /** For the reader's information: the digests are of encrypted data. */
  | "ARCHIVED_ENCRYPTED"
  /** For the reader's information: digestAlgorithms does not name every algorithm in use (RFC 4998 §3.1). */
  | "DIGEST_ALGORITHM_NOT_ANNOUNCED";

export interface ArchiveTimestampResult {
  /** From 0, oldest first. */
  readonly chain: number;
  readonly index: number;
  readonly token: TimestampToken;
  /** The imprint is the root of the hash tree. */
  readonly imprintMatches: boolean;
  readonly findings: readonly EvidenceRecordFinding[];
}

export interface TimestampVerdict {
  /** The mathematics of the token. */
  readonly integrity: "intact" | "broken";
  /** Whether its authority is trusted at the time in question. */
  readonly trusted: boolean;
}

export interface EvidenceRecordOptions {
  readonly crypto: CryptoProvider;
  /**
   * Judges a token as a signature of its authority. `at`: the time at which it is proven to have existed (ms since 1970), from the
   * time stamp that renewed it; null: now. Called newest first. Absent: the hash values alone are judged.
   */
  readonly verifyTimestamp?: (token: TimestampToken, at: number | null) => TimestampVerdict;
}

export interface EvidenceRecordResult {
  /**
   * `intact`: every hash value and token holds for every data object given; `broken`: something contradicts; `indeterminate`:
   * nothing contradicts, but data objects or algorithms are not known.
   */
  readonly verdict: "intact" | "broken" | "indeterminate";
  /** The data objects existed at this time (ms since 1970); null when it is not proven, or not asked (no `verifyTimestamp`). */
  readonly proofOfExistence: number | null;
  /** Oldest first. */
  readonly timestamps: readonly ArchiveTimestampResult[];
  readonly findings: readonly EvidenceRecordFinding[];
}

const OPEN: ReadonlySet<EvidenceRecordFinding> = new Set([
  "DIGEST_ALGORITHM_UNKNOWN",
  "DATA_OBJECT_UNKNOWN",
  "TIMESTAMP_NOT_TRUSTED",
]);
const INFORMATION: ReadonlySet<EvidenceRecordFinding> = new Set([
  "ARCHIVED_ENCRYPTED",
  "DIGEST_ALGORITHM_NOT_ANNOUNCED",
]);

/**
 * Verifies an evidence record for its data objects (RFC 4998 §4.3 and §5.3, RFC 6283 §3.3 and §4.3): the first archive time stamp
 * covers every data object, each further one of a chain covers the time stamp before it, each further chain covers the data
 * objects again and the chains before it. Pure.
 */
export function verifyEvidenceRecord(
  record: EvidenceRecord,
  dataObjects: readonly DataObject[],
  options: EvidenceRecordOptions,
): EvidenceRecordResult {
  const judged: ArchiveTimestampResult[] = [];
  let newest = Number.NEGATIVE_INFINITY;
  record.chains.forEach((chain, c) => {
    chain.timestamps.forEach((timestamp, i) => {
      const before = chain.timestamps[i - 1];
      const findings = new Set<EvidenceRecordFinding>();
      if (timestamp.token.genTime < newest) findings.add("ORDER_VIOLATED");
      newest = Math.max(newest, timestamp.token.genTime);
      const algorithm = usable(timestamp.digestAlgorithm, options.crypto);
      let imprintMatches = false;
      if (algorithm === null) findings.add("DIGEST_ALGORITHM_UNKNOWN");
      else {
        if (algorithm !== chain.timestamps[0]!.digestAlgorithm) findings.add("DIGEST_ALGORITHM_CHANGED");
        const wanted = before
          ? wantedByRenewal(before, algorithm, options.crypto)
          : wantedByChain(record, chain, c, algorithm, dataObjects, options.crypto);
        for (const finding of wanted.unknown) findings.add(finding);
        imprintMatches = holds(timestamp, algorithm, wanted.values, findings, options.crypto);
        if (record.syntax === "asn1" && !record.digestAlgorithms.includes(algorithm)) {
          findings.add("DIGEST_ALGORITHM_NOT_ANNOUNCED");
        }
      }
      judged.push({ chain: c, index: i, token: timestamp.token, imprintMatches, findings: [...findings] });
    });
  });
  const proven = judgeTokens(judged, options);
  const findings = new Set(proven.timestamps.flatMap((t) => t.findings));
  if (record.encrypted) findings.add("ARCHIVED_ENCRYPTED");
  const against = [...findings].filter((f) => !INFORMATION.has(f));
  const broken = against.some((f) => !OPEN.has(f));
  return {
    // An authority that is not trusted takes the proof, not the mathematics.
    verdict: broken ? "broken" : against.some((f) => f !== "TIMESTAMP_NOT_TRUSTED") ? "indeterminate" : "intact",
    proofOfExistence: against.length === 0 ? proven.time : null,
    timestamps: proven.timestamps,
    findings: [...findings],
  };
}

/** The algorithm, or null when our cryptography does not have it. */
function usable(algorithm: DigestAlgorithm | null, crypto: CryptoProvider): DigestAlgorithm | null {
  if (algorithm === null) return null;
  try {
    crypto.digest(algorithm);
    return algorithm;
  } catch (error) {
    if (error instanceof CertsError && error.code === "ALGORITHM_UNSUPPORTED") return null;
    throw error;
  }
}

/** A value that must be in the first list, in any of its admissible forms. */
interface Wanted {
  readonly forms: readonly Uint8Array[];
  readonly missing: EvidenceRecordFinding;
}

interface WantedValues {
  readonly values: readonly Wanted[];
  readonly unknown: readonly EvidenceRecordFinding[];
}

/** Time stamp renewal covers the time stamp before (RFC 4998 §5.2, RFC 6283 §4.2.1). */
function wantedByRenewal(before: ArchiveTimestamp, algorithm: DigestAlgorithm, crypto: CryptoProvider): WantedValues {
  const forms = before.octets().map((octets) => crypto.digest(algorithm, octets));
  return { values: [{ forms, missing: "TIMESTAMP_NOT_COVERED" }], unknown: [] };
}

/** The first time stamp of a chain covers the data objects and, after hash tree renewal, the older chains. */
function wantedByChain(
  record: EvidenceRecord,
  chain: ArchiveTimestampChain,
  place: number,
  algorithm: DigestAlgorithm,
  dataObjects: readonly DataObject[],
  crypto: CryptoProvider,
): WantedValues {
  const digests = dataObjects.map((o) => o.digests(algorithm, chain.canonicalization));
  const known = digests.filter((forms) => forms.length > 0);
  const unknown: EvidenceRecordFinding[] =
    known.length < digests.length || digests.length === 0 ? ["DATA_OBJECT_UNKNOWN"] : [];
  const data = (forms: readonly Uint8Array[]): Wanted => ({ forms, missing: "DATA_OBJECT_NOT_COVERED" });
  if (place === 0) return { values: known.map(data), unknown };
  const older = chain.olderChains().map((octets) => crypto.digest(algorithm, octets));
  if (record.syntax === "xml") {
    return { values: [...known.map(data), { forms: older, missing: "CHAINS_NOT_COVERED" }], unknown };
  }
  // RFC 4998 §5.2 step 4 joins h(i) and ha(i) in this order; its figure 4 sorts them. Writers follow either.
  const joined = (h: Uint8Array) =>
    older.flatMap((ha) => [crypto.digest(algorithm, h, ha), nodeDigest(crypto, algorithm, [h, ha])]);
  return { values: known.map((forms) => ({ forms: forms.flatMap(joined), missing: "CHAINS_NOT_COVERED" })), unknown };
}

/** True when the imprint is the root of the tree; what is wanted and not in the first list becomes a finding. */
function holds(
  timestamp: ArchiveTimestamp,
  algorithm: DigestAlgorithm,
  wanted: readonly Wanted[],
  findings: Set<EvidenceRecordFinding>,
  crypto: CryptoProvider,
): boolean {
  const { imprint } = timestamp.token;
  const tree = timestamp.hashTree;
  let matches: boolean;
  if (tree) {
    const first = tree[0]!;
    for (const w of wanted) {
      if (!w.forms.some((form) => first.some((value) => equalBytes(value, form)))) findings.add(w.missing);
    }
    let node: Uint8Array | null = null;
    for (const list of tree) node = nodeDigest(crypto, algorithm, node ? [...list, node] : list);
    matches = equalBytes(node!, imprint.digest);
  } else {
    if (wanted.length === 0) return false;
    // Without a tree the digest itself is stamped; of several values, the node above them.
    matches = combinations(wanted).some((values) => equalBytes(nodeDigest(crypto, algorithm, values), imprint.digest));
  }
  if (imprint.digestAlgorithm !== algorithm) matches = false;
  if (!matches) findings.add("IMPRINT_MISMATCH");
  return matches;
}

/** One form of each value, in all ways; the forms are two at most, and beyond a few values only the first of each counts. */
function combinations(wanted: readonly Wanted[]): Uint8Array[][] {
  if (wanted.length > 4) return [wanted.map((w) => w.forms[0]!)];
  return wanted.reduce<Uint8Array[][]>((so, w) => so.flatMap((list) => w.forms.map((form) => [...list, form])), [[]]);
}

/** Newest first: each token is judged at the time at which the one that renewed it proves that it existed (RFC 4998 §5.3). */
function judgeTokens(
  judged: readonly ArchiveTimestampResult[],
  options: EvidenceRecordOptions,
): { time: number | null; timestamps: readonly ArchiveTimestampResult[] } {
  const { verifyTimestamp } = options;
  if (!verifyTimestamp) return { time: null, timestamps: judged };
  let at: number | null = null;
  const timestamps = judged.toReversed().map((timestamp): ArchiveTimestampResult => {
    const verdict = verifyTimestamp(timestamp.token, at);
    const findings = [...timestamp.findings];
    if (verdict.integrity === "broken") findings.push("TIMESTAMP_BROKEN");
    else if (!verdict.trusted) findings.push("TIMESTAMP_NOT_TRUSTED");
    if (verdict.trusted && verdict.integrity === "intact" && timestamp.imprintMatches) at = timestamp.token.genTime;
    return { ...timestamp, findings };
  });
  return { time: at, timestamps: timestamps.toReversed() };
}
