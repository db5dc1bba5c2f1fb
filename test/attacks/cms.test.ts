import { nodeCrypto } from "@hocba/certs/crypto/node";
import { concatBytes, der, integer, nullValue, octetString, oid, sequence, setOf } from "@hocba/certs/der";
import { parseCertificate } from "@hocba/certs/x509";
import { attribute, buildSignedAttributes, buildSignedData, CmsOid, cmsSigner } from "@hocba/signatures/cms";
import type { VerificationContext } from "@hocba/signatures/verify";
import { describe, expect, it } from "vitest";
import { octets, pdfFile, RECORD } from "./raw-pdf.ts";
import { brief, ecKey, makeSigner, signOver, signPdf, type TestSigner, verifyTrusting } from "./signer.ts";

/**
 * Attacks on a CMS: what is not under the signature is exchanged, said twice, or read in another way than it was meant.
 */

const principal = makeSigner("Hiệu trưởng");
const content = octets("Hoc ba so: diem 10");
const SHA256 = sequence(oid("2.16.840.1.101.3.4.2.1"));
const ECDSA_SHA256 = sequence(oid("1.2.840.10045.4.3.2"));

interface Parts {
  signer?: TestSigner;
  attributes?: readonly Uint8Array[] | null;
  /** Instead of the attributes in DER order. */
  attributeSet?: Uint8Array;
  content?: Uint8Array | null;
  contentType?: string;
  certificates?: readonly Uint8Array[];
  signature?: Uint8Array;
  sid?: Uint8Array;
  digestAlgorithm?: Uint8Array;
  digestAlgorithms?: Uint8Array;
  signatureAlgorithm?: Uint8Array;
  unsigned?: readonly Uint8Array[];
  signerInfos?: readonly Uint8Array[];
}

const digest = (bytes: Uint8Array) => nodeCrypto.digest("sha256", bytes);
const contentTypeOf = (type: string) => attribute(CmsOid.contentType, oid(type));
const messageDigest = (bytes: Uint8Array) => attribute(CmsOid.messageDigest, octetString(digest(bytes)));
const certificateHash = (signer: TestSigner) => octetString(digest(signer.identity.certificate));
const signingCertificate = (...signers: TestSigner[]) =>
  attribute(CmsOid.signingCertificateV2, sequence(sequence(...signers.map((s) => sequence(certificateHash(s))))));
const usual = (signer = principal, bytes = content) => [
  contentTypeOf(CmsOid.data),
  messageDigest(bytes),
  signingCertificate(signer),
];
const implicit = (n: number, set: Uint8Array) => concatBytes(Uint8Array.of(0xa0 | n), set.subarray(1));
const issuerAndSerial = (signer: TestSigner) => {
  const c = parseCertificate(signer.identity.certificate);
  return sequence(c.issuer.raw, der(2, Buffer.from(c.serial.length % 2 ? `0${c.serial}` : c.serial, "hex")));
};

function signerInfo(parts: Parts): Uint8Array {
  const signer = parts.signer ?? principal;
  const set = parts.attributes === null ? null : (parts.attributeSet ?? setOf(...(parts.attributes ?? usual(signer))));
  const signature = parts.signature ?? signOver(signer, set ?? parts.content ?? content);
  return sequence(
    integer(1),
    parts.sid ?? issuerAndSerial(signer),
    parts.digestAlgorithm ?? SHA256,
    ...(set ? [implicit(0, set)] : []),
    parts.signatureAlgorithm ?? ECDSA_SHA256,
    octetString(signature),
    ...(parts.unsigned ? [implicit(1, setOf(...parts.unsigned))] : []),
  );
}

function cms(parts: Parts = {}): Uint8Array {
  const bytes = parts.content === undefined ? content : parts.content;
  return sequence(
    oid(CmsOid.signedData),
    der(
      0xa0,
      sequence(
        integer(1),
        parts.digestAlgorithms ?? der(0x31, SHA256),
        sequence(oid(parts.contentType ?? CmsOid.data), ...(bytes ? [der(0xa0, octetString(bytes))] : [])),
        implicit(0, setOf(...(parts.certificates ?? [(parts.signer ?? principal).identity.certificate]))),
        der(0x31, concatBytes(...(parts.signerInfos ?? [signerInfo(parts)]))),
      ),
    ),
  );
}

