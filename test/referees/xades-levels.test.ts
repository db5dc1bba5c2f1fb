import { join } from "node:path";
import { signedParts } from "@hocba/gateway/extension";
import { beforeAll, describe, expect, it } from "vitest";
import { hasJdk, jdkVerdicts } from "./jdk-xml-signatures.ts";
import { levelSite, levels, pythonHas, signedAt, xades, YEAR } from "./level-site.ts";

const hasLxml = pythonHas("lxml.etree", "XAdES levels");
const site = levelSite();
const { dir, started, signed, extend, run, write, script } = site;

describe("XAdES", { timeout: 120_000 }, () => {
  // A teacher's signature lies inside what principal and seal sign.
  const source = new TextEncoder().encode('<r><o Id="o"><d Id="d">điểm</d><h/></o><k/><l/></r>');
  const places = [
    ["#d", "o/h"],
    ["#o", "k"],
    ["#o", "l"],
  ] as const;
  let document: Uint8Array;
  beforeAll(async () => {
    document = source;
    for (const [i, [reference, holder]] of places.entries()) {
      const spec = { reference, holder, signatureId: `s${i}`, signingTime: new Date(site.now) };
      document = await signed(xades, document, spec, { signer: i % 2 });
    }
  });

  function expectGoodByXmlsec(bytes: Uint8Array): void {
    write("a.xml", bytes);
    const ids = [
      "d",
      "o",
      "http://uri.etsi.org/01903/v1.3.2#:SignedProperties",
      "http://www.w3.org/2000/09/xmldsig#:Signature",
    ];
    for (const id of ["s0", "s1", "s2"]) {
      const attributes = ids.flatMap((name) => ["--id-attr:Id", name]);
      const trust = ["--trusted-pem", "ca.pem", "--enabled-key-data", "x509"];
      expect(run("xmlsec1", "--verify", ...attributes, ...trust, "--node-id", id, "a.xml")).toMatch(/exit 0$/);
    }
  }

  /** The JDK has a canonicaliser of its own. One run for all: it compiles its program each time. */
  function expectByJdk(...cases: readonly (readonly [document: Uint8Array, verdicts: readonly boolean[]])[]): void {
    if (!hasJdk) return;
    const files = cases.map(([bytes], i) => {
      write(`${i}.xml`, bytes);
      return join(dir, `${i}.xml`);
    });
    expect(jdkVerdicts(join(dir, "ca.pem"), ...files)).toEqual(cases.flatMap(([, verdicts]) => verdicts));
  }
  const [good, broken] = [
    [true, true, true],
    [false, false, false],
  ];

  /** Another canonicaliser, and the clause read a second time. */
  function expectImprintByLxml(bytes: Uint8Array): void {
    write("a.xml", bytes);
    for (const { id, stamps } of signedParts(bytes, "xml").signatures.slice(1)) {
      expect(script("lxml-archive-input.py", "a.xml", id).trim()).toBe(
        Buffer.from(stamps.at(-1)!.token.imprint.digest).toString("hex"),
      );
    }
  }

  it("B and T hold for the readers, and a changed octet for none of them", async () => {
    let bare: Uint8Array = source;
    for (const [i, [reference, holder]] of places.entries()) {
      const spec = { reference, holder, signatureId: `s${i}`, signingTime: new Date(site.now) };
      bare = await signed(xades, bare, spec, { signer: i % 2, bare: true });
    }
    for (const bytes of [bare, document]) expectGoodByXmlsec(bytes);
    const changed = new TextEncoder().encode(new TextDecoder().decode(document).replace("điểm", "điếm"));
    expect(() => expectGoodByXmlsec(changed)).toThrow();
    expectByJdk([bare, good], [document, good], [changed, broken]);
  });

  it("LT and LTA raise the last signatures, and what they cover is left alone and yet preserved", async () => {
    const lt = await extend(document, "LT");
    expect(lt.raised).toEqual(["s1", "s2"]);
    expect(levels(lt.report)).toEqual(["s0 LT TOTAL-PASSED", "s1 LT TOTAL-PASSED", "s2 LT TOTAL-PASSED"]);
    expectGoodByXmlsec(lt.document);
    const lta = await extend(document, "LTA");
    expect(levels(lta.report)).toEqual(["s0 LT TOTAL-PASSED", "s1 LTA TOTAL-PASSED", "s2 LTA TOTAL-PASSED"]);
    expect(signedAt(lta.report)).toEqual(places.map(() => new Date(started).toISOString()));
    expectGoodByXmlsec(lta.document);
    expectByJdk([lt.document, good], [lta.document, good]);

    site.now = started + 4 * YEAR;
    const renewed = await extend(lta.document, "LTA");
    expect(levels(renewed.report)).toEqual(["s0 LT TOTAL-PASSED", "s1 LTA TOTAL-PASSED", "s2 LTA TOTAL-PASSED"]);
    expect(signedAt(renewed.report)).toEqual(places.map(() => new Date(started).toISOString()));
    const stamps = signedParts(renewed.document, "xml").signatures.map((s) => s.stamps.length);
    expect(stamps).toEqual([1, 3, 3]);
    if (hasLxml) {
      for (const bytes of [lta.document, renewed.document]) expectImprintByLxml(bytes);
    }
  });

  it("a bare last signature is stamped first", async () => {
    const spec = { reference: "#d", holder: "k", signatureId: "s", signingTime: new Date(site.now) };
    const bare = await signed(xades, source, spec, { bare: true });
    const { report, stampedAt } = await extend(bare, "LTA");
    expect(levels(report)).toEqual(["s LTA TOTAL-PASSED"]);
    expect(stampedAt).toHaveLength(2);
  });
});
