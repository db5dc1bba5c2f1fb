import { sign as nodeSign, randomBytes } from "node:crypto";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { concatBytes, der, octetString, readElement, sequence, setOf } from "@hocba/certs/der";
import { type DevPki, type IssuedLeaf, startDevPki } from "@hocba/certs/dev-pki";
import { trustAnchor } from "@hocba/certs/trust";
import { parseCertificate } from "@hocba/certs/x509";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  attribute,
  buildSignedAttributes,
  buildSignedData,
  CmsOid,
  type CmsSigner,
  cmsSigner,
  signatureTimestampAttribute,
} from "../cms/index.ts";
import { buildTimestampRequest, readTimestampResponse } from "../timestamps/index.ts";
import { finding } from "./findings.ts";
import {
  FINDING_CODES,
  sentence,
  shippedPolicies,
  type VerificationContext,
  type VerificationReport,
  verifyDocument,
} from "./index.ts";

const content = new TextEncoder().encode("học bạ số của một học sinh");
let pki: DevPki;
let leaf: IssuedLeaf;
let signer: CmsSigner;
let context: Omit<VerificationContext, "fileName">;

beforeAll(async () => {
  pki = await startDevPki({ keyBits: 2048 });
  leaf = await pki.issueLeaf({ subject: { commonName: "Hà Văn Tý" }, keyType: "ec-p256" });
  signer = signerOf(leaf);
  context = {
    crypto: nodeCrypto,
    policy: "etsi-baseline",
    time: new Date(),
    anchors: [trustAnchor(parseCertificate(pki.root.certificate))],
    certificates: [pki.issuing.certificate],
    crls: [await pki.crl("root"), await pki.crl("issuing")],
    ocspResponses: [],
  };
}, 60_000);
afterAll(() => pki.close());

const signerOf = (from: IssuedLeaf) =>
  cmsSigner(
    { certificate: from.certificate, chain: [pki.issuing.certificate], algorithm: "ecdsa-p256-sha256" },
    nodeCrypto,
  );

async function stamp(octets: Uint8Array): Promise<Uint8Array> {
  const request = {
    digestAlgorithm: "sha256",
    digest: nodeCrypto.digest("sha256", octets),
    nonce: randomBytes(8),
  } as const;
  const body = buildTimestampRequest({ ...request, certReq: true }) as BodyInit;
  const response = await fetch(pki.tsa.url, {
    method: "POST",
    headers: { "content-type": "application/timestamp-query" },
    body,
  });
  return readTimestampResponse(new Uint8Array(await response.arrayBuffer()), request).raw;
}

interface Make {
  as?: IssuedLeaf;
  signedAttributes?: Uint8Array;
  stamped?: boolean | Uint8Array;
  attached?: boolean;
}

async function make({ as = leaf, signedAttributes, stamped = false, attached = true }: Make = {}): Promise<Uint8Array> {
  const own = as === leaf ? signer : signerOf(as);
  const attributes =
    signedAttributes ??
    buildSignedAttributes(own, { messageDigest: nodeCrypto.digest("sha256", content), signingTime: new Date() });
  const signatureValue = nodeSign("sha256", attributes, as.privateKey);
  const token = stamped === true ? await stamp(signatureValue) : stamped;
  return buildSignedData(own, {
    signedAttributes: attributes,
    signatureValue,
    unsignedAttributes: token ? [signatureTimestampAttribute(token)] : [],
    ...(attached ? { content } : {}),
  });
}

const verify = (bytes: Uint8Array, more: Partial<VerificationContext> = {}): VerificationReport =>
  verifyDocument(bytes, { ...context, fileName: "a.p7m", ...more }).report;
const codes = (report: VerificationReport) => report.signatures.flatMap((s) => s.findings.map((f) => f.code));

