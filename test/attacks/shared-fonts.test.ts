import {
  analyseChanges,
  openPdf,
  PdfDict,
  PdfRef,
  PdfStream,
  type PdfValue,
  pdfName,
  signatureFields,
} from "@hocba/signatures/pdf";
import type { Picture } from "@hocba/signatures/sign";
import { describe, expect, it } from "vitest";
import { appendRaw, bodyOf, octets, pdfFile, RECORD, stream, textOf } from "./raw-pdf.ts";
import { makeSigner, signPdf, verifyTrusting } from "./signer.ts";

/** Pictures of later signatures refer to the font of an earlier one. Whoever chooses that font chooses what the signature seems to say. */

const teacher = makeSigner("Giáo viên");
const principal = makeSigner("Hiệu trưởng");
const MAP = "beginbfrange <0001><0002><0041> endbfrange";

function picture(map = MAP): Picture {
  const content = octets("BT /F 9 Tf <0001> Tj ET");
  const objects = new Map<number, PdfValue>([
    [
      1,
      PdfDict.of({
        Type: pdfName("Font"),
        Subtype: pdfName("Type0"),
        BaseFont: pdfName("ABCDEF+Face"),
        Encoding: pdfName("Identity-H"),
        ToUnicode: new PdfRef(2),
      }),
    ],
    [2, new PdfStream(PdfDict.of({}), octets(map), 0, map.length)],
  ]);
  const resources = PdfDict.of({ Font: PdfDict.of({ F: new PdfRef(1) }) });
  return {
    form: new PdfStream(PdfDict.of({ BBox: [0, 0, 80, 20], Resources: resources }), content, 0, content.length),
    objects,
  };
}

const visibly = (file: Uint8Array, signer: typeof teacher, name: string, left: number, shown = picture()) =>
  signPdf(file, signer, name, { appearance: { page: 0, rect: [left, 20, left + 80, 40], picture: shown } });
const fontsIn = (file: Uint8Array): number => textOf(file).match(/\/BaseFont *\/ABCDEF\+Face/g)?.length ?? 0;
const verify = (file: Uint8Array) => verifyTrusting(file, [teacher, principal]);

const once = visibly(pdfFile(RECORD), teacher, "teacher", 20);
const twice = visibly(once, principal, "principal", 120);

describe("a font that two signatures share", () => {
  it("stands in the file once, and both signatures hold", () => {
    expect(fontsIn(twice)).toBe(1);
    expect(verify(twice).indication).toBe("TOTAL-PASSED");
    const opened = openPdf(twice);
    expect(signatureFields(opened).map((each) => analyseChanges(opened, each).verdict)).toEqual(["permitted", "none"]);
  });

  it("is brought anew where the one of this name differs in a single octet of an object behind it", () => {
    expect(fontsIn(visibly(once, principal, "principal", 120, picture(MAP.replace("<0041>", "<0042>"))))).toBe(2);
  });

  it("is not taken from an update that lays out a font of that name and another meaning", () => {
    const font = "<</Type/Font/Subtype/Type0/BaseFont/ABCDEF+Face/Encoding/Identity-H/ToUnicode 51 0 R>>";
    const laid = appendRaw(pdfFile(RECORD), { objects: { 50: font, 51: stream(MAP.replace("<0041>", "<0042>")) } });
    expect(fontsIn(visibly(laid, teacher, "teacher", 20))).toBe(2);
  });

  it("is not taken from a dictionary with a doubled key, of which one reader sees the first and another the last", () => {
    const font =
      "<</Type/Font/Subtype/Type0/BaseFont/ABCDEF+Face/Encoding/Identity-H/ToUnicode 52 0 R/ToUnicode 51 0 R>>";
    const objects = { 50: font, 51: stream(MAP), 52: stream(MAP.replace("<0041>", "<0042>")) };
    expect(fontsIn(visibly(appendRaw(pdfFile(RECORD), { objects }), teacher, "teacher", 20))).toBe(2);
  });

  it("cannot be exchanged afterwards", () => {
    const num = Number(/(\d+) 0 obj\s*<<\/Type *\/Font\s*\/Subtype *\/Type0/.exec(textOf(once))![1]);
    const map = Number(/ToUnicode (\d+) 0 R/.exec(bodyOf(twice, num))![1]);
    for (const objects of [
      { [map]: stream(MAP.replace("<0041>", "<0042>")) },
      { [num]: bodyOf(twice, num).replace("Identity-H", "Identity-V") },
    ]) {
      const report = verify(appendRaw(twice, { objects }));
      expect(report.indication).not.toBe("TOTAL-PASSED");
      for (const signature of report.signatures) expect(signature.laterChanges).toBe("suspicious");
    }
  });
});
