import { sign as nodeSign } from "node:crypto";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { type DevPki, type IssuedLeaf, startDevPki } from "@hocba/certs/dev-pki";
import { trustAnchor } from "@hocba/certs/trust";
import { parseCertificate } from "@hocba/certs/x509";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildSignedAttributes, buildSignedData, cmsSigner } from "../../cms/index.ts";
import {
  buildHashTree,
  evidenceRecordFor,
  renewTimestamp,
  StampedTree,
  timestampRenewalDigest,
} from "../../evidence-records/index.ts";
import { buildTimestampRequest, readTimestampResponse } from "../../timestamps/index.ts";
import { type VerificationContext, verifyDocument } from "../index.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const start = Date.now() - 30 * DAY;
let now = start;
let pki: DevPki;
let leaf: IssuedLeaf;
let signed: Uint8Array;
/** Taken while the certificate was valid: a CRL need not list what has expired. */
let archivedCrls: Uint8Array[];

beforeAll(async () => {
  pki = await startDevPki({ keyBits: 2048, clock: () => new Date(now) });
  leaf = await pki.issueLeaf({
    subject: { commonName: "Đỗ Thị Mão" },
    keyType: "ec-p256",
    notBefore: new Date(start - HOUR),
    notAfter: new Date(start + HOUR),
  });
  signed = sign("học bạ số");
}, 60_000);
afterAll(() => pki.close());

function sign(text: string): Uint8Array {
  const identity = { certificate: leaf.certificate, chain: [pki.issuing.certificate] };
  const signer = cmsSigner({ ...identity, algorithm: "ecdsa-p256-sha256" }, nodeCrypto);
  const content = new TextEncoder().encode(text);
  const messageDigest = nodeCrypto.digest("sha256", content);
  const signedAttributes = buildSignedAttributes(signer, { messageDigest, signingTime: new Date(start) });
  const signatureValue = nodeSign("sha256", signedAttributes, leaf.privateKey);
  return buildSignedData(signer, { signedAttributes, signatureValue, unsignedAttributes: [], content });
}

async function stamp(digest: Uint8Array): Promise<Uint8Array> {
  const request = { digestAlgorithm: "sha256", digest, nonce: null } as const;
  const response = await fetch(pki.tsa.url, {
    method: "POST",
    headers: { "content-type": "application/timestamp-query" },
    body: buildTimestampRequest({ ...request, certReq: true }) as BodyInit,
  });
  return readTimestampResponse(new Uint8Array(await response.arrayBuffer()), request).raw;
}

/** One token for a window of documents, as the gateway aggregates them. */
async function aggregate(documents: Uint8Array[]): Promise<Uint8Array[]> {
  const tree = buildHashTree(
    documents.map((d) => nodeCrypto.digest("sha256", d)),
    "sha256",
    nodeCrypto,
  );
  const stamped = new StampedTree(tree, await stamp(tree.root));
  return documents.map((_, index) => evidenceRecordFor(stamped, index));
}

async function verify(bytes: Uint8Array, evidenceRecords: Uint8Array[]) {
  const context: VerificationContext = {
    crypto: nodeCrypto,
    policy: "etsi-baseline",
    time: new Date(now),
    anchors: [trustAnchor(parseCertificate(pki.root.certificate))],
    certificates: [pki.issuing.certificate],
    crls: [...archivedCrls, await pki.crl("root"), await pki.crl("issuing")],
    ocspResponses: [],
    evidenceRecords,
    fileName: "hocba.p7m",
  };
  return verifyDocument(bytes, context).report.signatures[0]!;
}

describe("a signature whose certificate has expired since", () => {
  let records: Uint8Array[];
  beforeAll(async () => {
    const others = Array.from({ length: 6 }, (_, i) => new TextEncoder().encode(`another ${i}`));
    now = start + 60_000;
    records = await aggregate([...others.slice(0, 3), signed, ...others.slice(3)]);
    now = start + HOUR / 2;
    archivedCrls = [await pki.crl("root"), await pki.crl("issuing")];
    now = start + 2 * DAY;
  });

  it("is undecided without proof that it existed before", async () => {
    const s = await verify(signed, []);
    expect(s).toMatchObject({ indication: "INDETERMINATE", bestSignatureTime: null, timestamps: [] });
  });

  it("passes with its evidence record, at the time that record proves", async () => {
    const s = await verify(signed, [records[3]!]);
    expect(s).toMatchObject({ indication: "TOTAL-PASSED", subIndication: null });
    expect(Math.abs(Date.parse(s.bestSignatureTime!) - (start + 60_000))).toBeLessThan(1000);
    expect(s.timestamps).toMatchObject([
      { type: "evidence-record", integrity: "intact", imprintMatches: true, indication: "TOTAL-PASSED" },
    ]);
  });

  it("finds its own among the records of a whole window", async () => {
    const s = await verify(signed, records);
    expect(s.indication).toBe("TOTAL-PASSED");
    // Its own, and that of its sibling in the tree, whose first list holds the same two digests.
    expect(s.timestamps).toHaveLength(2);
  });

  it("gains nothing from another document's record, or from one in which a digest was exchanged", async () => {
    expect(await verify(signed, [records[0]!])).toMatchObject({ indication: "INDETERMINATE", timestamps: [] });
    // The attacker puts the digest of another signature where the stamped one stood.
    const forged = sign("học bạ số, điểm khác");
    const record = Buffer.from(records[3]!);
    const at = record.indexOf(nodeCrypto.digest("sha256", signed));
    expect(at).toBeGreaterThan(0);
    record.set(nodeCrypto.digest("sha256", forged), at);
    const s = await verify(forged, [new Uint8Array(record)]);
    expect(s).toMatchObject({ indication: "INDETERMINATE", bestSignatureTime: null });
  });

  it("says of a record that cannot be read that it cannot", async () => {
    const s = await verify(signed, [records[3]!.subarray(0, 100)]);
    expect(s.indication).toBe("INDETERMINATE");
    expect(s.findings.map((f) => f.code)).toContain("EVIDENCE_RECORD_MALFORMED");
  });

  it("still passes by a record renewed in the meantime", async () => {
    const renewal = timestampRenewalDigest(records[3]!, nodeCrypto);
    const tree = buildHashTree([renewal.digest], "sha256", nodeCrypto);
    const renewed = renewTimestamp(records[3]!, new StampedTree(tree, await stamp(tree.root)), 0);
    now += 10 * DAY;
    const s = await verify(signed, [renewed]);
    expect(s.indication).toBe("TOTAL-PASSED");
    expect(s.timestamps).toHaveLength(2);
    expect(Math.abs(Date.parse(s.bestSignatureTime!) - (start + 60_000))).toBeLessThan(1000);
  });
});
