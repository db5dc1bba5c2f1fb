import { describe, expect, it } from "vitest";
import { appendRaw, bodyOf, octets, pdfFile, type RawObjects, RECORD, stream, textOf } from "./raw-pdf.ts";
import { brief, makeSigner, signPdf, verifyTrusting } from "./signer.ts";

/**
 * Attacks on a signed PDF by whoever holds the file afterwards (a pupil with an editor and no key), and by whoever prepared it
 * before it was signed (the office that typed it). Each has a comment telling what is done and what it is meant to look like.
 */

const principal = makeSigner("Hiệu trưởng");
const stranger = makeSigner("Người lạ");
const FORGED = stream("BT /F 20 Tf 40 150 Td (Mark: 10) Tj ET /Im Do");

const sign = (objects: RawObjects = RECORD, more = {}) => signPdf(pdfFile(objects), principal, "principal", more);
const signed = sign();
const verify = (bytes: Uint8Array) => verifyTrusting(bytes, [principal]);

/** What may never be said of the principal's signature after an attack. */
function refuses(bytes: Uint8Array): void {
  const report = verify(bytes);
  const found = report.signatures.find((s) => s.id === "principal");
  expect(report.indication, brief(report)).not.toBe("TOTAL-PASSED");
  expect(found?.indication, brief(report)).not.toBe("TOTAL-PASSED");
  const shownAsWhole =
    found?.integrity === "intact" && found.laterChanges !== "suspicious" && found.coverage !== "unclear";
  expect(shownAsWhole && found.coverage !== "partial", brief(report)).toBe(false);
}

function accepts(bytes: Uint8Array, laterChanges: "none" | "permitted"): void {
  const report = verify(bytes);
  expect(report.indication, brief(report)).toBe("TOTAL-PASSED");
  expect(report.signatures[0], brief(report)).toMatchObject({ integrity: "intact", laterChanges });
}

describe("the honest twins", () => {
  it("a signed record", () => accepts(signed, "none"));
  it("an update that says nothing new", () => accepts(appendRaw(signed, { objects: { 4: RECORD[4]! } }), "permitted"));
  it("a filled-in field with its new picture", () =>
    accepts(
      appendRaw(signed, {
        objects: {
          7: bodyOf(signed, 7).replace("/V(9)", "/V(10)"),
          8: stream("(10)Tj", "/Type/XObject/Subtype/Form/BBox[0 0 50 20]"),
        },
      }),
      "permitted",
    ));
  it("a second signature", () => {
    const twice = signPdf(signed, stranger, "second");
    const report = verifyTrusting(twice, [principal, stranger]);
    expect(report.indication, brief(report)).toBe("TOTAL-PASSED");
    expect(report.signatures.map((s) => s.laterChanges)).toEqual(["permitted", "none"]);
  });
  it("a note in the margin", () => accepts(note("/Subtype/Text/Rect[280 280 298 298]/Contents(hi)"), "permitted"));
});

/** The form with object 50 as one more field. */
const withField = (file: Uint8Array): string => bodyOf(file, 6).replace(/(\/Fields *\[[^\]]*)\]/, "$1 50 0 R]");
const annotated = (
  file: Uint8Array,
  more: RawObjects,
  names = Object.keys(more)
    .map((n) => `${n} 0 R`)
    .join(" "),
) => appendRaw(file, { objects: { ...more, 9: bodyOf(file, 9).replace("]", ` ${names}]`) } });
const note = (entries: string, more: RawObjects = {}, file = signed) =>
  appendRaw(file, { objects: { 50: `<<${entries}>>`, ...more, 9: bodyOf(file, 9).replace("]", " 50 0 R]") } });

