import { signedParts } from "@hocba/gateway/extension";
import { parseSignedData } from "@hocba/signatures/cms";
import { describe, expect, it } from "vitest";
import { cades, levelSite, levels, pythonHas, signedAt, YEAR } from "./level-site.ts";

const hasPyHanko = pythonHas("pyhanko.sign.validation", "CAdES levels");
const site = levelSite();
const { started, signed, extend, judged, run, write, script } = site;

describe("CAdES of packages", { timeout: 120_000 }, () => {
  const content = new TextEncoder().encode("gói tin: 40 học bạ");
  const spec = () => ({ signingTime: new Date(site.now), mimeType: "application/zip" });

  const openssl = (cms: Uint8Array): string => {
    write("a.p7s", cms);
    write("a.zip", content);
    const trust = ["-CAfile", "ca.pem", "-purpose", "any", "-out", "/dev/null"];
    return run("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "a.p7s", "-content", "a.zip", ...trust);
  };

  /** With the root alone: everybody else's certificates and revocation lists must be in the file. */
  const opensslAlone = (cms: Uint8Array): string => {
    write("a.p7s", cms);
    write("a.zip", content);
    const trust = ["-CAfile", "root.pem", "-crl_check_all", "-purpose", "any", "-cades", "-out", "/dev/null"];
    return run("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "a.p7s", "-content", "a.zip", ...trust);
  };
  /** The signature time stamp: a token over the octets of the signature value. */
  const opensslStamp = (cms: Uint8Array, of = cms): string => {
    const { signature } = parseSignedData(of).signerInfos[0]!;
    write("a.tst", signedParts(cms, "cms").signatures[0]!.stamps[0]!.token.raw);
    write("a.sig", signature);
    return run("openssl", "ts", "-verify", "-token_in", "-in", "a.tst", "-data", "a.sig", "-CAfile", "ca.pem");
  };

  const pyHanko = (cms: Uint8Array): string => {
    write("a.p7s", cms);
    write("a.zip", content);
    const time = new Date(site.now).toISOString().replace("Z", "+00:00");
    return script("pyhanko-cades.py", "a.p7s", "a.zip", "root.der", time);
  };

  it.each([0, 1])("from B to LTA, signer %i", async (signer) => {
    const b = await signed(cades, content, spec(), { signer, bare: true });
    expect(openssl(b)).toMatch(/successful/);
    expect(judged(b, site.now, content).signatures[0]).toMatchObject({
      format: "CAdES",
      level: "B",
      integrity: "intact",
    });
    const t = await signed(cades, content, spec(), { signer });
    expect(judged(t, site.now, content).signatures[0]).toMatchObject({ level: "T" });
    expect(openssl(t)).toMatch(/successful/);
    expect(opensslStamp(t)).toMatch(/Verification: OK/);
    const other = await signed(cades, content.slice(1), spec(), { signer, bare: true });
    expect(opensslStamp(t, other)).toMatch(/message imprint mismatch/);
    // The referee can say no: the file holds no list yet.
    expect(opensslAlone(t)).toMatch(/unable to get certificate CRL/);
    const lt = await extend(b, "LT", content);
    expect(opensslAlone(lt.document)).toMatch(/CAdES Verification successful/);
    expect(opensslStamp(lt.document)).toMatch(/Verification: OK/);
    expect(levels(lt.report)).toEqual(["1 LT TOTAL-PASSED"]);
    expect(openssl(lt.document)).toMatch(/successful/);
    const lta = await extend(t, "LTA", content);
    expect(levels(lta.report)).toEqual(["1 LTA TOTAL-PASSED"]);
    expect(opensslAlone(lta.document)).toMatch(/CAdES Verification successful/);
    expect(opensslStamp(lta.document)).toMatch(/Verification: OK/);
    const stampedAt = new Date(started).toISOString().replace(".000Z", "+00:00");
    if (hasPyHanko) {
      expect(pyHanko(lt.document)).toBe(`OK ${stampedAt}\n`);
      expect(pyHanko(lta.document)).toBe(`OK ${stampedAt}\n`);
      expect(pyHanko(t)).toMatch(/^INTACT:UNTRUSTED/);
    }

    site.now = started + 4 * YEAR;
    const renewed = await extend(lta.document, "LTA", content);
    expect(levels(renewed.report)).toEqual(["1 LTA TOTAL-PASSED"]);
    expect(signedAt(renewed.report)).toEqual([new Date(started).toISOString()]);
    expect(renewed.report.signatures[0]!.timestamps.map((s) => s.imprintMatches)).toEqual([true, true, true]);
  });

  it("holds its content to the archive time stamp", async () => {
    const { document } = await extend(await signed(cades, content, spec()), "LTA", content);
    const other = new TextEncoder().encode("gói tin: 41 học bạ");
    const report = judged(document, site.now, other);
    expect(report.indication).toBe("TOTAL-FAILED");
    expect(report.signatures[0]!.timestamps.map((s) => s.imprintMatches)).toEqual([true, false]);
  });

  it("attached, needs no content beside it", async () => {
    const attached = await signed(cades, content, { ...spec(), attached: true });
    expect(levels((await extend(attached, "LTA")).report)).toEqual(["1 LTA TOTAL-PASSED"]);
  });
});
