import { createHash, randomBytes } from "node:crypto";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { readWhole, sequence } from "@hocba/certs/der";
import { type DevPki, startDevPki } from "@hocba/certs/dev-pki";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildTimestampRequest, parseTimestampToken, readTimestampResponse } from "../timestamps/index.ts";
import {
  buildHashTree,
  digestedObject,
  evidenceRecordFor,
  fileObject,
  hashTreeRenewalDigest,
  parseEvidenceRecord,
  renewHashTree,
  renewTimestamp,
  StampedTree,
  timestampRenewalDigest,
  verifyEvidenceRecord,
} from "./index.ts";

let pki: DevPki;
let clock = Date.now() - 3_600_000;
beforeAll(async () => {
  pki = await startDevPki({ keyBits: 2048, clock: () => new Date(clock) });
});
afterAll(() => pki.close());

async function stamp(digestAlgorithm: "sha256" | "sha512", digest: Uint8Array): Promise<Uint8Array> {
  clock += 60_000;
  const request = buildTimestampRequest({ digestAlgorithm, digest, nonce: null, certReq: true });
  const response = await fetch(pki.tsa.url, {
    method: "POST",
    body: request as Uint8Array<ArrayBuffer>,
    headers: { "content-type": "application/timestamp-query" },
  });
  const token = readTimestampResponse(new Uint8Array(await response.arrayBuffer()), {
    digestAlgorithm,
    digest,
    nonce: null,
  });
  return token.raw;
}

const files = (count: number) => Array.from({ length: count }, (_, i) => new TextEncoder().encode(`học bạ ${i}`));
const sha = (algorithm: string, ...chunks: Uint8Array[]) => {
  const hash = createHash(algorithm);
  for (const chunk of chunks) hash.update(chunk);
  return new Uint8Array(hash.digest());
};
const ascending = (list: Uint8Array[]) => [...list].sort((a, b) => Buffer.compare(a, b));
const treeOf = (list: Uint8Array[]) =>
  buildHashTree(
    list.map((f) => sha("sha256", f)),
    "sha256",
    nodeCrypto,
  );
const options = { crypto: nodeCrypto };

describe("a hash tree", () => {
  // Written without looking at the builder: RFC 4998 §4.3 taken step by step.
  function rootFrom(leaf: Uint8Array, lists: Uint8Array[][]): Uint8Array | null {
    if (!lists[0]!.some((v) => Buffer.compare(v, leaf) === 0)) return null;
    let above = sha("sha256", ...ascending(lists[0]!));
    for (const list of lists.slice(1)) above = sha("sha256", ...ascending([...list, above]));
    return above;
  }

  it.each([2, 3, 4, 5, 7, 8, 9, 31, 100, 1023])("of %i digests leads every leaf to the root", (count) => {
    const digests = Array.from({ length: count }, () => new Uint8Array(randomBytes(32)));
    const tree = buildHashTree(digests, "sha256", nodeCrypto);
    for (let i = 0; i < count; i++) {
      expect(Buffer.from(rootFrom(digests[i]!, tree.reducedHashTree(i)!)!).equals(tree.root)).toBe(true);
    }
  });

  it("takes at most 14 lists for one of 10,000 digests", () => {
    const tree = treeOf(files(10_000));
    for (const i of [0, 1, 4_999, 9_998, 9_999]) expect(tree.reducedHashTree(i)!.length).toBeLessThanOrEqual(14);
  });

  it("of one digest is that digest, with nothing to reduce", () => {
    const digest = sha("sha256", files(1)[0]!);
    const tree = buildHashTree([digest], "sha256", nodeCrypto);
    expect(tree.root).toEqual(digest);
    expect(tree.reducedHashTree(0)).toBeNull();
  });

  it("refuses to be empty, and to reduce a leaf it has not", () => {
    expect(() => buildHashTree([], "sha256", nodeCrypto)).toThrow(RangeError);
    expect(() => treeOf(files(3)).reducedHashTree(3)).toThrow(RangeError);
  });
});

