import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { isGood, type SignedTranscript, signClass } from "@hocba/gateway/demo";
import { CmsOid, parseSignedData } from "@hocba/signatures/cms";
import { openPdf, signatureFields, signedRanges } from "@hocba/signatures/pdf";
import {
  findXmlSignatures,
  parseXml,
  readXadesProperties,
  readXmlSignature,
  type XmlSignature,
} from "@hocba/signatures/xml";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type DemoSite, MAIN, startDemoSite } from "./demo-site.ts";
import { callReferees, type Referees, refereesPresent, run } from "./referees.ts";

vi.setConfig({ testTimeout: 60_000 });

const PUPILS = 4;
const present = refereesPresent();
if (!present) console.log("class.test.ts: pdfsig, qpdf, openssl or xmlsec1 is missing; the referees do not judge");
const hasPyHanko = spawnSync("python3", ["-c", "import pyhanko.sign.validation"]).status === 0;
if (!hasPyHanko) console.log("class.test.ts: pyHanko cannot be imported; it does not judge");

interface Stamped {
  token: Uint8Array;
  /** What the token speaks of. */
  data: Uint8Array;
}

describe("a class signed by the gateway, judged by programs of other hands", () => {
  let site: DemoSite;
  let referees: Referees;
  let documents: SignedTranscript[];
  const of = (format: "pdf" | "xml") => documents.filter((document) => document.format === format);
  const content = (document: SignedTranscript) => document.content!;

  beforeAll(async () => {
    site = await startDemoSite({ pupils: PUPILS });
    referees = callReferees(site.demo.pki.root.certificate, [site.demo.pki.issuing.certificate]);
    documents = await signClass(site.demo, site.sample, { runId: "class" });
  }, 180_000);
  afterAll(async () => {
    referees?.close();
    await site?.close();
  });

  it("comes back whole: every document signed, stamped and genuine", async () => {
    expect(documents.map((document) => `${document.format} ${document.document.state}`).sort()).toEqual(
      [...Array(PUPILS).fill("pdf signed"), ...Array(PUPILS).fill("xml signed")].sort(),
    );
    expect(documents.every(isGood)).toBe(true);
    for (const { id } of documents) await site.expectSignedOnce(id);
    await site.expectAuditIntact();
  });

  it.skipIf(!present)(
    "every PDF is valid for pdfsig and clean for qpdf, and the last signature covers the file",
    async () => {
      for (const document of of("pdf")) {
        const { verdicts, wholeFile } = await referees.pdfsig(content(document));
        expect(verdicts).toEqual(Array(3).fill("Signature is Valid."));
        expect(wholeFile).toEqual([false, false, true]);
        expect(await referees.qpdf(content(document))).toBe("");
      }
    },
  );

  it.skipIf(!present)("every CMS in a PDF is a CAdES signature for openssl, to the root", async () => {
    let judged = 0;
    for (const document of of("pdf")) {
      for (const { cms, signed } of signaturesOfPdf(content(document))) {
        expect(await referees.opensslCms(cms, signed)).toBe("");
        judged++;
      }
    }
    expect(judged).toBe(3 * PUPILS);
  });

  it.skipIf(!present)("every time-stamp token is good for openssl ts, to the root", async () => {
    const stamps = documents.flatMap((document) =>
      document.format === "pdf" ? stampsOfPdf(content(document)) : stampsOfXml(content(document)),
    );
    expect(stamps.length).toBe(PUPILS * (3 + site.sample.pupils[0]!.results.length + 3));
    for (const { token, data } of stamps) expect(await referees.opensslTs(token, data)).toBe("");
    console.log(`class.test.ts: openssl ts accepts ${stamps.length} of ${stamps.length} tokens`);
  });

  it.skipIf(!present)("every XML signature is valid for xmlsec1, to the root", async () => {
    let judged = 0;
    for (const document of of("xml")) {
      const count = signaturesOfXml(content(document)).length;
      expect(await referees.xmlsec1(content(document), count)).toEqual(Array(count).fill(true));
      judged += count;
    }
    console.log(`class.test.ts: xmlsec1 accepts ${judged} of ${judged} signatures`);
  });

  it("every file passes `hocba verify --json` offline, with the root and revocation lists from files", async () => {
    const { status, reports } = await verifyFiles(
      documents.map((document) => ({ name: `${document.id}.${document.format}`, bytes: content(document) })),
    );
    expect(reports.map((report) => report.indication)).toEqual(documents.map(() => "TOTAL-PASSED"));
    expect(status).toBe(0);
  });

  it("an octet changed in a covered part of the PDF is refused by pdfsig, openssl and us", async () => {
    const pdf = content(of("pdf")[0]!);
    // In the first revision: all three signatures cover it.
    const changed = flip(pdf, Buffer.from(pdf).indexOf("stream") + 40);
    if (present) {
      const { verdicts } = await referees.pdfsig(changed);
      expect(verdicts.length).toBe(3);
      expect(verdicts).not.toContain("Signature is Valid.");
      for (const { cms, signed } of signaturesOfPdf(changed))
        expect(await referees.opensslCms(cms, signed)).not.toBe("");
    }
    await expectRefused("covered.pdf", changed);
  });

  it("an octet changed in a CMS is refused by pdfsig, openssl and us", async () => {
    const pdf = content(of("pdf")[0]!);
    const [first] = signaturesOfPdf(pdf);
    // The signature value of the last signature: its own CMS is covered by nobody else.
    const last = signaturesOfPdf(pdf).at(-1)!;
    const value = parseSignedData(last.cms).signerInfos[0]!.signature;
    const changed = flipHex(pdf, Buffer.from(value).toString("hex"));
    if (present) {
      expect((await referees.pdfsig(changed)).verdicts.at(-1)).not.toBe("Signature is Valid.");
      const broken = signaturesOfPdf(changed);
      expect(await referees.opensslCms(broken.at(-1)!.cms, broken.at(-1)!.signed)).not.toBe("");
      expect(await referees.opensslCms(first!.cms, first!.signed), "the others stay good").toBe("");
    }
    await expectRefused("cms.pdf", changed);
  });

  it("an octet changed in a time-stamp token is refused by openssl ts and by us", async () => {
    const pdf = content(of("pdf")[0]!);
    const stamp = stampsOfPdf(pdf).at(-1)!;
    // The last octets of a token are its signature value.
    const tail = Buffer.from(stamp.token.subarray(-20)).toString("hex");
    const changedPdf = flipHex(pdf, tail);
    if (present) {
      const broken = stampsOfPdf(changedPdf).at(-1)!;
      expect(await referees.opensslTs(broken.token, broken.data)).not.toBe("");
      expect(await referees.opensslTs(stamp.token, flip(stamp.data, 0)), "over something else").not.toBe("");
    }
    await expectStampRefused("token.pdf", changedPdf);

    const xml = content(of("xml")[0]!);
    const seal = stampsOfXml(xml).at(-1)!;
    const base64 = Buffer.from(seal.token).toString("base64");
    const at = Buffer.from(xml).indexOf(base64.slice(-60)) + 20;
    const changedXml = replaceAt(xml, at, xml[at] === 0x41 ? 0x42 : 0x41);
    if (present) {
      const broken = stampsOfXml(changedXml).at(-1)!;
      expect(await referees.opensslTs(broken.token, broken.data)).not.toBe("");
    }
    await expectStampRefused("token.xml", changedXml);
  });

  it("a changed mark in the XML is refused by xmlsec1 for everyone who signed it, and by us", async () => {
    const xml = content(of("xml")[0]!);
    const count = signaturesOfXml(xml).length;
    const subjects = count - 3;
    const at = Buffer.from(xml).indexOf("<CA_NAM>") + "<CA_NAM>".length;
    const changed = replaceAt(xml, at, xml[at] === 0x39 ? 0x38 : 0x39);
    if (present) {
      const verdicts = await referees.xmlsec1(changed, count);
      // The first subject's teacher, and the three who sign the whole; the other teachers signed other marks.
      expect(verdicts).toEqual(Array.from({ length: count }, (_, i) => i > 0 && i < subjects));
    }
    const report = await expectRefused("mark.xml", changed);
    expect(report.signatures.filter((signature) => signature.integrity === "broken").length).toBe(4);
  });

  it("a signature value changed in the XML is refused by xmlsec1 and by us", async () => {
    const xml = content(of("xml")[0]!);
    const count = signaturesOfXml(xml).length;
    const at = Buffer.from(xml).lastIndexOf("</ds:SignatureValue>") - 40;
    const changed = replaceAt(xml, at, xml[at] === 0x41 ? 0x42 : 0x41);
    if (present) {
      expect(await referees.xmlsec1(changed, count)).toEqual(Array.from({ length: count }, (_, i) => i < count - 1));
    }
    await expectRefused("value.xml", changed);
  });

  it.skipIf(!hasPyHanko)("every signature in a PDF is intact and valid for pyHanko", async () => {
    const script = `
import sys
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from asn1crypto import x509
root = x509.Certificate.load(open(sys.argv[1], 'rb').read())
context = ValidationContext(trust_roots=[root], allow_fetching=False, revocation_mode='soft-fail')
for signature in PdfFileReader(open(sys.argv[2], 'rb')).embedded_signatures:
    status = validate_pdf_signature(signature, context)
    print(status.intact, status.valid, status.trusted)
`;
    for (const document of of("pdf")) {
      const path = join(site.root, "pyhanko.pdf");
      writeFileSync(path, content(document));
      const { stdout, stderr } = await run("python3", ["-c", script, join(site.root, "anchor.crt"), path]);
      expect(stdout.trim().split("\n"), stderr).toEqual(Array(3).fill("True True True"));
    }
  });

  /** By the command line, in its own process, with nothing but files. */
  async function verifyFiles(files: readonly { name: string; bytes: Uint8Array }[]) {
    const folder = join(site.root, "verify");
    mkdirSync(folder, { recursive: true });
    for (const authority of ["root", "issuing"] as const) {
      writeFileSync(join(folder, `${authority}.crl`), await site.demo.pki.crl(authority));
    }
    const paths = files.map(({ name, bytes }) => {
      writeFileSync(join(folder, name), bytes);
      return join(folder, name);
    });
    const { status, stdout, stderr } = await run(
      process.execPath,
      [
        [MAIN, "verify", "--json", "--offline", "--trust", join(site.root, "anchor.crt")],
        ["root", "issuing"].flatMap((authority) => ["--crls", join(folder, `${authority}.crl`)]),
        paths,
      ].flat(),
    );
    expect(stderr).toBe("");
    type Report = Awaited<ReturnType<DemoSite["judge"]>>;
    const reports = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Report);
    return { status, reports };
  }

  /** Our command line says TOTAL-FAILED and exits 1; the public endpoint says the same. */
  async function expectRefused(name: string, bytes: Uint8Array) {
    const { status, reports } = await verifyFiles([{ name, bytes }]);
    expect(`${reports[0]!.indication} exit ${status}`).toBe("TOTAL-FAILED exit 1");
    expect((await site.verdict(bytes)).indication).toBe("TOTAL-FAILED");
    return reports[0]!;
  }

  /** The stamp is told as broken; the profile demands it, so the document fails. */
  async function expectStampRefused(name: string, bytes: Uint8Array): Promise<void> {
    const report = await expectRefused(name, bytes);
    const stamps = report.signatures.flatMap((signature) => signature.timestamps);
    expect(stamps.filter((stamp) => stamp.integrity === "broken").length).toBe(1);
    expect(report.findings.map((finding) => finding.code)).toContain("HOCBA_STEP_STAMP_BROKEN");
  }
});

