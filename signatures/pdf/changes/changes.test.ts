import { portableCrypto } from "@hocba/certs/crypto";
import { integer, sequence } from "@hocba/certs/der";
import { describe, expect, it } from "vitest";
import { type PadesSpec, padesFormat } from "../../sign/index.ts";
import {
  analyseChanges,
  appendRevision,
  type ChangeAnalysis,
  nextObjectNumber,
  openPdf,
  PdfDict,
  type PdfDocument,
  PdfRef,
  PdfStream,
  type PdfValue,
  pdfName,
  signatureFields,
  textString,
} from "../index.ts";

/** A certificate in shape only: nothing here is about keys. */
const certificate = sequence(sequence(integer(7), sequence(), sequence()));
const format = padesFormat(portableCrypto);

const text = (s: string) => new TextEncoder().encode(s);
const stream = (content: string, dict: Record<string, PdfValue> = {}) =>
  new PdfStream(PdfDict.of(dict), text(content), 0, content.length);

/**
 * A record of one page: 1 catalog, 2 pages, 3 page, 4 content, 5 image, 6 form, 7 text field, 8 its appearance, 9 annotations,
 * 10 information, 11 font.
 */
function record(): Uint8Array {
  const bodies = [
    "<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R>>",
    "<</Type/Pages/Kids[3 0 R]/Count 1>>",
    "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R/Annots 9 0 R/Resources<</XObject<</Im 5 0 R>>/Font<</F 11 0 R>>>>>>",
    "<</Length 7>>stream\n/Im Do \nendstream",
    "<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Length 4>>stream\nq Q \nendstream",
    "<</Fields[7 0 R]/DR<</Font<</F 11 0 R>>>>>>",
    "<</Type/Annot/Subtype/Widget/FT/Tx/T(mark)/V(9)/Rect[0 0 50 20]/P 3 0 R/AP<</N 8 0 R>>>>",
    "<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Length 4>>stream\n(9)Tj\nendstream",
    "[7 0 R]",
    "<</Producer(test)>>",
    "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
  ];
  let out = "%PDF-1.7\n";
  const offsets = bodies.map((body, i) => {
    const at = out.length;
    out += `${i + 1} 0 obj\n${body}\nendobj\n`;
    return at;
  });
  const start = out.length;
  out += `xref\n0 ${bodies.length + 1}\n0000000000 65535 f\r\n`;
  for (const at of offsets) out += `${String(at).padStart(10, "0")} 00000 n\r\n`;
  out += `trailer\n<</Size ${bodies.length + 1}/Root 1 0 R/Info 10 0 R>>\nstartxref\n${start}\n%%EOF\n`;
  return text(out);
}

