import { encodeBase64 } from "@hocba/signatures/xml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  appended,
  encode,
  errorsOf,
  signatureIn,
  type TranscriptScene,
  transcriptScene,
  unsignedTranscript,
} from "./transcript-scene.ts";

/*
 * The unsigned properties of XAdES can be written by anybody, afterwards. The attacker adds, exchanges and reorders them: a stamp that makes a
 * signature older, evidence that makes a certificate good, a level that sounds better.
 */
let scene: TranscriptScene;
let signed: string;
beforeAll(async () => {
  scene = await transcriptScene();
  signed = await scene.signAll(unsignedTranscript());
}, 60_000);
afterAll(() => scene.close());

const END = "</xades:UnsignedSignatureProperties>";
/** The transcript with a property added to the seal's signature, before or after those that are there. */
function withProperty(property: string, first = false): string {
  const seal = signatureIn(signed, "seal");
  const start = "<xades:UnsignedSignatureProperties>";
  const changed = first ? seal.replace(start, start + property) : seal.replace(END, property + END);
  expect(changed).not.toBe(seal);
  return signed.replace(seal, changed);
}
const seal = (text: string) => scene.verify(text).signatures.at(-1)!;
const C14N = '<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>';
const stampElement = (name: string, token: Uint8Array, namespace = "xades") => {
  const declared = namespace === "xades141" ? ' xmlns:xades141="http://uri.etsi.org/01903/v1.4.1#"' : "";
  return `<${namespace}:${name}${declared}>${C14N}<xades:EncapsulatedTimeStamp>${encodeBase64(token)}</xades:EncapsulatedTimeStamp></${namespace}:${name}>`;
};

describe("stamps that anybody added", () => {
  it("over something else make no level and no time, under whichever name and namespace", async () => {
    const stranger = await scene.stamp(encode("một tài liệu khác"));
    const honest = seal(signed);
    expect(honest).toMatchObject({ level: "T" });
    for (const [name, namespace] of [
      ["ArchiveTimeStamp", "xades141"],
      ["ArchiveTimeStamp", "xades"],
      ["SignatureTimeStamp", "xades"],
      ["SigAndRefsTimeStampV2", "xades141"],
      ["RefsOnlyTimeStamp", "xades"],
    ] as const)
      for (const first of [true, false]) {
        const report = seal(withProperty(stampElement(name, stranger, namespace), first));
        expect(report.bestSignatureTime).toBe(honest.bestSignatureTime);
        expect(report.level).not.toBe("LTA");
        expect(report.findings.map((f) => f.code)).toContain("TIMESTAMP_IMPRINT");
      }
  });

  // A later stamp of the same signature is honest, and never makes it older or younger.
  it("over the same signature change nothing but add", async () => {
    const value = /<ds:SignatureValue [^>]*>[^<]*<\/ds:SignatureValue>/.exec(signatureIn(signed, "seal"))![0];
    const canonical = value.replace(
      "<ds:SignatureValue ",
      '<ds:SignatureValue xmlns:ds="http://www.w3.org/2000/09/xmldsig#" ',
    );
    const late = await scene.pki.startTsa({ clock: () => new Date(Date.now() + 120_000) });
    const report = seal(
      withProperty(stampElement("SignatureTimeStamp", await scene.stamp(encode(canonical), late.url))),
    );
    expect(report).toMatchObject({ indication: "TOTAL-PASSED", bestSignatureTime: seal(signed).bestSignatureTime });
    expect(report.timestamps.map((t) => t.imprintMatches)).toEqual([true, true]);
    await late.close();
  });

  it("by hundreds cost no more than some", async () => {
    const stranger = await scene.stamp(encode("một tài liệu khác"));
    const start = process.cpuUsage();
    seal(withProperty(stampElement("SignatureTimeStamp", stranger).repeat(400)));
    const spent = process.cpuUsage(start);
    expect((spent.user + spent.system) / 1000).toBeLessThan(2000);
  });
});

describe("evidence that anybody added", () => {
  const values = (what: string) => `<xades:RevocationValues>${what}</xades:RevocationValues>`;
  it("by a stranger's CA, or none, changes no verdict; a genuine list that says revoked counts wherever it stands", async () => {
    const { startDevPki } = await import("@hocba/certs/dev-pki");
    const evil = await startDevPki({ keyBits: 2048 });
    const crl = (der: Uint8Array) =>
      values(
        `<xades:CRLValues><xades:EncapsulatedCRLValue>${encodeBase64(der)}</xades:EncapsulatedCRLValue></xades:CRLValues>`,
      );
    const offline = { crls: [] };
    try {
      expect(scene.verify(withProperty(crl(await evil.crl("issuing"))), offline)).toMatchObject({
        indication: "INDETERMINATE",
        subIndication: "TRY_LATER",
      });
      expect(scene.verify(withProperty(crl(encode("rác"))), offline).indication).toBe("INDETERMINATE");
      // Namesakes of the CAs, with the attacker's keys, in CertificateValues.
      const certificates = `<xades:CertificateValues>${[evil.root, evil.issuing].map((a) => `<xades:EncapsulatedX509Certificate>${encodeBase64(a.certificate)}</xades:EncapsulatedX509Certificate>`).join("")}</xades:CertificateValues>`;
      expect(scene.verify(withProperty(certificates + crl(await evil.crl("issuing"))), offline).indication).toBe(
        "INDETERMINATE",
      );
      expect(scene.verify(withProperty(certificates)).indication).toBe("TOTAL-PASSED");
    } finally {
      await evil.close();
    }
    const own = await scene.signAll(unsignedTranscript(), { stamps: false });
    scene.pki.revoke(scene.leaves.get("principal")!.serial, "keyCompromise", new Date(Date.now() - 3600_000));
    const revoked = crl(await scene.pki.crl("issuing"));
    const target = signatureIn(own, "seal");
    const carrying = own.replace(
      target,
      target.replace(
        "</xades:QualifyingProperties>",
        `<xades:UnsignedProperties><xades:UnsignedSignatureProperties>${revoked}</xades:UnsignedSignatureProperties></xades:UnsignedProperties></xades:QualifyingProperties>`,
      ),
    );
    expect(carrying).not.toBe(own);
    expect(scene.verify(own).indication).toBe("TOTAL-PASSED");
    expect(scene.verify(carrying)).toMatchObject({ indication: "INDETERMINATE", subIndication: "REVOKED_NO_POE" });
  });
});

describe("counter-signatures", () => {
  // Whoever holds any trusted certificate can put a counter-signature under the seal. It names no role and no content.
  it("take no role, and a false one is told", () => {
    const copy = signatureIn(signed, "principal").replaceAll("sig-principal", "sig-counter");
    const report = scene.verify(withProperty(`<xades:CounterSignature>${copy}</xades:CounterSignature>`));
    const roles = report.signatures.map((s) => s.role).filter((role) => role === "principal");
    expect(roles).toHaveLength(1);
    // Under a name alone it is a stray signature, and its holder is unsigned content.
    const stray = scene.verify(appended(signed, "PHAT_HANH_HOC_BA", `<CounterSignature>${copy}</CounterSignature>`));
    expect(errorsOf(stray)).toContain("HOCBA_WRONG_PLACE");
    expect(errorsOf(stray)).toContain("HOCBA_UNSIGNED_CONTENT");
  });
});