const verify = (bytes: Uint8Array, more: Partial<VerificationContext> = {}, trusted = [principal]) =>
  verifyTrusting(bytes, trusted, more);

function accepts(bytes: Uint8Array, more: Partial<VerificationContext> = {}): void {
  const report = verify(bytes, more);
  expect(report.indication, brief(report)).toBe("TOTAL-PASSED");
  expect(report.signatures[0], brief(report)).toMatchObject({ integrity: "intact", coverage: "whole-file" });
}
function refuses(bytes: Uint8Array, more: Partial<VerificationContext> = {}, trusted = [principal]): void {
  const report = verify(bytes, more, trusted);
  expect(report.indication, brief(report)).not.toBe("TOTAL-PASSED");
}

describe("the honest twins", () => {
  it("an enveloping and a detached signature", () => {
    accepts(cms());
    accepts(cms({ content: null }), { detachedContent: content });
    accepts(cms({ attributes: null }));
  });
});

describe("content", () => {
  // The clerk is sent a transcript and a .p7s beside it. The .p7s holds, and signs, another content.
  it("a detached signature that brings its own content", () => {
    refuses(cms(), { detachedContent: octets("Hoc ba so: diem 3") });
    accepts(cms(), { detachedContent: content });
  });

  // The principal once signed, without signed attributes, what looks like rubbish: it is a set of signed attributes over another
  // document. And the reverse: attributes he signed are passed off as a document.
  it("a content that is a set of signed attributes", () => {
    const other = octets("Hoc ba so: diem 10 gia");
    const set = setOf(...usual(principal, other));
    const harvested = signOver(principal, set);
    refuses(cms({ attributes: null, content: set, signature: harvested }));
  });

  it("without signed attributes the content is id-data", () => {
    refuses(cms({ attributes: null, contentType: CmsOid.tstInfo }));
    refuses(cms({ attributes: null, contentType: "1.2.3.4" }));
  });

  // A small true signature in front, and behind its end a PDF that viewers open, as they look for its header in the first kilobyte.
  it("a PDF behind the end of a CMS, or inside it where nothing is signed", () => {
    const pdf = pdfFile(RECORD);
    refuses(concatBytes(cms({ certificates: [] }), pdf), { certificates: [principal.identity.certificate] });
    refuses(concatBytes(cms(), octets("\n"), pdf));
    refuses(cms({ digestAlgorithms: der(0x31, sequence(oid("2.16.840.1.101.3.4.2.1"), octetString(pdf))) }));
    refuses(cms({ certificates: [octetString(pdf), principal.identity.certificate] }));
    // A PDF that is the signed content itself is what was signed.
    const own = usual(principal, pdf);
    accepts(cms({ content: pdf, attributes: own }));
  });

  it("no signer, or a second one who is not valid", () => {
    refuses(cms({ signerInfos: [] }));
    const stranger = makeSigner("Người lạ");
    const both = [signerInfo({}), signerInfo({ signer: stranger })];
    refuses(cms({ signerInfos: both, certificates: [principal.identity.certificate, stranger.identity.certificate] }));
    refuses(cms({ signerInfos: [signerInfo({}), signerInfo({ signature: new Uint8Array(70) })] }));
  });
});

