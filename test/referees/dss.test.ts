import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PDFDocument } from "pdf-lib";
import { describe, expect, it } from "vitest";
import { cades, levelSite, pades, xades, YEAR } from "./level-site.ts";

/** Folder with the jars of EU DSS (dss/pom.xml says how to get them). */
const jars = process.env.HOCBA_DSS;
if (!jars) console.log("EU DSS: HOCBA_DSS names no folder of its jars, its verdicts are left out");
else if (!readdirSync(jars).some((name) => /^dss-validation-.*\.jar$/.test(name))) {
  throw new Error(`HOCBA_DSS: no dss-validation jar in ${jars}; dss/pom.xml says how to get the jars of EU DSS`);
}
const program = fileURLToPath(new URL("dss/DssVerdicts.java", import.meta.url));

interface Verdict {
  readonly error?: string;
  readonly signatures: readonly {
    readonly level: string;
    readonly indication: string;
    readonly subIndication: string;
    readonly intact: boolean;
    readonly errors: readonly string[];
    readonly timestamps: readonly {
      readonly type: string;
      readonly imprintIntact: boolean;
      readonly signatureIntact: boolean;
    }[];
  }[];
}
interface Request {
  readonly document: Uint8Array;
  readonly content?: Uint8Array;
  readonly at: number;
}

describe.skipIf(!jars)("EU DSS, knowing the root alone and without a network,", { timeout: 240_000 }, () => {
  const site = levelSite();
  const { dir, signed, extend, write } = site;

  function verdicts(...requests: readonly Request[]): Verdict[] {
    const file = (name: string, bytes: Uint8Array) => {
      write(name, bytes);
      return join(dir, name);
    };
    const asked = requests.map(({ document, content, at }, i) =>
      [file(`${i}.document`, document), at, ...(content ? [file(`${i}.content`, content)] : [])].join("\t"),
    );
    const { stdout, stderr, error } = spawnSync(
      "java",
      ["-Xmx1g", "-cp", join(jars!, "*"), program, join(dir, "root.der")],
      { input: `${asked.join("\n")}\n`, encoding: "utf8" },
    );
    if (error) throw error;
    const answers = stdout.split("\n").filter((line) => line.startsWith("{"));
    expect(answers.length, stderr).toBe(requests.length);
    return answers.map((line) => {
      const verdict = JSON.parse(line) as Verdict;
      if (verdict.error) throw new Error(verdict.error);
      return verdict;
    });
  }
  /** A line a signature: level, indication, then its time stamps; BROKEN is what does not fit the octets it was made over. */
  const lines = (verdict: Verdict) =>
    verdict.signatures.map((s) => {
      const stamps = s.timestamps.map((t) => (t.imprintIntact && t.signatureIntact ? t.type : `${t.type} BROKEN`));
      const indication = s.subIndication === "null" ? s.indication : `${s.indication} ${s.subIndication}`;
      return [s.intact ? s.level : `${s.level} BROKEN`, indication, ...stamps].join(", ");
    });
  /** Nothing was fetched, and a document at B or T brings no revocation data. */
  const UNDECIDED = "INDETERMINATE CERTIFICATE_CHAIN_GENERAL_FAILURE";
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
    const judged = verdicts(
      { document: b, content, at },
      { document: t, content, at },
      { document: lt, content, at },
      { document: lta, content, at },
      { document: renewed, content, at: site.now + 60_000 },
      { document: lta, content: other, at },
    );
    expect(judged.map(lines)).toEqual([
      [`CAdES-BASELINE-B, ${UNDECIDED}`],
      [`CAdES-BASELINE-T, ${UNDECIDED}, SIGNATURE_TIMESTAMP`],
      ["CAdES-BASELINE-LT, TOTAL_PASSED, SIGNATURE_TIMESTAMP"],
      ["CAdES-BASELINE-LTA, TOTAL_PASSED, SIGNATURE_TIMESTAMP, ARCHIVE_TIMESTAMP"],
      ["CAdES-BASELINE-LTA, TOTAL_PASSED, SIGNATURE_TIMESTAMP, ARCHIVE_TIMESTAMP, ARCHIVE_TIMESTAMP"],
      ["CAdES-BASELINE-LTA BROKEN, TOTAL_FAILED HASH_FAILURE, SIGNATURE_TIMESTAMP, ARCHIVE_TIMESTAMP BROKEN"],
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
    const judged = verdicts(
      { document: b, at },
      { document: t, at },
      { document: lt, at },
      { document: lta, at },
      { document: flipped(lta, 300), at },
    );
    const two = (text: string) => [text, text];
    expect(judged.map(lines)).toEqual([
      two(`PAdES-BASELINE-B, ${UNDECIDED}`),
      two(`PAdES-BASELINE-T, ${UNDECIDED}, SIGNATURE_TIMESTAMP`),
      two("PAdES-BASELINE-LT, TOTAL_PASSED, SIGNATURE_TIMESTAMP"),
      two("PAdES-BASELINE-LTA, TOTAL_PASSED, SIGNATURE_TIMESTAMP, DOCUMENT_TIMESTAMP"),
      two("PAdES-BASELINE-LTA BROKEN, TOTAL_FAILED HASH_FAILURE, SIGNATURE_TIMESTAMP, DOCUMENT_TIMESTAMP BROKEN"),
    ]);
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
    const judged = verdicts(...[b, t, lt, lta, changed].map((document) => ({ document, at })));
    expect(judged.map(lines)).toEqual([
      [`XAdES-BASELINE-B, ${UNDECIDED}`],
      [`XAdES-BASELINE-T, ${UNDECIDED}, SIGNATURE_TIMESTAMP`],
      ["XAdES-BASELINE-LT, TOTAL_PASSED, SIGNATURE_TIMESTAMP"],
      ["XAdES-BASELINE-LTA, TOTAL_PASSED, SIGNATURE_TIMESTAMP, ARCHIVE_TIMESTAMP"],
      ["XAdES-BASELINE-LTA BROKEN, TOTAL_FAILED HASH_FAILURE, SIGNATURE_TIMESTAMP, ARCHIVE_TIMESTAMP BROKEN"],
    ]);
  });
});