describe("the chain of cross-references", () => {
  // A hidden section planted in a stream before signing points on to the signer's own. The update leads to it, so that a verifier
  // takes hidden and own section for one revision, the one that was signed, and sees no difference after it.
  it("a section hidden in the signed octets is made part of the signed revision", () => {
    const body = (prev: number) =>
      `xref\n4 1\n${"0".repeat(10)} 00000 n\r\ntrailer\n<</Size 60/Root 1 0 R/Prev ${prev}>>\n`;
    // Two passes: the offsets are known once the file has been made.
    let at = 0;
    let prev = 0;
    let evil = 0;
    let file = signed;
    for (let pass = 0; pass < 3; pass++) {
      const hidden = body(prev).replace("0000000000 00000 n", `${String(evil).padStart(10, "0")} 00000 n`);
      file = sign({ ...RECORD, 40: stream(hidden.padEnd(120)), 41: stream(`4 0 obj\n${FORGED}\nendobj\n`) });
      const text = textOf(file);
      at = text.indexOf("xref\n4 1");
      evil = text.indexOf("4 0 obj", text.indexOf("41 0 obj"));
      prev = Number(/startxref\s+(\d+)\s+%%EOF\s*$/.exec(text)![1]);
    }
    accepts(file, "none");
    refuses(appendRaw(file, { trailer: () => `<</Size 60/Root 1 0 R/Info 10 0 R/Prev ${at}>>` }));
  });

  // Two sections of one update, the newer in front of the older in the file, so that they look like a linearised pair.
  it("two sections pass for the two of a linearised file", () => {
    const first = textOf(signed);
    const prev = Number(/startxref\s+(\d+)\s+%%EOF\s*$/.exec(first)![1]);
    let out = first;
    const evil = out.length;
    out += `4 0 obj\n${FORGED}\nendobj\n`;
    const a = out.length;
    const fill = (b: number) =>
      `xref\n4 1\n${String(evil).padStart(10, "0")} 00000 n\r\ntrailer\n<</Size 60/Root 1 0 R/Prev ${String(b).padStart(6, "0")}>>\nstartxref\n${a}\n%%EOF\n`;
    const b = out.length + fill(0).length;
    out += `${fill(b)}xref\n0 0\ntrailer\n<</Size 60/Root 1 0 R/Prev ${prev}>>\nstartxref\n${a}\n%%EOF\n`;
    refuses(octets(out));
  });

  // The table lists the page's content twice: one reader takes the first row, another the last.
  it("the table of an update lists an object twice", () => {
    const at = textOf(signed).indexOf("4 0 obj");
    const evil = signed.length;
    const good = `${String(at).padStart(10, "0")} 00000 n\r\n`;
    const bad = `${String(evil).padStart(10, "0")} 00000 n\r\n`;
    const junk = `4 0 obj\n${FORGED}\nendobj\n`;
    refuses(appendRaw(signed, { junk, moreRows: `4 1\n${good}4 1\n${bad}` }));
    refuses(appendRaw(signed, { junk, moreRows: `4 1\n${bad}4 1\n${good}` }));
  });

  // The new content is in the update but in no cross-reference. An entry of a new, invisible signature field leads nowhere: viewers
  // that meet it give up on the cross-reference and scan the file, where the last definition wins.
  it("content for viewers that scan, and a broken entry that makes them scan", () => {
    const form = withField(signed);
    refuses(
      appendRaw(signed, {
        objects: { 6: form, 50: "<</FT/Sig/T(x)/Parent 51 0 R>>" },
        rows: { 51: { offset: 15 } },
        junk: `4 0 obj\n${FORGED}\nendobj\n`,
      }),
    );
    refuses(appendRaw(signed, { objects: { 10: "<</Producer(x)>>" }, junk: `4 0 obj\n${FORGED}\nendobj\n` }));
    refuses(appendRaw(signed, { objects: { 10: "<</Producer(x)>>" }, rows: { 51: { offset: 15 } } }));
  });

  // The same, inside the data of a stream that is allowed to come.
  it("content for viewers that scan, inside a certificate of the security store", () => {
    const store = bodyOf(signed, 1).replace(/>>$/, "/DSS<</Certs[50 0 R]>>>>");
    refuses(
      appendRaw(signed, { objects: { 1: store, 50: stream(`x\nendstream\nendobj\n4 0 obj\n${FORGED}\nendobj\n`) } }),
    );
  });

  // A second trailer, in a comment's place, names another catalog for viewers that rebuild.
  it("a second trailer for viewers that rebuild", () => {
    refuses(appendRaw(signed, { objects: { 10: "<</Producer(x)>>" }, junk: "trailer\n<</Root 2 0 R>>\n" }));
  });

  // /Prev and /Root stand twice in the trailer: the readers differ in which they take.
  it("doubled keys in the trailer of an update", () => {
    const catalog = "<</Type/Catalog/Pages 51 0 R>>";
    for (const roots of ["/Root 50 0 R/Root 1 0 R", "/Root 1 0 R/Root 50 0 R"]) {
      refuses(
        appendRaw(signed, {
          objects: { 50: catalog, 51: RECORD[2]! },
          trailer: (prev) => `<</Size 60${roots}/Info 10 0 R/Prev ${prev}>>`,
        }),
      );
    }
    refuses(appendRaw(signed, { trailer: (prev) => `<</Size 60/Root 1 0 R/Info 10 0 R/Prev 17/Prev ${prev}>>` }));
  });

  // A hybrid update: readers of the table see the old content, readers of the stream the new one.
  it("a hybrid update says one thing in the table and another in the stream", () => {
    const at = textOf(signed).indexOf("4 0 obj");
    const evil = signed.length;
    const content = `4 0 obj\n${FORGED}\nendobj\n`;
    const where = evil + content.length;
    const data = String.fromCharCode(1, evil >> 8, evil & 255, 0);
    const section = `60 0 obj\n<</Type/XRef/Size 61/W[1 2 1]/Index[4 1]/Length 4>>stream\n${data}\nendstream\nendobj\n`;
    refuses(
      appendRaw(signed, {
        junk: content + section,
        rows: { 4: { offset: at } },
        trailer: (prev) => `<</Size 61/Root 1 0 R/Info 10 0 R/Prev ${prev}/XRefStm ${where}>>`,
      }),
    );
  });

  // The object's entry leads into the signed octets, to a definition that lay there unused.
  it("an entry leads back to a definition that was hidden before signing", () => {
    const file = sign({ ...RECORD, 41: stream(`7 0 obj\n${RECORD[7]!.replace("(9)", "(10)")}\nendobj\n`) });
    const hidden = textOf(file).indexOf("7 0 obj", textOf(file).indexOf("41 0 obj"));
    refuses(appendRaw(file, { rows: { 7: { offset: hidden } } }));
  });

  // The page's content states a length that leads out of the file: readers look for its end and find the true one. After signing
  // the file is made longer, until a stream of the security store stands where the length leads: now all of it is content.
  it("a content whose length leads into a later update", () => {
    const shown = "BT /F 20 Tf 40 150 Td (Mark: 3) Tj ET";
    const file = sign({ ...RECORD, 4: `<</Length 5000>>stream\n${shown}\nendstream` });
    accepts(file, "none");
    const start = textOf(file).indexOf(shown);
    const update = (filling: number) =>
      appendRaw(file, {
        objects: {
          1: bodyOf(file, 1).replace(/>>$/, "/DSS<</Certs[50 0 R]>>>>"),
          50: stream(`${" ".repeat(filling)}BT /F 20 Tf 40 150 Td (Mark: 10) Tj ET\nendstream `),
        },
      });
    const at = textOf(update(1000)).lastIndexOf("\nendstream \nendstream");
    const forged = update(1000 + start + 5000 - at);
    expect(textOf(forged).slice(start + 5000, start + 5010)).toBe("\nendstream");
    refuses(forged);
  });

  // Two hundred harmless changes first; the analysis has seen enough before it comes to the content.
  it("a change of the page behind two hundred harmless ones", () => {
    const certs = Array.from({ length: 250 }, (_, i) => i + 100);
    const store = bodyOf(signed, 1).replace(/>>$/, `/DSS<</Certs[${certs.map((n) => `${n} 0 R`).join(" ")}]>>>>`);
    const lt = appendRaw(signed, {
      objects: { 1: store, ...Object.fromEntries(certs.map((n) => [n, stream(`a${n}`)])) },
    });
    accepts(lt, "permitted");
    const objects = Object.fromEntries(certs.map((n) => [n, stream(`b${n}`)]));
    accepts(appendRaw(lt, { objects }), "permitted");
    // The row of the page's content stands behind the others: object 4 cannot, so it is the last of its own sort.
    const file = sign(
      Object.fromEntries(
        Object.entries(RECORD).flatMap(([n, b]) => [
          [n, b.replace("4 0 R", "900 0 R")],
          ...(n === "4" ? [["900", b]] : []),
        ]),
      ),
    );
    const store2 = bodyOf(file, 1).replace(/>>$/, `/DSS<</Certs[${certs.map((n) => `${n} 0 R`).join(" ")}]>>>>`);
    const lt2 = appendRaw(file, {
      objects: { 1: store2, ...Object.fromEntries(certs.map((n) => [n, stream(`a${n}`)])) },
    });
    accepts(lt2, "permitted");
    refuses(appendRaw(lt2, { objects: { ...objects, 900: FORGED } }));
  });
});