describe("attributes", () => {
  it("stand twice, or have two values", () => {
    const forged = messageDigest(octets("x"));
    refuses(cms({ attributes: [...usual(), forged] }));
    refuses(cms({ attributes: [...usual(), contentTypeOf(CmsOid.tstInfo)] }));
    refuses(cms({ attributes: [...usual(), contentTypeOf(CmsOid.data)] }));
    const two = sequence(
      oid(CmsOid.messageDigest),
      setOf(octetString(digest(content)), octetString(digest(octets("x")))),
    );
    refuses(cms({ attributes: [contentTypeOf(CmsOid.data), two, signingCertificate(principal)] }));
    refuses(cms({ attributes: [...usual(), signingCertificate(principal)] }));
    const none = sequence(oid(CmsOid.messageDigest), der(0x31));
    refuses(cms({ attributes: [contentTypeOf(CmsOid.data), none, signingCertificate(principal)] }));
    refuses(cms({ attributes: [contentTypeOf(CmsOid.data), signingCertificate(principal)] }));
    refuses(cms({ attributes: [messageDigest(content), signingCertificate(principal)] }));
    refuses(
      cms({ attributes: [contentTypeOf(CmsOid.signedData), messageDigest(content), signingCertificate(principal)] }),
    );
  });

  it("in another order than DER's were signed as they stand, or are told", () => {
    const set = der(0x31, concatBytes(...[...usual()].reverse()));
    const report = verify(cms({ attributeSet: set }));
    expect(report.signatures[0]!.findings.map((f) => f.code)).toContain("NOT_DER");
  });

  // signing-certificate-v2 names the certificate that is shown; version 1 names another one.
  it("the two versions of signing-certificate name two certificates", () => {
    const other = makeSigner("Người khác");
    const v1 = (s: TestSigner) =>
      attribute(
        CmsOid.signingCertificate,
        sequence(sequence(sequence(octetString(nodeCrypto.digest("sha1", s.identity.certificate))))),
      );
    refuses(cms({ attributes: [...usual(), v1(other)] }));
    refuses(
      cms({ attributes: [...usual(), v1(other)], certificates: [principal, other].map((s) => s.identity.certificate) }),
    );
    accepts(cms({ attributes: [...usual(), v1(principal)] }));
  });

  // The same key is certified again for another name; the signature names the first certificate.
  it("another certificate of the same key is put in place of the signed one", () => {
    const key = ecKey();
    const [teacher, director] = [makeSigner("Giáo viên", { key }), makeSigner("Giám đốc Sở", { key })];
    const as = (signer: TestSigner) =>
      cms({
        signer: teacher,
        sid: issuerAndSerial(signer),
        certificates: [signer.identity.certificate],
        attributes: usual(teacher),
      });
    expect(verify(as(teacher), {}, [teacher, director]).indication).toBe("TOTAL-PASSED");
    refuses(as(director), { certificates: [] }, [teacher, director]);
    const ski = der(0x80, nodeCrypto.digest("sha1", teacher.identity.certificate));
    refuses(cms({ signer: teacher, sid: ski, certificates: [director.identity.certificate] }), {}, [teacher, director]);
  });

  // RFC 6211 binds the algorithms; they were exchanged behind its back.
  it("algorithm protection names other algorithms than the signer info", () => {
    const protection = (hash: string, signature: string) =>
      attribute(CmsOid.algorithmProtection, sequence(sequence(oid(hash)), der(0xa1, oid(signature))));
    const [sha256, sha512] = ["2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.3"];
    accepts(cms({ attributes: [...usual(), protection(sha256, "1.2.840.10045.4.3.2")] }));
    refuses(cms({ attributes: [...usual(), protection(sha512, "1.2.840.10045.4.3.2")] }));
    refuses(cms({ attributes: [...usual(), protection(sha256, "1.2.840.10045.4.3.4")] }));
    refuses(cms({ attributes: [...usual(), attribute(CmsOid.algorithmProtection, nullValue())] }));
  });

  // A stranger counter-signs, and his consent is shown as if it were over the document.
  it("a counter-signature is no signature over the document", () => {
    const stranger = makeSigner("Người lạ");
    const signature = signOver(principal, setOf(...usual()));
    const counter = signerInfo({
      signer: stranger,
      attributes: [messageDigest(signature), signingCertificate(stranger)],
    });
    const bytes = cms({
      signature,
      unsigned: [attribute(CmsOid.counterSignature, counter)],
      certificates: [principal, stranger].map((s) => s.identity.certificate),
    });
    const report = verify(bytes, {}, [principal, stranger]);
    expect(report.signatures.map((s) => s.coverage)).toEqual(["whole-file", "partial"]);
    expect(report.signatures[1]!.findings.map((f) => f.code)).toContain("COUNTER_SIGNATURE");
    // With the stranger's alone nothing is signed.
    refuses(bytes, {}, [stranger]);
  });
});