describe("a CAdES signature", () => {
  it("passes at level B and T, with the proven time", async () => {
    expect(verify(await make())).toMatchObject({
      indication: "TOTAL-PASSED",
      signatures: [{ format: "CAdES", level: "B", bestSignatureTime: null }],
    });
    const [s] = verify(await make({ stamped: true })).signatures;
    expect(s).toMatchObject({ level: "T", indication: "TOTAL-PASSED", integrity: "intact", findings: [] });
    expect(s!.bestSignatureTime).toBe(s!.timestamps[0]!.time);
    expect(s!.revocation).toMatchObject([{ status: "good" }, { status: "good" }]);
  });

  it("needs its content when detached, and the right one", async () => {
    const detached = await make({ attached: false });
    expect(verify(detached)).toMatchObject({ indication: "INDETERMINATE", subIndication: "SIGNED_DATA_NOT_FOUND" });
    expect(verify(detached, { detachedContent: content }).indication).toBe("TOTAL-PASSED");
    expect(verify(detached, { detachedContent: new Uint8Array(3) })).toMatchObject({
      indication: "TOTAL-FAILED",
      subIndication: "HASH_FAILURE",
    });
  });

  it("fails when its content-type attribute names another type, or message-digest is missing or doubled", async () => {
    const messageDigest = nodeCrypto.digest("sha256", content);
    const wrongType = buildSignedAttributes(signer, { messageDigest, contentType: CmsOid.tstInfo });
    expect(verify(await make({ signedAttributes: wrongType }))).toMatchObject({ subIndication: "FORMAT_FAILURE" });
    const only = setOf(
      attribute(CmsOid.contentType, der(0x06, Uint8Array.of(42, 134, 72, 134, 247, 13, 1, 7, 1))),
      signer.signingCertificateV2,
    );
    expect(codes(verify(await make({ signedAttributes: only })))).toContain("MESSAGE_DIGEST_MISSING");
    const doubled = buildSignedAttributes(signer, {
      messageDigest,
      extra: [attribute(CmsOid.messageDigest, octetString(new Uint8Array(32)))],
    });
    expect(codes(verify(await make({ signedAttributes: doubled })))).toContain("ATTRIBUTE_REPEATED");
  });

  // The attacker signs with a key of the same name but leaves the other's certificate in the file.
  it("is undecided when signing-certificate points to another certificate", async () => {
    const other = await pki.issueLeaf({ subject: { commonName: "Kẻ khác" }, keyType: "ec-p256" });
    const foreign = buildSignedAttributes(signerOf(other), {
      messageDigest: nodeCrypto.digest("sha256", content),
      signingTime: new Date(),
    });
    const report = verify(await make({ signedAttributes: foreign }));
    expect(report).toMatchObject({ indication: "INDETERMINATE", subIndication: "SIG_CONSTRAINTS_FAILURE" });
  });

  it("does not take a time stamp of another signature as proof", async () => {
    const foreign = await stamp(content);
    const [s] = verify(await make({ stamped: foreign })).signatures;
    expect(s).toMatchObject({
      indication: "TOTAL-PASSED",
      bestSignatureTime: null,
      timestamps: [{ imprintMatches: false, indication: "TOTAL-FAILED" }],
    });
    expect(s!.findings.map((f) => f.code)).toContain("TIMESTAMP_IMPRINT");
  });

  // A stamp over references says when the references were there; the signature may have been made years later.
  it("takes a time stamp over references alone for no proof of the signature", async () => {
    const refs = [attribute(CmsOid.certificateRefs, sequence()), attribute(CmsOid.revocationRefs, sequence())];
    const inside = refs.flatMap((a) =>
      readElement(a)
        .children()
        .map((e) => e.raw),
    );
    const signedAttributes = buildSignedAttributes(signer, {
      messageDigest: nodeCrypto.digest("sha256", content),
      signingTime: new Date(),
    });
    const bytes = buildSignedData(signer, {
      signedAttributes,
      signatureValue: nodeSign("sha256", signedAttributes, leaf.privateKey),
      unsignedAttributes: [...refs, attribute(CmsOid.certCrlTimestamp, await stamp(concatBytes(...inside)))],
      content,
    });
    const [s] = verify(bytes).signatures;
    expect(s!.timestamps).toMatchObject([{ imprintMatches: true, indication: "TOTAL-PASSED" }]);
    expect(s).toMatchObject({ indication: "TOTAL-PASSED", bestSignatureTime: null });
  });

  it("outlives its certificate with a time stamp, not without", async () => {
    const short = await pki.issueLeaf({
      subject: { commonName: "Ngắn hạn" },
      keyType: "ec-p256",
      notAfter: new Date(Date.now() + 3600_000),
    });
    const time = new Date(Date.now() + 2 * 3600_000);
    const fresh = { time, crls: context.crls };
    expect(verify(await make({ as: short }), fresh)).toMatchObject({
      indication: "INDETERMINATE",
      subIndication: "OUT_OF_BOUNDS_NO_POE",
    });
    expect(verify(await make({ as: short, stamped: true }), fresh).indication).toBe("TOTAL-PASSED");
  });

  it("is undecided without trust, without revocation data, and by a strict policy without the certificate bound", async () => {
    const good = await make({ stamped: true });
    expect(verify(good, { anchors: [] })).toMatchObject({
      indication: "INDETERMINATE",
      subIndication: "NO_CERTIFICATE_CHAIN_FOUND",
    });
    expect(verify(good, { crls: [] })).toMatchObject({ indication: "INDETERMINATE", subIndication: "TRY_LATER" });
    const bare = setOf(
      attribute(CmsOid.contentType, der(0x06, Uint8Array.of(42, 134, 72, 134, 247, 13, 1, 7, 1))),
      attribute(CmsOid.messageDigest, octetString(nodeCrypto.digest("sha256", content))),
    );
    const unbound = await make({ signedAttributes: bare });
    expect(verify(unbound)).toMatchObject({ indication: "INDETERMINATE", subIndication: "SIG_CONSTRAINTS_FAILURE" });
    expect(verify(unbound, { policy: "vn-official" }).indication).toBe("TOTAL-PASSED");
  });

  it("is never intact with an octet of content or signed attributes changed", async () => {
    const signedAttributes = buildSignedAttributes(signer, { messageDigest: nodeCrypto.digest("sha256", content) });
    const bytes = await make({ signedAttributes });
    const places = [content, signedAttributes.subarray(2)].map((part) => ({
      start: bytes.findIndex((_, i) => part.every((octet, k) => bytes[i + k] === octet)),
      length: part.length,
    }));
    for (const { start, length } of places) {
      expect(start).toBeGreaterThan(0);
      for (let at = start; at < start + length; at++) {
        const changed = new Uint8Array(bytes);
        changed[at]! ^= 1 << (at % 8);
        const report = verify(changed);
        expect([at, report.signatures[0]?.integrity]).not.toEqual([at, "intact"]);
        expect(report.indication).not.toBe("TOTAL-PASSED");
      }
    }
  }, 60_000);

  it("never throws, whatever octet is changed or wherever it is cut", async () => {
    const bytes = await make({ stamped: true });
    for (let at = 0; at < bytes.length; at += 23) {
      const changed = new Uint8Array(bytes);
      changed[at] = (changed[at]! * 5 + 13) & 0xff;
      expect(verify(changed).file).toBe("a.p7m");
      expect(verify(bytes.subarray(0, at)).indication).not.toBe("TOTAL-PASSED");
    }
  }, 60_000);
});