describe("an evidence record of one's own", () => {
  it("proves each of its files, and no other", async () => {
    const list = files(5);
    const tree = treeOf(list);
    const token = await stamp("sha256", tree.root);
    for (const [i, file] of list.entries()) {
      const record = parseEvidenceRecord(evidenceRecordFor(new StampedTree(tree, token), i));
      expect(verifyEvidenceRecord(record, [fileObject(nodeCrypto, file)], options).verdict).toBe("intact");
      const other = [fileObject(nodeCrypto, new TextEncoder().encode("another"))];
      const refused = verifyEvidenceRecord(record, other, options);
      expect(refused).toMatchObject({ verdict: "broken", findings: ["DATA_OBJECT_NOT_COVERED"] });
    }
  });

  it("needs no tree for a single file", async () => {
    const tree = treeOf(files(1));
    const token = await stamp("sha256", tree.root);
    const record = parseEvidenceRecord(evidenceRecordFor(new StampedTree(tree, token), 0));
    expect(record.chains[0]!.timestamps[0]!.hashTree).toBeNull();
    const known = digestedObject({ sha256: tree.root });
    expect(verifyEvidenceRecord(record, [known], options).verdict).toBe("intact");
    expect(verifyEvidenceRecord(record, [known, known], options).verdict).toBe("broken");
  });

  it("is not made with a token over something else", async () => {
    const tree = treeOf(files(2));
    const token = await stamp("sha256", sha("sha256", files(1)[0]!));
    expect(() => evidenceRecordFor(new StampedTree(tree, token), 0)).toThrow(
      expect.objectContaining({ code: "TSP_WRONG_IMPRINT" }),
    );
  });

  it("lives on through renewal by time stamp and by hash tree, and proves its first time", async () => {
    const list = files(3);
    const data = [fileObject(nodeCrypto, list[1]!)];
    const tree = treeOf(list);
    const first = await stamp("sha256", tree.root);
    let record = evidenceRecordFor(new StampedTree(tree, first), 1);

    const renewal = timestampRenewalDigest(record, nodeCrypto);
    expect(renewal.digest).toEqual(sha("sha256", first));
    const second = buildHashTree([sha("sha256", list[0]!), renewal.digest], renewal.digestAlgorithm, nodeCrypto);
    record = renewTimestamp(record, new StampedTree(second, await stamp("sha256", second.root)), 1);
    expect(verifyEvidenceRecord(parseEvidenceRecord(record), data, options).verdict).toBe("intact");

    const sequenceSoFar = readWhole(record).children()[2]!.raw;
    const leaf = hashTreeRenewalDigest(record, sha("sha512", list[1]!), "sha512", nodeCrypto);
    expect(leaf).toEqual(sha("sha512", sha("sha512", list[1]!), sha("sha512", sequenceSoFar)));
    const third = buildHashTree([leaf, sha("sha512", list[2]!)], "sha512", nodeCrypto);
    record = renewHashTree(record, new StampedTree(third, await stamp("sha512", third.root)), 0);

    const read = parseEvidenceRecord(record);
    expect(read.digestAlgorithms).toEqual(["sha256", "sha512"]);
    const asked: (number | null)[] = [];
    const result = verifyEvidenceRecord(read, data, {
      ...options,
      verifyTimestamp: (_, at) => {
        asked.push(at);
        return { integrity: "intact", trusted: true };
      },
    });
    const times = read.chains.flatMap((c) => c.timestamps.map((t) => t.token.genTime));
    expect(result).toMatchObject({ verdict: "intact", findings: [], proofOfExistence: times[0] });
    expect(asked).toEqual([null, times[2], times[1]]);
    // The same file, known by a digest of the first algorithm alone: nothing contradicts, nothing is proven.
    const half = verifyEvidenceRecord(read, [digestedObject({ sha256: sha("sha256", list[1]!) })], options);
    expect(half).toMatchObject({ verdict: "indeterminate", findings: ["DATA_OBJECT_UNKNOWN"] });
  });

  it("proves no time when one of its authorities is not trusted or a token is broken", async () => {
    const tree = treeOf(files(2));
    const data = [fileObject(nodeCrypto, files(1)[0]!)];
    const record = parseEvidenceRecord(evidenceRecordFor(new StampedTree(tree, await stamp("sha256", tree.root)), 0));
    const judged = (integrity: "intact" | "broken", trusted: boolean) =>
      verifyEvidenceRecord(record, data, { ...options, verifyTimestamp: () => ({ integrity, trusted }) });
    expect(judged("intact", false)).toMatchObject({ verdict: "intact", proofOfExistence: null });
    expect(judged("broken", true)).toMatchObject({ verdict: "broken", proofOfExistence: null });
  });

  it("that was renewed out of order in time is broken", async () => {
    const tree = treeOf(files(2));
    let record = evidenceRecordFor(new StampedTree(tree, await stamp("sha256", tree.root)), 0);
    const { digest } = timestampRenewalDigest(record, nodeCrypto);
    const second = buildHashTree([digest], "sha256", nodeCrypto);
    clock -= 1_800_000;
    record = renewTimestamp(record, new StampedTree(second, await stamp("sha256", digest)), 0);
    const result = verifyEvidenceRecord(parseEvidenceRecord(record), [fileObject(nodeCrypto, files(1)[0]!)], options);
    expect(result).toMatchObject({ verdict: "broken", findings: ["ORDER_VIOLATED"] });
  });
});

describe("what is not an evidence record", () => {
  const refused = (bytes: Uint8Array) =>
    expect(() => parseEvidenceRecord(bytes)).toThrow(expect.objectContaining({ code: "EVIDENCE_RECORD_MALFORMED" }));

  it("is refused by code: nothing, noise, empty sequences, other XML", () => {
    refused(new Uint8Array(0));
    refused(new Uint8Array(randomBytes(200)).with(0, 0x30));
    refused(sequence());
    refused(sequence(sequence()));
    refused(new TextEncoder().encode("<HOC_BA/>"));
    refused(new TextEncoder().encode("<"));
    refused(
      new TextEncoder().encode(
        `<EvidenceRecord xmlns="urn:ietf:params:xml:ns:ers" Version="1.0"><ArchiveTimeStampSequence/></EvidenceRecord>`,
      ),
    );
  });

  it("is refused wherever it is cut short", async () => {
    const tree = treeOf(files(4));
    const record = evidenceRecordFor(new StampedTree(tree, await stamp("sha256", tree.root)), 2);
    for (let end = 0; end < record.length; end += 7) refused(record.subarray(0, end));
  });

  it("or is damaged anywhere, never crashes and never stays intact unless the damage is within the token", async () => {
    const tree = treeOf(files(4));
    const token = await stamp("sha256", tree.root);
    const record = evidenceRecordFor(new StampedTree(tree, token), 2);
    const data = [fileObject(nodeCrypto, files(4)[2]!)];
    const tokenStart = record.length - token.length;
    expect(parseTimestampToken(record.subarray(tokenStart)).raw).toEqual(token);
    for (let at = 0; at < tokenStart; at++) {
      const damaged = record.with(at, record[at]! ^ 0x11);
      let verdict = "malformed";
      try {
        const result = verifyEvidenceRecord(parseEvidenceRecord(damaged), data, options);
        if (!result.findings.includes("DIGEST_ALGORITHM_NOT_ANNOUNCED")) verdict = result.verdict;
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^EVIDENCE_RECORD_/) });
      }
      expect(verdict, `octet ${at}`).not.toBe("intact");
    }
  });
});