describe("algorithms and values", () => {
  it("an ECDSA value with octets behind it, or negative or empty integers", () => {
    const good = signOver(principal, setOf(...usual()));
    refuses(cms({ signature: concatBytes(good, Uint8Array.of(0)) }));
    refuses(cms({ signature: sequence(integer(0), integer(0)) }));
    refuses(cms({ signature: sequence(integer(1), integer(1)) }));
    refuses(cms({ signature: new Uint8Array(0) }));
  });

  it.each([
    ["md5", "1.2.840.113549.2.5"],
    ["md2", "1.2.840.113549.2.2"],
    ["sha1", "1.3.14.3.2.26"],
    ["unknown", "1.2.3.4"],
  ])("the digest algorithm %s", (name, id) => {
    const value = name === "md5" || name === "sha1" ? nodeCrypto.digest(name, content) : digest(content);
    const attributes = [
      contentTypeOf(CmsOid.data),
      attribute(CmsOid.messageDigest, octetString(value)),
      signingCertificate(principal),
    ];
    refuses(cms({ attributes, digestAlgorithm: sequence(oid(id)) }));
  });

  // A digest cut to nothing matches nothing.
  it("an empty or shortened message digest", () => {
    for (const value of [new Uint8Array(0), digest(content).subarray(0, 4)]) {
      const attributes = [
        contentTypeOf(CmsOid.data),
        attribute(CmsOid.messageDigest, octetString(value)),
        signingCertificate(principal),
      ];
      refuses(cms({ attributes }));
    }
  });

  it("two certificates of one issuer and serial number, the wrong one first", () => {
    const [a, b] = [makeSigner("Một", { serial: Uint8Array.of(5) }), makeSigner("Một", { serial: Uint8Array.of(5) })];
    const bytes = cms({ signer: a, attributes: usual(a), certificates: [b, a].map((s) => s.identity.certificate) });
    const report = verify(bytes, {}, [a]);
    expect(report.indication, brief(report)).toBe("TOTAL-PASSED");
    refuses(bytes, {}, [b]);
  });

  it("a negative serial number is itself and no other", () => {
    const negative = makeSigner("Âm", { serial: Uint8Array.of(0xff) });
    const positive = makeSigner("Âm", { serial: Uint8Array.of(0, 0xff) });
    const bytes = cms({
      signer: negative,
      sid: issuerAndSerial(positive),
      certificates: [positive.identity.certificate],
    });
    refuses(bytes, {}, [negative, positive]);
  });
});

describe("too much of everything", () => {
  const within = (bytes: Uint8Array, more: Partial<VerificationContext> = {}) => {
    const started = performance.now();
    const report = verify(bytes, more);
    const took = performance.now() - started;
    console.log(
      `${(bytes.length / 1024).toFixed(0)} KB in ${took.toFixed(0)} ms: ${report.indication} ${report.signatures.length}`,
    );
    // Twice what a file may take, as other tests share the processor.
    expect(took).toBeLessThan(4000);
    return report;
  };
  const many = Array.from({ length: 1000 }, (_, i) => i);
  const big = parseCertificate(principal.identity.certificate);

  it("a thousand certificates of the signer's serial number, and hundreds of signers with counter-signatures", () => {
    // The issuers differ only in what the comparison of names has to work out.
    const name = (i: number) =>
      sequence(
        ...Array.from({ length: 40 }, (_, k) =>
          setOf(sequence(oid("2.5.4.11"), der(0x0c, octets(`Don vi ${k} ${i}`)))),
        ),
      );
    const serial = Uint8Array.of(7);
    const certificate = (i: number) => {
      const parts = [der(0xa0, integer(2)), der(2, serial), ECDSA_SHA256, name(i)];
      const tbs = sequence(
        ...parts,
        sequence(der(0x17, octets("250101000000Z")), der(0x17, octets("300101000000Z"))),
        name(i),
        big.spki,
      );
      return sequence(tbs, ECDSA_SHA256, der(3, Uint8Array.of(0, 0)));
    };
    const sid = sequence(name(-1), der(2, serial));
    const counter = signerInfo({ sid, attributes: [messageDigest(content)] });
    const unsigned = Array.from({ length: 20 }, () => attribute(CmsOid.counterSignature, counter));
    const infos = Array.from({ length: 200 }, () => signerInfo({ sid, unsigned, signature: new Uint8Array(70) }));
    within(cms({ signerInfos: infos, certificates: many.map(certificate) }));
  });

  it("attributes and time stamps by the thousand", () => {
    const unsigned = Array.from({ length: 900 }, () =>
      attribute(CmsOid.signatureTimestamp, cms({ contentType: CmsOid.tstInfo })),
    );
    within(cms({ unsigned }));
    const nested = Array.from({ length: 5000 }).reduce<Uint8Array>((inner) => der(0x24, inner), octetString(content));
    within(
      sequence(
        oid(CmsOid.signedData),
        der(0xa0, sequence(integer(1), der(0x31), sequence(oid(CmsOid.data), der(0xa0, nested)), der(0x31))),
      ),
    );
  });
});