/** A record whose page tree, object 2, lies in object stream 20, with a cross-reference stream. */
function packed(): Uint8Array {
  const body = "2 0 <</Type/Pages/Kids[3 0 R]/Count 1>>          ";
  let out = "%PDF-1.7\n";
  const rows: number[] = [];
  const row = (num: number, type: number, second: number, third: number) =>
    rows.push(num, type, second >> 8, second & 255, third);
  for (const [num, value] of [
    [1, "<</Type/Catalog/Pages 2 0 R>>"],
    [3, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"],
    [20, `<</Type/ObjStm/N 1/First 4/Length ${body.length}>>stream\n${body}\nendstream`],
  ] as const) {
    row(num, 1, out.length, 0);
    out += `${num} 0 obj\n${value}\nendobj\n`;
  }
  row(2, 2, 20, 0);
  const start = out.length;
  row(21, 1, start, 0);
  const index = rows.filter((_, i) => i % 5 === 0).map((num) => `${num} 1`);
  const data = String.fromCharCode(...rows.filter((_, i) => i % 5 !== 0));
  out += `21 0 obj\n<</Type/XRef/Root 1 0 R/Size 22/W[1 2 1]/Index[${index.join(" ")}]/Length ${data.length}>>stream\n${data}\nendstream\nendobj\n`;
  return Uint8Array.from(`${out}startxref\n${start}\n%%EOF\n`, (c) => c.charCodeAt(0));
}

function sign(document: Uint8Array, fieldName: string, more: Partial<PadesSpec> = {}): Uint8Array {
  const signer = { certificate, chain: [], algorithm: "rsa-pkcs1-sha256" as const };
  const spec = { fieldName, signingTime: new Date(0), reservedBytes: 600, ...more };
  return format.complete(format.prepare(document, signer, spec), new Uint8Array(16));
}

type Objects = Record<number, PdfValue>;

/** The signed record with one more update; `make` is given a function that counts up free object numbers. */
function updated(signed: Uint8Array, make: (doc: PdfDocument, fresh: () => number) => Objects): Uint8Array {
  const document = openPdf(signed);
  let next = nextObjectNumber(document);
  const objects = make(document, () => next++);
  return appendRevision(document, new Map(Object.entries(objects).map(([num, value]) => [Number(num), value])));
}

function judge(bytes: Uint8Array, index = 0): ChangeAnalysis {
  const document = openPdf(bytes);
  return analyseChanges(document, signatureFields(document)[index]!);
}

const dictAt = (document: PdfDocument, num: number): PdfDict => document.latest.load(num) as PdfDict;
const codes = (analysis: ChangeAnalysis): string[] => analysis.findings.map((f) => f.code);

describe("what may come after a signature", () => {
  it("nothing came: none", () => {
    expect(judge(sign(record(), "S1"))).toMatchObject({ verdict: "none", level: "none" });
  });

  it("a second signature is form filling, a revision with the same objects again is nothing", () => {
    const twice = sign(sign(record(), "S1"), "S2");
    expect(judge(twice)).toMatchObject({ verdict: "permitted", level: "form-filling" });
    const same = updated(sign(record(), "S1"), (d) => ({ 3: dictAt(d, 3), 4: d.latest.load(4) }));
    expect(judge(same)).toMatchObject({ verdict: "permitted", level: "none" });
  });

  it("a document security store and metadata are long-term data", () => {
    const bytes = updated(sign(record(), "S1", { certify: 1 }), (d, fresh) => {
      const cert = fresh();
      return {
        [cert]: stream("0"),
        1: dictAt(d, 1).with({ DSS: PdfDict.of({ Certs: [new PdfRef(cert)] }) }),
        10: PdfDict.of({ Producer: textString("another") }),
      };
    });
    expect(judge(bytes)).toMatchObject({ verdict: "permitted", level: "lta", permission: 1 });
  });

  it("filling in a field with its appearance is permitted by P 2 and not by P 1", () => {
    const fill = (signed: Uint8Array) =>
      updated(signed, (d) => ({ 7: dictAt(d, 7).with({ V: textString("10") }), 8: stream("(10)Tj") }));
    expect(judge(fill(sign(record(), "S1", { certify: 2 })))).toMatchObject({ verdict: "permitted" });
    expect(judge(fill(sign(record(), "S1", { certify: 1 })))).toMatchObject({ verdict: "suspicious" });
  });

  it("a comment needs P 3 or no certification", () => {
    const comment = (signed: Uint8Array) =>
      updated(signed, (_, fresh) => {
        const num = fresh();
        const note = PdfDict.of({ Type: pdfName("Annot"), Subtype: pdfName("Text"), Rect: [0, 0, 9, 9] });
        const list = openPdf(signed).latest.load(9) as PdfValue[];
        return { [num]: note, 9: [...list, new PdfRef(num)] };
      });
    expect(judge(comment(sign(record(), "S1")))).toMatchObject({ verdict: "permitted", level: "annotations" });
    expect(judge(comment(sign(record(), "S1", { certify: 3 })))).toMatchObject({ verdict: "permitted" });
    expect(judge(comment(sign(record(), "S1", { certify: 2 })))).toMatchObject({ verdict: "suspicious" });
  });
});

describe("attacks after signing are suspicious", () => {
  const attack = (make: (doc: PdfDocument, fresh: () => number) => Objects) =>
    judge(updated(sign(record(), "S1"), make));

  it("the page's content is replaced: 'the marks were always like this'", () => {
    expect(codes(attack(() => ({ 4: stream("(10)Tj") })))).toContain("content-changed");
  });

  it("shadow, hide: an image that covered the true text is freed, so that the text shows", () => {
    expect(codes(attack(() => ({ 5: null })))).toContain("content-removed");
  });

  it("shadow, replace: a font is given other shapes, the text codes stay", () => {
    const evil = PdfDict.of({ Type: pdfName("Font"), Subtype: pdfName("Type3") });
    expect(codes(attack(() => ({ 11: evil })))).toContain("content-changed");
  });

  it("shadow, replace: a field's picture changes while its value stays", () => {
    expect(codes(attack(() => ({ 8: stream("(1)Tj") })))).toContain("appearance-without-value");
    const other = attack((d, fresh) => {
      const num = fresh();
      return { [num]: stream("(1)Tj"), 7: dictAt(d, 7).with({ AP: PdfDict.of({ N: new PdfRef(num) }) }) };
    });
    expect(codes(other)).toContain("appearance-without-value");
  });

  it("shadow, hide and replace: the page tree is led to a prepared second page", () => {
    const analysis = attack((d, fresh) => {
      const num = fresh();
      return { [num]: dictAt(d, 3).with({ Contents: null }), 2: dictAt(d, 2).with({ Kids: [new PdfRef(num)] }) };
    });
    expect(codes(analysis)).toContain("pages-changed");
  });

  it("the page tree is exchanged by a new catalog", () => {
    const signed = sign(record(), "S1");
    const document = openPdf(signed);
    const num = nextObjectNumber(document);
    const objects = new Map<number, PdfValue>([[num, dictAt(document, 1).with({ Pages: new PdfRef(3) })]]);
    expect(codes(judge(appendRevision(document, objects, new PdfRef(num))))).toContain("catalog-entry-Pages");
  });

  it.each(["FreeText", "Stamp", "Redact", "Watermark"])("evil annotation: a %s is laid over the marks", (subtype) => {
    const analysis = attack((d, fresh) => {
      const num = fresh();
      const list = d.latest.load(9) as PdfValue[];
      return {
        [num]: PdfDict.of({ Subtype: pdfName(subtype), Rect: [0, 0, 300, 300] }),
        9: [...list, new PdfRef(num)],
      };
    });
    expect(codes(analysis)).toContain("annotation-may-hide-content");
  });

  it("sneaky signature: an empty signature field whose picture covers the page", () => {
    const analysis = attack((d, fresh) => {
      const [num, picture] = [fresh(), fresh()];
      const field = PdfDict.of({
        Subtype: pdfName("Widget"),
        FT: pdfName("Sig"),
        T: textString("X"),
        Rect: [0, 0, 300, 300],
        AP: PdfDict.of({ N: new PdfRef(picture) }),
      });
      const list = d.latest.load(9) as PdfValue[];
      const form = dictAt(d, 6);
      return {
        [num]: field,
        [picture]: stream("(fail)Tj"),
        9: [...list, new PdfRef(num)],
        6: form.with({ Fields: [...(form.get("Fields") as PdfValue[]), new PdfRef(num)] }),
      };
    });
    expect(codes(analysis)).toContain("empty-signature-field-visible");
  });

  it("an object stream that holds old objects is put in place of another", () => {
    // The same record with its page tree packed into object stream 20, and the stream replaced after signing.
    const document = openPdf(packed());
    const signed = sign(packed(), "S1");
    const other = (document.latest.load(20) as PdfStream).dict;
    const forged = updated(signed, () => ({
      20: stream("2 0 <</Type/Pages/Kids[3 0 R]/Count 1/Rotate 90>>", Object.fromEntries(other.entries)),
    }));
    expect(openPdf(forged).latest.get(dictAt(openPdf(forged), 2), "Rotate")).toBe(90);
    expect(codes(judge(forged))).toContain("object-stream-replaced");
  });

  it("a signed field's picture covers most of the page", async () => {
    const picture = record();
    const signed = sign(record(), "S1");
    const covered = sign(signed, "S2", { appearance: { page: 0, rect: [0, 0, 300, 200], picture } });
    expect(codes(judge(covered))).toContain("signature-covers-page");
    const small = sign(signed, "S2", { appearance: { page: 0, rect: [0, 0, 100, 50], picture } });
    expect(judge(small)).toMatchObject({ verdict: "permitted" });
  });

  it("an empty signature field that was there is given a picture, and no signature", () => {
    const prepared = updated(record(), (d, fresh) => {
      const num = fresh();
      const field = PdfDict.of({
        Subtype: pdfName("Widget"),
        FT: pdfName("Sig"),
        T: textString("E"),
        Rect: [0, 0, 99, 99],
      });
      const form = dictAt(d, 6);
      return { [num]: field, 6: form.with({ Fields: [...(form.get("Fields") as PdfValue[]), new PdfRef(num)] }) };
    });
    const forged = updated(sign(prepared, "S1"), (d) => ({
      12: dictAt(d, 12).with({ AP: PdfDict.of({ N: new PdfRef(5) }) }),
    }));
    expect(codes(judge(forged))).toContain("empty-signature-field-visible");
  });

  it("the update's /Prev leads to a section hidden in the signed octets", () => {
    // Before signing, a stream held a second cross-reference section that calls another object the page.
    const hidden = "xref\n4 1\n0000000009 00000 n\r\ntrailer\n<</Size 12/Root 1 0 R>>\n";
    const shadowed = updated(record(), (_, fresh) => ({ [fresh()]: stream(hidden) }));
    const signed = sign(shadowed, "S1");
    const at = new TextDecoder("latin1").decode(signed).indexOf(hidden);
    const start = signed.length;
    const tail = `xref\n0 0\ntrailer\n<</Size 20/Root 1 0 R/Prev ${at}>>\nstartxref\n${start}\n%%EOF\n`;
    const forged = new Uint8Array([...signed, ...text(tail)]);
    const document = openPdf(forged);
    for (const s of signatureFields(document)) expect(analyseChanges(document, s).verdict).toBe("suspicious");
  });

  it("the appearance of a field is drawn by an object that the page shows too", () => {
    const analysis = attack((d) => ({
      7: dictAt(d, 7).with({ V: textString("10"), AP: PdfDict.of({ N: new PdfRef(5) }) }),
      5: stream("(10)Tj", { Subtype: pdfName("Form") }),
    }));
    expect(codes(analysis)).toContain("content-changed");
  });

  it("viewers are told to draw all values anew", () => {
    expect(codes(attack((d) => ({ 6: dictAt(d, 6).with({ NeedAppearances: true }) })))).toContain("need-appearances");
  });

  it("an object that the signed page named, and that did not exist, is supplied", () => {
    const names = PdfDict.of({ Im: new PdfRef(5), Late: new PdfRef(90) });
    const prepared = updated(record(), (d) => ({
      3: dictAt(d, 3).with({ Resources: PdfDict.of({ XObject: names }) }),
    }));
    expect(codes(judge(updated(sign(prepared, "S1"), () => ({ 90: stream("(10)Tj") }))))).toContain("content-supplied");
  });

  it("an object is given a new generation, so that the references to it lead nowhere", () => {
    const signed = sign(record(), "S1");
    const start = signed.length;
    const body = "5 1 obj\n<<>>\nendobj\n";
    const prev = openPdf(signed).revisions.at(-1)!.startxref;
    const row = `${String(start).padStart(10, "0")} 00001 n\r\n`;
    const tail = `xref\n5 1\n${row}trailer\n<</Size 20/Root 1 0 R/Prev ${prev}>>\nstartxref\n${start + body.length}\n%%EOF\n`;
    expect(codes(judge(new Uint8Array([...signed, ...text(body + tail)])))).toContain("content-removed");
  });

  it("a script is added to the catalog", () => {
    const action = PdfDict.of({ S: pdfName("JavaScript") });
    expect(codes(attack((d) => ({ 1: dictAt(d, 1).with({ OpenAction: action }) })))).toContain(
      "catalog-entry-OpenAction",
    );
  });

  it("a change is made and taken back in the next update", () => {
    const signed = sign(record(), "S1");
    const original = openPdf(signed).latest.load(4);
    const changed = updated(signed, () => ({ 4: stream("(10)Tj") }));
    const back = updated(changed, () => ({ 4: original }));
    expect(codes(judge(back))).toContain("content-changed");
  });

  it("the field of the signature is taken out of the form", () => {
    const analysis = attack((d) => ({ 6: dictAt(d, 6).with({ Fields: [new PdfRef(7)] }) }));
    expect(codes(analysis)).toEqual(expect.arrayContaining(["form-field-removed", "signature-removed"]));
  });

  it("the signature's own dictionary is rewritten", () => {
    const signed = sign(record(), "S1");
    const signature = signatureFields(openPdf(signed))[0]!;
    const forged = updated(signed, (d) => ({
      [signature.valueObject!]: dictAt(d, signature.valueObject!).with({ Name: textString("Someone else") }),
    }));
    expect(codes(judge(forged))).toContain("signature-value-changed");
  });

  it("octets without a cross-reference are appended for viewers that scan", () => {
    const signed = sign(record(), "S1");
    const more = text("4 0 obj\n<</Length 7>>stream\n(10)Tj \nendstream\nendobj\n");
    const bytes = new Uint8Array(signed.length + more.length);
    bytes.set(signed);
    bytes.set(more, signed.length);
    expect(judge(bytes)).toMatchObject({ verdict: "suspicious" });
  });
});

describe("locks", () => {
  it("a field that FieldMDP locks may not be filled in, another may", () => {
    // A signature field prepared with a lock on `mark`.
    const prepared = updated(record(), (d, fresh) => {
      const num = fresh();
      const lock = PdfDict.of({ Action: pdfName("Include"), Fields: [textString("mark")] });
      const field = {
        Subtype: pdfName("Widget"),
        FT: pdfName("Sig"),
        T: textString("S1"),
        Rect: [0, 0, 0, 0],
        Lock: lock,
      };
      const form = dictAt(d, 6);
      return {
        [num]: PdfDict.of(field),
        6: form.with({ Fields: [...(form.get("Fields") as PdfValue[]), new PdfRef(num)] }),
      };
    });
    const signed = sign(prepared, "S1");
    expect(signatureFields(openPdf(signed))[0]!.fieldMdp).toEqual({ action: "Include", fields: ["mark"] });
    const filled = updated(signed, (d) => ({ 7: dictAt(d, 7).with({ V: textString("10") }) }));
    expect(codes(judge(filled))).toContain("locked-field-changed");
    expect(judge(filled).verdict).toBe("suspicious");
    expect(judge(sign(signed, "S2")).verdict).toBe("permitted");
  });
});