describe("what is not a signed document", () => {
  it.each([
    ["nothing", "", "NO-SIGNATURE"],
    ["a text", "xin chào", "NO-SIGNATURE"],
    ["unsigned XML", "<a/>", "NO-SIGNATURE"],
    ["broken XML", "<a><b></a>", "NO-SIGNATURE"],
    ["XML with a DTD", '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "NO-SIGNATURE"],
    ["a cut PDF", "%PDF-1.7\n1 0 obj", "NO-SIGNATURE"],
    ["a cut CMS", "0\u0080", "NO-SIGNATURE"],
  ])("says so of %s", (_, text, indication) => {
    const report = verify(Uint8Array.from(text, (c) => c.charCodeAt(0)));
    expect(report).toMatchObject({ indication, signatures: [] });
    expect(report.findings.length).toBeGreaterThan(0);
    expect(sentence(report).vi).not.toBe("");
  });

  it("refuses what is too large before reading it", () => {
    expect(verify(new Uint8Array(11), { maximumSize: 10 }).findings.map((f) => f.code)).toEqual(["TOO_LARGE"]);
  });
});

describe("what the verifier says", () => {
  it("says in both languages, every placeholder the same in each", () => {
    for (const code of FINDING_CODES) {
      const { message } = finding(code);
      expect(message.vi).not.toBe(message.en);
      const raw = (text: string) => (text.match(/\?/g) ?? []).length;
      expect([code, raw(message.vi)]).toEqual([code, raw(message.en)]);
    }
  });

  it("explains every rule of every policy in both languages", () => {
    for (const policy of shippedPolicies.values()) {
      for (const [name, rule] of Object.entries(policy.rules)) {
        expect([name, rule.explanation.vi.length > 20, rule.explanation.en.length > 20]).toEqual([name, true, true]);
      }
    }
  });
});