function signaturesOfPdf(pdf: Uint8Array): { cms: Uint8Array; signed: Uint8Array }[] {
  const document = openPdf(pdf);
  return signatureFields(document).map((signature) => ({
    cms: signature.contents,
    signed: Buffer.concat(signedRanges(document, signature)!),
  }));
}

function stampsOfPdf(pdf: Uint8Array): Stamped[] {
  return signaturesOfPdf(pdf).map(({ cms }) => {
    const info = parseSignedData(cms).signerInfos[0]!;
    return { token: info.unsignedAttributes!.single(CmsOid.signatureTimestamp)!.raw, data: info.signature };
  });
}

function signaturesOfXml(xml: Uint8Array): XmlSignature[] {
  const document = parseXml(xml);
  return findXmlSignatures(document).map((element) => readXmlSignature(document, element, { crypto: nodeCrypto }));
}

function stampsOfXml(xml: Uint8Array): Stamped[] {
  return signaturesOfXml(xml).flatMap((signature) =>
    readXadesProperties(signature)!.signatureTimestamps.map((stamp) => ({
      token: stamp.tokens[0]!,
      data: stamp.inputs()[0]!,
    })),
  );
}

const flip = (bytes: Uint8Array, at: number): Uint8Array => replaceAt(bytes, at, bytes[at]! ^ 1);

function replaceAt(bytes: Uint8Array, at: number, octet: number): Uint8Array {
  const changed = Uint8Array.from(bytes);
  changed[at] = octet;
  return changed;
}

/** Changes one hexadecimal digit in the only place where `hex` stands. */
function flipHex(bytes: Uint8Array, hex: string): Uint8Array {
  const text = Buffer.from(bytes).toString("latin1").toLowerCase();
  const at = text.lastIndexOf(hex.toLowerCase());
  expect(at).toBeGreaterThan(0);
  const place = at + Math.min(20, hex.length - 2);
  return replaceAt(bytes, place, bytes[place] === 0x30 ? 0x31 : 0x30);
}
