import { certificatePem, pemText } from "@hocba/certs/x509";
import { openPdf, securityStore, signatureFields, signedRanges } from "@hocba/signatures/pdf";
import { PDFDocument } from "pdf-lib";
import { beforeAll, describe, expect, it } from "vitest";
import { levelSite, levels, pades, pythonHas, signedAt, YEAR } from "./level-site.ts";

const hasPyHanko = pythonHas("pyhanko.sign.validation.ades", "PAdES levels");
const site = levelSite();
const { started, signed, extend, judged, run, write, script } = site;
const codeOf = (code: string) => expect.objectContaining({ code });

describe("PAdES", { timeout: 120_000 }, () => {
  let document: Uint8Array;
  let lta: Uint8Array;
  beforeAll(async () => {
    const pdf = await PDFDocument.create();
    pdf.addPage([300, 300]).drawText("hoc ba");
    document = await pdf.save({ useObjectStreams: false });
    for (const [signer, fieldName] of ["S1", "S2"].entries()) {
      document = await signed(pades, document, { fieldName, signingTime: new Date(site.now) }, { signer });
    }
  });

  function expectGoodByReaders(bytes: Uint8Array): void {
    write("a.pdf", bytes);
    expect(run("qpdf", "--check", "a.pdf")).toMatch(/No syntax or stream encoding errors.*exit 0/s);
    expect(run("pdfsig", "-nocert", "a.pdf").match(/Signature is Valid/g)).toHaveLength(2);
  }
  const pyHanko = (bytes: Uint8Array, at: number): string => {
    write("a.pdf", bytes);
    return script("pyhanko-pades-lta.py", "a.pdf", "root.der", new Date(at).toISOString().replace("Z", "+00:00"));
  };
  /** openssl with the root alone: certificates and revocation lists of everybody else come from the security store. */
  function expectGoodByOpenssl(bytes: Uint8Array): void {
    const document = openPdf(bytes);
    const { certificates, crls } = securityStore(document.latest) ?? { certificates: [], crls: [] };
    const lists = crls.map((der) => pemText({ label: "X509 CRL", der })).join("");
    write("evidence.pem", Buffer.from(certificatePem(site.pki.root.certificate) + lists));
    write("others.pem", Buffer.from(certificatePem(site.pki.issuing.certificate, ...certificates)));
    for (const signature of signatureFields(document)) {
      write("a.der", signature.contents);
      write("a.bin", Buffer.concat(signedRanges(document, signature)!));
      if (signature.subFilter === "ETSI.RFC3161") {
        const stamp = ["-token_in", "-in", "a.der", "-data", "a.bin", "-CAfile", "ca.pem"];
        expect(run("openssl", "ts", "-verify", ...stamp)).toMatch(/Verification: OK/);
      } else {
        const trust = ["-CAfile", "evidence.pem", "-certfile", "others.pem", "-purpose", "any", "-out", "/dev/null"];
        const input = ["-binary", "-inform", "DER", "-in", "a.der", "-content", "a.bin"];
        const lists = crls.length > 0 ? ["-crl_check_all"] : [];
        expect(run("openssl", "cms", "-verify", "-cades", ...input, ...trust, ...lists)).toMatch(/successful/);
      }
    }
  }
  const bothPassed = "S1 OK\nS2 OK\n";

  it("B and T hold for the readers", async () => {
    const pdf = await PDFDocument.create();
    pdf.addPage([300, 300]);
    let bare: Uint8Array = await pdf.save({ useObjectStreams: false });
    for (const [signer, fieldName] of ["S1", "S2"].entries()) {
      bare = await signed(pades, bare, { fieldName, signingTime: new Date(site.now) }, { signer, bare: true });
    }
    const time = new Date(started).toISOString().replace(".000Z", "+00:00");
    for (const [bytes, stamp] of [
      [bare, ""],
      [document, ` ${time} True`],
    ] as const) {
      expectGoodByReaders(bytes);
      expectGoodByOpenssl(bytes);
      if (!hasPyHanko) continue;
      expect(script("pyhanko-pades-core.py", "a.pdf", "root.der", time)).toBe(`S1 OK${stamp}\nS2 OK${stamp}\n`);
    }
  });

  it("LT holds for who comes later without a network; nothing before it changes", async () => {
    const { document: lt, report, raised, stampedAt } = await extend(document, "LT");
    expect(raised).toEqual(["S1", "S2"]);
    expect(stampedAt).toEqual([]);
    expect(levels(report)).toEqual(["S1 LT TOTAL-PASSED", "S2 LT TOTAL-PASSED"]);
    expect(signedAt(report)).toEqual([new Date(started).toISOString(), new Date(started).toISOString()]);
    expect(Buffer.from(lt.subarray(0, document.length)).equals(document)).toBe(true);
    expect(judged(document, site.now).indication).toBe("INDETERMINATE");
    expectGoodByReaders(lt);
    expectGoodByOpenssl(lt);
    expect((await extend(lt, "LT")).changed).toBe(false);
    if (hasPyHanko) expect(pyHanko(lt, site.now)).toBe(bothPassed);
  });

  it("LTA adds a time stamp over the validation data", async () => {
    const extended = await extend(document, "LTA");
    lta = extended.document;
    expect(extended.stampedAt).toHaveLength(1);
    expect(levels(extended.report)).toEqual(["S1 LTA TOTAL-PASSED", "S2 LTA TOTAL-PASSED"]);
    expectGoodByReaders(lta);
    expectGoodByOpenssl(lta);
    if (hasPyHanko) {
      expect(pyHanko(lta, site.now)).toBe(bothPassed);
      // The referee can say no: nothing in the file speaks for its certificates.
      expect(pyHanko(document, site.now)).not.toContain("OK");
    }
  });

  it("LTA renewed after the signers' certificates ended still proves when they signed", async () => {
    site.now = started + 4 * YEAR;
    expect(judged(document, site.now).indication).toBe("INDETERMINATE");
    const renewed = await extend(lta, "LTA");
    expect(Buffer.from(renewed.document.subarray(0, lta.length)).equals(lta)).toBe(true);
    expect(levels(renewed.report)).toEqual(["S1 LTA TOTAL-PASSED", "S2 LTA TOTAL-PASSED"]);
    expect(signedAt(renewed.report)).toEqual([new Date(started).toISOString(), new Date(started).toISOString()]);
    expect(renewed.stampedAt).toEqual([site.now]);
    expectGoodByReaders(renewed.document);
    if (hasPyHanko) expect(pyHanko(renewed.document, site.now)).toBe(bothPassed);
  });

  it("a signature without a stamp gets one in its own place first, or by a document time stamp", async () => {
    const pdf = await PDFDocument.create();
    pdf.addPage([300, 300]);
    const plain = await pdf.save({ useObjectStreams: false });
    const bare = await signed(pades, plain, { fieldName: "S1", signingTime: new Date(site.now) }, { bare: true });
    const one = await extend(bare, "LT");
    expect(levels(one.report)).toEqual(["S1 LT TOTAL-PASSED"]);
    expect(one.report.signatures).toHaveLength(1);
    const two = await signed(
      pades,
      bare,
      { fieldName: "S2", signingTime: new Date(site.now) },
      { bare: true, signer: 1 },
    );
    const { report, document: extended } = await extend(two, "LT");
    expect(levels(report)).toEqual(["S1 LT TOTAL-PASSED", "S2 LT TOTAL-PASSED"]);
    expect(report.signatures.map((s) => s.format)).toEqual(["PAdES", "PAdES", "DocTimeStamp"]);
    expectGoodByReaders(extended);
  });

  it("certified against every change, it is extended all the same", async () => {
    const pdf = await PDFDocument.create();
    pdf.addPage([300, 300]);
    const spec = { fieldName: "S1", signingTime: new Date(site.now), certify: 1 } as const;
    const certified = await signed(pades, await pdf.save({ useObjectStreams: false }), spec);
    const extended = await extend(certified, "LTA");
    expect(levels(extended.report)).toEqual(["S1 LTA TOTAL-PASSED"]);
    expect(extended.report.signatures[0]!.laterChanges).toBe("permitted");
    if (hasPyHanko) expect(pyHanko(extended.document, site.now)).toBe("S1 OK\n");
  });

  it("validation data that was changed afterwards no longer proves anything", async () => {
    const { document: lt } = await extend(document, "LT");
    const changed = new Uint8Array(lt);
    const [crl] = securityStore(openPdf(lt).latest)!.crls;
    const end = Buffer.from(lt).indexOf(crl!) + crl!.length;
    changed[end - 9] = changed[end - 9]! ^ 1;
    expect(judged(lt, site.now).indication).toBe("TOTAL-PASSED");
    expect(judged(changed, site.now).indication).toBe("INDETERMINATE");
  });

  it("a document that was changed is not extended", async () => {
    const changed = new Uint8Array(document);
    changed[300] = changed[300]! ^ 1;
    await expect(extend(changed, "LT")).rejects.toThrow(codeOf("VERIFICATION_FAILED"));
  });
});
