import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PDFDocument } from "pdf-lib";
import { describe, expect, it } from "vitest";
import { cades, levelSite, pades, xades, YEAR } from "./level-site.ts";

/** Folder with the jars of EU DSS (dss/pom.xml says how to get them). */
const jars = process.env.HOCBA_DSS;
if (!jars) console.log("EU DSS: HOCBA_DSS names no folder of its jars, its verdicts are left out");
const program = fileURLToPath(new URL("dss/DssVerdicts.java", import.meta.url));

interface Stamp {
  readonly type: string;
  readonly indication: string;
  readonly imprintIntact: boolean;
  readonly signatureIntact: boolean;
}
interface Verdict {
  readonly error?: string;
  readonly signatures: {
    level: string;
    indication: string;
    subIndication: string;
    intact: boolean;
    errors: string[];
    timestamps: Stamp[];
  }[];
}
interface Request {
  readonly document: Uint8Array;
  readonly content?: Uint8Array;
  readonly at?: number;
}

describe.skipIf(!jars)("EU DSS, knowing the root alone and without a network,", { timeout: 240_000 }, () => {
  const site = levelSite();
  const { dir, signed, extend, write } = site;

  function verdicts(...requests: readonly Request[]): Verdict[] {
    const lines = requests.map(({ document, content, at }, i) => {
      const file = (name: string, bytes: Uint8Array | undefined) => {
        if (!bytes) return "-";
        write(`${i}.${name}`, bytes);
        return join(dir, `${i}.${name}`);
      };
      return [file("document", document), file("content", content), "-", at ?? "-"].join("\t");
    });
    const { stdout, stderr } = spawnSync("java", ["-Xmx1g", "-cp", join(jars!, "*"), program, join(dir, "root.der")], {
      input: `${lines.join("\n")}\n`,
      encoding: "utf8",
    });
    const found = stdout.split("\n").filter((line) => line.startsWith("{"));
    expect(found.length, stderr).toBe(requests.length);
    return found.map((line) => JSON.parse(line) as Verdict);
  }
  /** Octets as signed and stamped: a word a signature, as "PAdES-BASELINE-T 1". */
  const intact = (verdict: Verdict) =>
    verdict.signatures.map((s) => {
      const whole = s.intact && s.timestamps.every((t) => t.imprintIntact && t.signatureIntact);
      return `${s.level} ${s.timestamps.length}${whole ? "" : " BROKEN"}`;
    });
  const indications = (verdict: Verdict) => verdict.signatures.map((s) => s.indication);
  const flipped = (bytes: Uint8Array, at: number) => bytes.with(at, bytes[at]! ^ 1);

  it.each([0, 1])("finds every level of CAdES, archive time stamps and their renewal, signer %i", async (signer) => {
    const content = new TextEncoder().encode("gói tin: 40 học bạ");
    const spec = { signingTime: new Date(site.now), mimeType: "application/zip" };
    const b = await signed(cades, content, spec, { signer, bare: true });
    const t = await signed(cades, content, spec, { signer });
    const lt = (await extend(t, "LT", content)).document;
    const lta = (await extend(t, "LTA", content)).document;
    const at = site.now + 60_000;
    site.now += 4 * YEAR;
    const renewed = (await extend(lta, "LTA", content)).document;
    const other = flipped(content, 3);
    const found = verdicts(
      { document: b, content, at },
      { document: t, content, at },
      { document: lt, content, at },
      { document: lta, content, at },
      { document: renewed, content, at: site.now + 60_000 },
      { document: lta, content: other, at },
    );
    expect(found.map(intact)).toEqual([
      ["CAdES-BASELINE-B 0"],
      ["CAdES-BASELINE-T 1"],
      ["CAdES-BASELINE-LT 1"],
      ["CAdES-BASELINE-LTA 2"],
      ["CAdES-BASELINE-LTA 3"],
      ["CAdES-BASELINE-LTA 2 BROKEN"],
    ]);
    expect(found.slice(2).map(indications)).toEqual([
      ["TOTAL_PASSED"],
      ["TOTAL_PASSED"],
      ["TOTAL_PASSED"],
      ["TOTAL_FAILED"],
    ]);
  });

  it("finds every level of PAdES, of two signers", async () => {
    const pdf = await PDFDocument.create();
    pdf.addPage([300, 300]).drawText("hoc ba");
    const plain = await pdf.save({ useObjectStreams: false });
    const both = async (bare: boolean) => {
      let document: Uint8Array = plain;
      for (const [signer, fieldName] of ["S1", "S2"].entries()) {
        document = await signed(pades, document, { fieldName, signingTime: new Date(site.now) }, { signer, bare });
      }
      return document;
    };
    const [b, t] = [await both(true), await both(false)];
    const lt = (await extend(t, "LT")).document;
    const lta = (await extend(t, "LTA")).document;
    const at = site.now + 60_000;
    const found = verdicts(
      { document: b, at },
      { document: t, at },
      { document: lt, at },
      { document: lta, at },
      { document: flipped(lta, 300), at },
    );
    const two = (text: string) => [text, text];
    expect(found.slice(0, 4).map(intact)).toEqual([
      two("PAdES-BASELINE-B 0"),
      two("PAdES-BASELINE-T 1"),
      two("PAdES-BASELINE-LT 1"),
      two("PAdES-BASELINE-LTA 2"),
    ]);
    expect(found.slice(2, 4).map(indications)).toEqual([two("TOTAL_PASSED"), two("TOTAL_PASSED")]);
    expect(indications(found[4]!)).toEqual(two("TOTAL_FAILED"));
  });

  it("finds every level of XAdES", async () => {
    const source = new TextEncoder().encode('<r><d Id="d">điểm</d><k/></r>');
    const spec = { reference: "#d", holder: "k", signatureId: "s", signingTime: new Date(site.now) };
    const b = await signed(xades, source, spec, { bare: true });
    const t = await signed(xades, source, spec);
    const lt = (await extend(t, "LT")).document;
    const lta = (await extend(t, "LTA")).document;
    const at = site.now + 60_000;
    const changed = new TextEncoder().encode(new TextDecoder().decode(lta).replace("điểm", "điếm"));
    const found = verdicts(...[b, t, lt, lta, changed].map((document) => ({ document, at })));
    expect(found.slice(0, 4).map(intact)).toEqual([
      ["XAdES-BASELINE-B 0"],
      ["XAdES-BASELINE-T 1"],
      ["XAdES-BASELINE-LT 1"],
      ["XAdES-BASELINE-LTA 2"],
    ]);
    expect(found.slice(2).map(indications)).toEqual([["TOTAL_PASSED"], ["TOTAL_PASSED"], ["TOTAL_FAILED"]]);
  });
});
