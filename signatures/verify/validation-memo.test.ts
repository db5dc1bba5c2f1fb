import { sign as nodeSign } from "node:crypto";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { der, sequence } from "@hocba/certs/der";
import { type DevPki, startDevPki } from "@hocba/certs/dev-pki";
import { PathCache } from "@hocba/certs/path";
import { trustAnchor } from "@hocba/certs/trust";
import { parseCertificate } from "@hocba/certs/x509";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { attribute, buildSignedAttributes, buildSignedData, CmsOid, cmsSigner } from "../cms/index.ts";
import { type VerificationContext, verifyDocument } from "./index.ts";

const content = new TextEncoder().encode("học bạ");
const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
let pki: DevPki;
let stranger: DevPki;
let documents: { name: string; bytes: Uint8Array }[];
let contexts: Omit<VerificationContext, "cache">[];

beforeAll(async () => {
  pki = await startDevPki({ keyBits: 2048 });
  stranger = await startDevPki({ keyBits: 2048 });
  const leaf = await pki.issueLeaf({ subject: { commonName: "Hà Văn Tý" }, keyType: "ec-p256" });
  const other = await pki.issueLeaf({ subject: { commonName: "Lê Thị Sửu" }, keyType: "ec-p256" });
  const make = (as: typeof leaf, chain: readonly Uint8Array[], crls: readonly Uint8Array[] = []): Uint8Array => {
    const signer = cmsSigner({ certificate: as.certificate, chain, algorithm: "ecdsa-p256-sha256" }, nodeCrypto);
    const messageDigest = nodeCrypto.digest("sha256", content);
    const archived = sequence(der(0xa0, sequence(...crls)));
    const extra = crls.length > 0 ? [attribute(CmsOid.adobeRevocationInfo, archived)] : [];
    const signedAttributes = buildSignedAttributes(signer, { messageDigest, signingTime: new Date(), extra });
    const signatureValue = nodeSign("sha256", signedAttributes, as.privateKey);
    return buildSignedData(signer, { signedAttributes, signatureValue, unsignedAttributes: [], content });
  };
  const before = [await pki.crl("root"), await pki.crl("issuing")];
  pki.revoke(parseCertificate(leaf.certificate).serial, "keyCompromise", new Date(Date.now() - MINUTE));
  const after = [before[0]!, await pki.crl("issuing")];
  documents = [
    { name: "whole chain", bytes: make(leaf, [pki.issuing.certificate]) },
    { name: "no chain", bytes: make(leaf, []) },
    { name: "chain of strangers", bytes: make(leaf, [stranger.issuing.certificate]) },
    { name: "another signer", bytes: make(other, [pki.issuing.certificate]) },
    { name: "own revocation list", bytes: make(leaf, [pki.issuing.certificate], after) },
  ];
  const now = Date.now();
  const base = { crypto: nodeCrypto, certificates: [], ocspResponses: [], fileName: "a.p7m" };
  const anchorsOf = (...from: DevPki[]) => from.map((p) => trustAnchor(parseCertificate(p.root.certificate)));
  contexts = [before, after, []].flatMap((crls) =>
    [anchorsOf(pki), anchorsOf(stranger), anchorsOf(stranger, pki)].flatMap((anchors) =>
      [new Date(now), new Date(now - 4000 * DAY)].flatMap((time) =>
        (["vn-official", "etsi-baseline"] as const).map((policy) => ({ ...base, crls, anchors, time, policy })),
      ),
    ),
  );
}, 60_000);
afterAll(async () => {
  await pki.close();
  await stranger.close();
});

describe("answers kept between documents", () => {
  it("never differ from those worked out anew, whatever was asked before", () => {
    const alone = documents.map(({ bytes }) => contexts.map((context) => verifyDocument(bytes, context)));
    const cache = new PathCache();
    for (const order of [contexts.keys(), [...contexts.keys()].reverse(), contexts.keys()]) {
      for (const c of order) {
        for (const [d, { name, bytes }] of documents.entries()) {
          const { report, wanted } = verifyDocument(bytes, { ...contexts[c]!, cache });
          // As text: a deep comparison of every octet takes longer than the verification.
          expect(JSON.stringify({ report, wanted }) === JSON.stringify(alone[d]![c]), name).toBe(true);
        }
      }
    }
    const told = alone.flat().map(({ report }) => `${report.indication} ${report.subIndication}`);
    // What one document brings along concerns that document: beside it the same signer is good.
    expect([alone[0]![0]!.report.subIndication, alone[4]![0]!.report.subIndication]).toEqual([null, "REVOKED_NO_POE"]);
    // The cases are apart: otherwise there is nothing to confuse.
    expect(told).toContain("TOTAL-PASSED null");
    expect(told).toContain("INDETERMINATE REVOKED_NO_POE");
    expect(told).toContain("INDETERMINATE NO_CERTIFICATE_CHAIN_FOUND");
    expect(told).toContain("INDETERMINATE OUT_OF_BOUNDS_NO_POE");
    expect(told).toContain("INDETERMINATE TRY_LATER");
  }, 30_000);

  it("are found again for the next document of the same signer", () => {
    const cache = new PathCache();
    let checked = 0;
    const crypto = {
      ...nodeCrypto,
      verify: (...args: Parameters<typeof nodeCrypto.verify>) => {
        checked++;
        return nodeCrypto.verify(...args);
      },
    };
    const context = { ...contexts[0]!, crypto, cache };
    verifyDocument(documents[0]!.bytes, context);
    const first = checked;
    verifyDocument(documents[0]!.bytes.slice(), context);
    // Only the signature on the document itself.
    expect(checked - first).toBe(1);
    expect(first).toBeGreaterThan(2);
  });
});