describe("what the page shows", () => {
  // Before signing, one array serves as the page's list of annotations and as its content. The "note" that comes later is a stream.
  it("a note that is page content", () => {
    const file = sign({
      ...RECORD,
      3: RECORD[3]!.replace("/Contents 4 0 R", "/Contents 9 0 R"),
      9: "[7 0 R 4 0 R]",
    });
    refuses(
      annotated(file, { 50: stream("BT /F 20 Tf 60 150 Td (0) Tj ET", "/Type/Annot/Subtype/Text/Rect[0 0 1 1]") }),
    );
  });

  // A note with another picture than a note has: it covers the mark.
  const picture = stream(
    "1 g 0 0 300 300 re f 0 g BT /F 20 Tf 40 150 Td (Mark: 10) Tj ET",
    "/Type/XObject/Subtype/Form/BBox[0 0 300 300]",
  );
  it.each(["Highlight", "Text", "Underline", "StrikeOut", "Squiggly", "Caret", "Popup"])(
    "a %s whose picture covers the mark with another",
    (subtype) => {
      const entries = `/Type/Annot/Subtype/${subtype}/F 4/Rect[30 140 130 180]/QuadPoints[30 180 130 180 30 140 130 140]/AP<</N 51 0 R>>`;
      refuses(note(entries, { 51: picture }));
    },
  );

  // PDF 2.0 lets a highlight without a picture state its blend mode: an opaque white one hides the mark.
  it("a highlight that is to be drawn opaque", () => {
    const entries =
      "/Type/Annot/Subtype/Highlight/C[1 1 1]/F 4/Rect[30 140 130 180]/QuadPoints[30 180 130 180 30 140 130 140]";
    refuses(note(`${entries}/BM/Normal`));
    accepts(note(`${entries}/BM/Multiply`), "permitted");
  });

  // A line as thick as the mark is high, in white.
  it("a strike-out, an underline and a highlight that paint over", () => {
    const look = (content: string) => stream(content, "/Type/XObject/Subtype/Form/BBox[0 0 100 40]");
    for (const [subtype, content] of [
      ["StrikeOut", "1 G 40 w 0 20 m 100 20 l S"],
      ["Underline", "1 G 0.4 w 100 0 0 100 0 0 cm 0 0.2 m 1 0.2 l S"],
      ["Squiggly", "1 g 0 0 100 40 re f"],
      ["Highlight", "1 g 0 0 100 40 re f"],
      ["Highlight", "q 1 g 0 0 100 40 re f Q BT (10) Tj ET"],
      ["Highlight", "BI /W 1 /H 1 /BPC 8 /CS /G ID 0 EI"],
      ["Underline", "1 G 1 w 0 9 m 9 9 l S 0 G 0 1 m 9 1 l S"],
    ]) {
      refuses(note(`/Type/Annot/Subtype/${subtype}/F 4/Rect[30 140 130 180]/AP<</N 51 0 R>>`, { 51: look(content!) }));
    }
    const thin = look("1 0 0 RG 1 w 0 2 m 100 2 l S");
    accepts(note("/Type/Annot/Subtype/Underline/F 4/Rect[30 140 130 180]/AP<</N 51 0 R>>", { 51: thin }), "permitted");
  });

  it("a highlight as Acrobat draws it stays permitted", () => {
    const ap = stream(
      "/R0 gs 1 0.82 0 rg 30 140 m 130 140 l 130 180 l 30 180 l h f",
      "/Type/XObject/Subtype/Form/BBox[30 140 130 180]/Resources<</ExtGState<</R0<</Type/ExtGState/AIS false/BM/Multiply>>>>>>",
    );
    const entries =
      "/Type/Annot/Subtype/Highlight/C[1 .82 0]/F 4/Rect[30 140 130 180]/QuadPoints[30 180 130 180 30 140 130 140]/AP<</N 51 0 R>>";
    accepts(note(entries, { 51: ap }), "permitted");
  });

  // The comment that covered the true mark while it was signed is hidden afterwards.
  it("a comment that covered the mark is hidden after signing", () => {
    const file = sign({
      ...RECORD,
      9: "[7 0 R 30 0 R]",
      30: "<</Type/Annot/Subtype/Highlight/F 4/Rect[30 140 130 180]/AP<</N 31 0 R>>>>",
      31: picture,
    });
    refuses(appendRaw(file, { objects: { 30: bodyOf(file, 30).replace("/F 4", "/F 2") } }));
    refuses(appendRaw(file, { objects: { 30: bodyOf(file, 30).replace("/AP<</N 31 0 R>>", "") } }));
  });

  // The same with an empty signature field that had a picture.
  it("the picture of an empty signature field is hidden after signing", () => {
    const file = sign({
      ...RECORD,
      6: "<</Fields[7 0 R 30 0 R]>>",
      9: "[7 0 R 30 0 R]",
      30: "<</Type/Annot/Subtype/Widget/FT/Sig/T(later)/F 4/Rect[30 140 130 180]/AP<</N 31 0 R>>>>",
      31: picture,
    });
    accepts(file, "none");
    refuses(appendRaw(file, { objects: { 30: bodyOf(file, 30).replace("/F 4", "/F 2") } }));
  });

  // An empty, invisible text field over the whole page is filled in after signing.
  it("a field over the whole page is filled in", () => {
    const file = sign({
      ...RECORD,
      6: "<</Fields[7 0 R 30 0 R]>>",
      9: "[7 0 R 30 0 R]",
      30: "<</Type/Annot/Subtype/Widget/FT/Tx/T(x)/F 4/Rect[0 0 300 300]/AP<</N 31 0 R>>>>",
      31: stream("", "/Type/XObject/Subtype/Form/BBox[0 0 300 300]"),
    });
    refuses(appendRaw(file, { objects: { 30: bodyOf(file, 30).replace("/T(x)", "/T(x)/V(.)"), 31: picture } }));
  });

  // The value stays, the colours and the state do not: white on white, ticked for unticked.
  it("a field's look changes and its value does not", () => {
    for (const [old, now] of [
      ["/T(mark)", "/T(mark)/MK<</BG[1 1 1]>>"],
      ["/T(mark)", "/T(mark)/DA(1 g /F 1 Tf)"],
      ["/T(mark)", "/T(mark)/AS/Off"],
      ["/T(mark)", "/T(mark)/F 2"],
      ["/T(mark)", "/T(mark)/RV(<p>10</p>)"],
      ["/Rect[0 0 50 20]", "/Rect[30 140 130 180]"],
    ]) {
      refuses(appendRaw(signed, { objects: { 7: bodyOf(signed, 7).replace(old!, now!) } }));
    }
  });

  // A new, empty and invisible signature field is no change of what is shown. This one runs a script when the page opens.
  it("a new signature field with an action", () => {
    const form = withField(signed);
    for (const action of ["/AA<</PO<</S/JavaScript/JS(1)>>>>", "/A<</S/Hide/T(mark)>>"]) {
      refuses(appendRaw(signed, { objects: { 6: form, 50: `<</FT/Sig/T(x)${action}>>` } }));
    }
  });

  it("a note with an action", () => {
    refuses(note("/Subtype/Text/Rect[280 280 298 298]/AA<</PO<</S/JavaScript/JS(1)>>>>"));
  });

  // An empty signature field without a picture of its own: viewers paint its background.
  it("a new signature field with a background", () => {
    const form = withField(signed);
    const field = "<</Type/Annot/Subtype/Widget/FT/Sig/T(x)/F 4/Rect[30 140 130 180]/MK<</BG[1 1 1]>>>>";
    refuses(appendRaw(signed, { objects: { 6: form, 9: bodyOf(signed, 9).replace("]", " 50 0 R]"), 50: field } }));
  });

  it.each([
    ["/OpenAction<</S/JavaScript/JS(1)>>"],
    ["/AA<</WC<</S/JavaScript/JS(1)>>>>"],
    ["/Names<</JavaScript<</Names[(a)<</S/JavaScript/JS(1)>>]>>>>"],
    ["/OCProperties<</OCGs[]/D<<>>>>"],
    ["/ViewerPreferences<</ViewArea/CropBox>>"],
    ["/Collection<</View/H>>"],
    ["/PageLabels<</Nums[0<</S/r>>]>>"],
    ["/Dests<</a[3 0 R/Fit]>>"],
    ["/StructTreeRoot<</Type/StructTreeRoot>>"],
    ["/Perms<</DocMDP 50 0 R>>"],
    ["/OutputIntents[<<>>]"],
    ["/AF[50 0 R]"],
    ["/Requirements[<<>>]"],
  ])("the catalog gains %s", (entry) => {
    refuses(appendRaw(signed, { objects: { 1: bodyOf(signed, 1).replace(/>>$/, `${entry}>>`), 50: "<<>>" } }));
  });

  it.each(["/Rotate 180", "/CropBox[0 0 9 9]", "/UserUnit 2", "/Group<</S/Transparency>>", "/Trans<<>>", "/AA<<>>"])(
    "the page gains %s",
    (entry) => {
      for (const num of [3, 2]) {
        refuses(appendRaw(signed, { objects: { [num]: bodyOf(signed, num).replace(/>>$/, `${entry}>>`) } }));
      }
    },
  );

  it("resources come from the page tree's node, or a font is redefined", () => {
    refuses(appendRaw(signed, { objects: { 2: "<</Type/Pages/Kids[3 0 R]/Count 1/Resources<<>>>>" } }));
    for (const entry of ["/Encoding<</Differences[51/nine]>>", "/ToUnicode 50 0 R", "/FontDescriptor 50 0 R"]) {
      refuses(appendRaw(signed, { objects: { 11: RECORD[11]!.replace(/>>$/, `${entry}>>`), 50: stream("") } }));
    }
    refuses(
      appendRaw(signed, {
        objects: { 5: stream("1 0 0 rg 0 0 9 9 re f", "/Type/XObject/Subtype/Form/BBox[0 0 9 9]") },
      }),
    );
  });

  it("an XFA form is added", () => {
    refuses(
      appendRaw(signed, { objects: { 6: bodyOf(signed, 6).replace(/>>$/, "/XFA 50 0 R>>"), 50: stream("<xdp/>") } }),
    );
  });
});