describe("in a PDF", () => {
  const blank = pdfFile(RECORD);
  it("the twin passes", () => expect(verify(signPdf(blank, principal, "S")).indication).toBe("TOTAL-PASSED"));

  /** A signed PDF whose CMS is exchanged for one made from the octets it has to sign. */
  function withCms(
    make: (signedOctets: Uint8Array) => Uint8Array,
    edit: (text: string) => string = (t) => t,
  ): Uint8Array {
    const shape = signPdf(blank, principal, "S", { reservedBytes: 4096 });
    const text = edit(Buffer.from(shape).toString("latin1"));
    const [, a, b, c] = /\/ByteRange \[(\d+) (\d+) (\d+) (\d+)\]/.exec(text)!.slice(1).map(Number) as [
      number,
      number,
      number,
      number,
    ];
    const ranges = octets(text.slice(0, a) + text.slice(b, b + c));
    const hex = Buffer.from(make(ranges)).toString("hex");
    return octets(`${text.slice(0, a + 1)}${hex.padEnd(b - a - 2, "0")}${text.slice(b - 1)}`);
  }
  const own = (bytes: Uint8Array, more: Parts = {}) =>
    cms({ content: null, attributes: usual(principal, bytes), ...more });

  it("the CMS is exchanged for an honest one", () =>
    expect(verify(withCms((b) => own(b))).indication).toBe("TOTAL-PASSED"));

  // The CMS signs its own content, which is another document; the ByteRange covers the one that is shown.
  it("the CMS brings a content of its own", () => {
    refuses(withCms(() => cms()));
    refuses(withCms(() => cms({ contentType: CmsOid.signedData })));
    refuses(withCms((b) => cms({ content, attributes: usual(principal, b) }).slice(0, 40)));
  });

  it("several signers, one of them good", () => {
    refuses(withCms((b) => own(b, { signerInfos: [signerInfo({ attributes: usual(principal, b) }), signerInfo({})] })));
    refuses(withCms((b) => own(b, { signerInfos: [] })));
  });

  it("a document time stamp that is an ordinary signature, and the reverse", () => {
    const swap = (t: string) => t.replace("/ETSI.CAdES.detached", "/ETSI.RFC3161".padEnd(20));
    const report = verify(withCms((b) => own(b), swap));
    expect(report.signatures[0]!.integrity, brief(report)).not.toBe("intact");
    expect(report.indication).not.toBe("TOTAL-PASSED");
  });

  it("adbe.pkcs7.sha1 whose content is not the digest of the ranges", () => {
    const swap = (t: string) => t.replace("/ETSI.CAdES.detached", "/adbe.pkcs7.sha1".padEnd(20));
    refuses(withCms(() => cms(), swap));
    refuses(withCms((b) => own(b), swap));
    const sha1 = (b: Uint8Array) => nodeCrypto.digest("sha1", b);
    const good = withCms((b) => cms({ content: sha1(b), attributes: usual(principal, sha1(b)) }), swap);
    expect(verify(good).signatures[0]!.integrity).toBe("intact");
    refuses(withCms(() => cms({ content: sha1(content), attributes: usual(principal, sha1(content)) }), swap));
  });

  // Behind the CMS the place has room: octets there are under no signature, and no zeros.
  it("octets behind the CMS that are no padding", () => {
    const full = withCms((b) => concatBytes(own(b), octets("not padding")));
    const report = verify(full);
    // Honest tools leave such rests too; they are told.
    expect(
      report.signatures[0]!.findings.map((f) => f.code),
      brief(report),
    ).toContain("CONTENTS_FOLLOWED");
    expect(verify(withCms((b) => own(b))).signatures[0]!.findings.map((f) => f.code)).not.toContain(
      "CONTENTS_FOLLOWED",
    );
  });

  it("a PAdES sub-filter without signed attributes", () => {
    const bare = withCms((b) => cms({ content: null, attributes: null, signature: signOver(principal, b) }));
    const report = verify(bare);
    expect(report.signatures[0]!.level, brief(report)).toBe("none");
  });
});

describe("what honest tools write", () => {
  it("our own signer", () => {
    const constant = cmsSigner(principal.identity, nodeCrypto);
    const signedAttributes = buildSignedAttributes(constant, { messageDigest: digest(content) });
    accepts(
      buildSignedData(constant, { signedAttributes, signatureValue: signOver(principal, signedAttributes), content }),
    );
  });
});
