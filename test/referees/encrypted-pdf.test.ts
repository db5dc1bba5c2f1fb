import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPdf, type PdfDocument, type PdfStream, pageAt, textOf } from "@hocba/signatures/pdf";
import { PDFDocument } from "pdf-lib";
import { afterAll, describe, expect, it } from "vitest";

/** What qpdf encrypts, we read as it was. */
const dir = mkdtempSync(join(tmpdir(), "encrypted-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function qpdf(bytes: Uint8Array, ...options: string[]): Uint8Array {
  const [from, to] = [join(dir, "in.pdf"), join(dir, "out.pdf")];
  writeFileSync(from, bytes);
  execFileSync("qpdf", [...options, from, to]);
  return new Uint8Array(readFileSync(to));
}

async function small(useObjectStreams = false): Promise<Uint8Array> {
  const pdf = await PDFDocument.create();
  pdf.setTitle("Học bạ số");
  pdf.addPage([300, 300]).drawText("marks");
  return pdf.save({ useObjectStreams });
}

describe("encrypted files that open without a password", { timeout: 60_000 }, () => {
  const restrict = (bits: string, ...more: string[]) => ["--encrypt", "", "owner", bits, ...more, "--"];
  it.each([
    ["RC4, 40 bits", restrict("40"), ["--allow-weak-crypto"]],
    ["RC4, 128 bits", restrict("128", "--use-aes=n"), ["--allow-weak-crypto"]],
    ["AES, 128 bits", restrict("128", "--use-aes=y"), ["--allow-weak-crypto"]],
    [
      "AES, 128 bits, metadata in clear",
      restrict("128", "--use-aes=y", "--cleartext-metadata"),
      ["--allow-weak-crypto"],
    ],
    ["AES, 256 bits", restrict("256"), []],
    ["AES, 256 bits, deprecated revision", restrict("256", "--force-R5"), ["--allow-weak-crypto"]],
  ])("read as their plain text: %s", async (_, options, allow) => {
    for (const objectStreams of [false, true]) {
      const plain = await small(objectStreams);
      const mode = objectStreams ? "--object-streams=generate" : "--object-streams=disable";
      const document = openPdf(qpdf(plain, ...allow, mode, ...options));
      expect(document).toMatchObject({ encrypted: true, decrypted: true });
      const info = document.latest.dict(document.latest.trailer.get("Info"))!;
      expect(textOf(document.latest.get(info, "Title"))).toBe("Học bạ số");
      expect(contentOf(document)).toEqual(contentOf(openPdf(plain)));
    }
  });

  it("stay closed where a password is needed", async () => {
    const document = openPdf(qpdf(await small(), "--encrypt", "user", "owner", "256", "--"));
    expect(document).toMatchObject({ encrypted: true, decrypted: false });
  });

  function contentOf(document: PdfDocument): string {
    const contents = document.latest.get(pageAt(document.latest, 0)!.dict, "Contents");
    const streams = (Array.isArray(contents) ? contents : [contents]).map((v) => document.latest.resolve(v));
    return streams.map((s) => Buffer.from(document.latest.decode(s as PdfStream)).toString("latin1")).join("");
  }
});