describe("permissions and fields", () => {
  const certified = sign(RECORD, { certify: 1 });
  it("a certified record", () => accepts(certified, "none"));
  const fill = (file: Uint8Array) => ({ 7: bodyOf(file, 7).replace("/V(9)", "/V(10)") });

  // The permission is taken away first, then the field is filled in.
  it("the permissions go first", () => {
    const without = appendRaw(certified, { objects: { 1: bodyOf(certified, 1).replace(/\/Perms\s*<<[^>]*>>/, "") } });
    refuses(without);
    refuses(appendRaw(without, { objects: fill(without) }));
    refuses(appendRaw(certified, { objects: fill(certified) }));
  });

  it("the signature's dictionary is written anew without its reference", () => {
    const num = Number(/\/V (\d+) 0 R/.exec(textOf(certified))![1]);
    const body = bodyOf(certified, num);
    refuses(appendRaw(certified, { objects: { [num]: body.replace(/\/Reference\s*\[[\s\S]*?\]/, "") } }));
  });

  it("a lock is added or taken away later, a value is exchanged", () => {
    const twice = signPdf(signed, principal, "second");
    const fields = [...textOf(twice).matchAll(/(\d+) 0 obj\s*<<[^<>]*\/FT\s*\/Sig[^>]*>[^>]*\/V (\d+) 0 R/g)];
    const [a, b] = [Number(fields[0]![1]), Number(fields[1]![1])];
    const [va, vb] = [fields[0]![2]!, fields[1]![2]!];
    refuses(appendRaw(twice, { objects: { [a]: bodyOf(twice, a).replace(`/V ${va} 0 R`, `/V ${vb} 0 R`) } }));
    refuses(appendRaw(twice, { objects: { [b]: bodyOf(twice, b).replace(`/V ${vb} 0 R`, `/V ${va} 0 R`) } }));
    refuses(appendRaw(twice, { objects: { [a]: bodyOf(twice, a).replace(/\/V \d+ 0 R/, "") } }));
    refuses(appendRaw(signed, { objects: { [a]: bodyOf(signed, a).replace(/>>$/, "/Lock<</Action/All>>>>") } }));
    refuses(appendRaw(twice, { objects: { 6: bodyOf(twice, 6).replace(`${a} 0 R`, "") } }));
    refuses(appendRaw(twice, { objects: { [a]: "null" } }));
    refuses(appendRaw(twice, { rows: { [a]: { offset: 0, gen: 1, kind: "f" } } }));
  });

  it("the look of the signature is exchanged for another name's", () => {
    const file = signPdf(pdfFile(RECORD), principal, "principal", {
      appearance: { page: 0, rect: [200, 20, 280, 60], picture: pdfFile(RECORD) },
    });
    accepts(file, "none");
    const num = Number(/\/AP\s*<<\s*\/N (\d+) 0 R/.exec(textOf(file).slice(pdfFile(RECORD).length))![1]);
    refuses(
      appendRaw(file, {
        objects: { [num]: stream("BT (Someone) Tj ET", "/Type/XObject/Subtype/Form/BBox[0 0 80 40]") },
      }),
    );
  });

  it("the file is said to be encrypted later", () => {
    refuses(
      appendRaw(signed, {
        objects: { 50: "<</Filter/Standard/V 1/R 2/O<00>/U<00>/P -4>>" },
        trailer: (prev) => `<</Size 60/Root 1 0 R/Info 10 0 R/Encrypt 50 0 R/Prev ${prev}>>`,
      }),
    );
  });

  // What a dictionary has twice, one reader takes from the front and another from the back.
  it("doubled keys in an object of the update", () => {
    const form = bodyOf(signed, 6).replace(/>>$/, "/SigFlags 3/NeedAppearances true/NeedAppearances false>>");
    refuses(appendRaw(signed, { objects: { 6: form } }));
    refuses(
      appendRaw(signed, {
        objects: { 1: bodyOf(signed, 1).replace("/Pages 2 0 R", "/Pages 50 0 R/Pages 2 0 R"), 50: RECORD[2]! },
      }),
    );
    refuses(
      appendRaw(signed, {
        objects: { 3: bodyOf(signed, 3).replace("/Contents 4 0 R", "/Contents 50 0 R/Contents 4 0 R"), 50: FORGED },
      }),
    );
  });
});
