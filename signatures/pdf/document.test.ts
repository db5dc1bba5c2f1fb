import { zlibSync } from "fflate";
import { describe, expect, it } from "vitest";
import { SignaturesError } from "../errors.ts";
import { inflate } from "./filters.ts";
import {
  analyseChanges,
  appendRevision,
  coverage,
  nameOf,
  openPdf,
  PdfDict,
  type PdfString,
  pageAt,
  pdfName,
  securityStore,
  serialise,
  signatureFields,
  textOf,
  textString,
  walkPages,
} from "./index.ts";
import { PdfParser } from "./parser.ts";

const text = (s: string) => Uint8Array.from(s, (c) => c.charCodeAt(0));
const parse = (s: string) => new PdfParser(text(s), 0).value();

/** A file with a classic table out of object bodies, numbered from 1; the catalog is 1. */
function file(bodies: string[], trailer = ""): string {
  let out = "%PDF-1.7\n";
  const offsets: number[] = [];
  bodies.forEach((body, i) => {
    offsets.push(out.length);
    out += `${i + 1} 0 obj\n${body}\nendobj\n`;
  });
  const start = out.length;
  out += `xref\n0 ${bodies.length + 1}\n0000000000 65535 f\r\n`;
  for (const at of offsets) out += `${String(at).padStart(10, "0")} 00000 n\r\n`;
  return `${out}trailer\n<</Size ${bodies.length + 1}/Root 1 0 R${trailer}>>\nstartxref\n${start}\n%%EOF\n`;
}
const PAGES = ["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R>>"];

describe("objects", () => {
  it.each([
    ["<</A 1/B[true false null -3.5 +7 .5]/C(x)>>", "<</A 1/B [true false null -3.5 7 0.5]/C (x)>>"],
    ["/A#20B#2fC", "/A#20B#2fC"],
    ["[1 0 R 1 0 2 0 R]", "[1 0 R 1 0 2 0 R]"],
    ["(a(b)c\\)\\\\)", "(a\\(b\\)c\\)\\\\)"],
    ["<48 65 6c 6C6f7>", "<48656c6c6f70>"],
    ["% comment\n 12", "12"],
    ["--5", "-5"],
  ])("%s reads and is written as %s", (source, written) => {
    expect(serialise(parse(source))).toBe(written);
  });

  it("strings resolve escapes, octal codes and line ends", () => {
    expect((parse("(a\\n\\050\\53x\\\r\ny\r\nz\\7)") as PdfString).bytes).toEqual(text("a\n(+xy\nz\x07"));
  });

  it.each(["Xác nhận", "plain", "a\\b(c", ""])("text string %s comes back", (s) => {
    expect(textOf(parse(serialise(textString(s))))).toBe(s);
  });

  it.each(["<<", "[1 2", "(abc", "<12", "<</A>>", "nul", ""])("%s is malformed", (source) => {
    expect(() => parse(source)).toThrowError(expect.objectContaining({ code: "PDF_MALFORMED" }));
  });

  it("nesting is bounded", () => {
    expect(() => parse("[".repeat(100_000))).toThrowError(expect.objectContaining({ code: "PDF_LIMIT" }));
  });

  it("a key that stands twice is noted", () => {
    expect((parse("<</A 1/A 2>>") as PdfDict).duplicates).toEqual(["A"]);
  });
});

describe("cross-references", () => {
  it("an update shows the new object, the earlier revision the old", () => {
    const first = openPdf(text(file([...PAGES, "(old)"])));
    const document = openPdf(appendRevision(first, new Map([[4, textString("new")]])));
    expect(document.revisions.length).toBe(2);
    expect(textOf(document.latest.load(4))).toBe("new");
    expect(textOf(document.atRevision(0).load(4))).toBe("old");
    expect(document.revisions[0]!.endOfLine).toBe(first.bytes.length);
  });

  it("hybrid: what the table hides is found in the stream, what it has in use comes first", () => {
    const table = file([...PAGES, "(table)"]);
    const at = table.length;
    const hidden = "5 0 obj\n(hidden)\nendobj\n";
    const rows = [4, at + 1, 5, at].flatMap((v, i) => (i % 2 ? [1, v >> 8, v & 255, 0] : []));
    const stream = `6 0 obj\n<</Type/XRef/Size 7/W[1 2 1]/Index[4 2]/Length ${rows.length}>>stream\n${String.fromCharCode(...rows)}\nendstream\nendobj\n`;
    const prev = /startxref\n(\d+)/.exec(table)![1];
    const xref = at + hidden.length + stream.length;
    const tail = `xref\n0 0\ntrailer\n<</Size 7/Root 1 0 R/Prev ${prev}/XRefStm ${at + hidden.length}>>\nstartxref\n${xref}\n%%EOF\n`;
    const document = openPdf(text(table + hidden + stream + tail));
    expect(document.revisions.map((r) => r.xrefKind)).toEqual(["table", "hybrid"]);
    expect(textOf(document.latest.load(5))).toBe("hidden");
    expect(document.atRevision(0).load(5)).toBeNull();
  });

  it("object streams are read in cross-reference streams", () => {
    const members = "1 0 2 29 <</Type/Catalog/Pages 2 0 R>> <</Type/Pages/Kids[]/Count 0>>";
    const packed = String.fromCharCode(...zlibSync(text(members)));
    let out = "%PDF-1.7\n";
    const stream = out.length;
    out += `3 0 obj\n<</Type/ObjStm/N 2/First 9/Filter/FlateDecode/Length ${packed.length}>>stream\n${packed}\nendstream\nendobj\n`;
    const xref = out.length;
    const rows = [0, 0, 0, 0, 2, 0, 3, 0, 2, 0, 3, 1, 1, stream >> 8, stream & 255, 0, 1, xref >> 8, xref & 255, 0];
    out += `4 0 obj\n<</Type/XRef/Root 1 0 R/Size 5/W[1 2 1]/Length ${rows.length}>>stream\n${String.fromCharCode(...rows)}\nendstream\nendobj\nstartxref\n${xref}\n%%EOF`;
    const document = openPdf(text(out));
    expect(document.repaired).toBe(false);
    expect(nameOf(document.latest.catalog.get("Type"))).toBe("Catalog");
    const updated = openPdf(
      appendRevision(document, new Map([[1, document.latest.catalog.with({ Lang: textString("vi") })]])),
    );
    expect(updated.revisions.map((r) => r.xrefKind)).toEqual(["stream", "stream"]);
    expect(textOf(updated.latest.catalog.get("Lang"))).toBe("vi");
    // Object and cross-reference streams count among the numbers in use.
    expect(updated.latest.trailer.get("Size")).toBe(6);
  });

  it("a damaged table is rebuilt by scanning and says so", () => {
    const broken = file([...PAGES, "(x)"]).replace(/startxref\n\d+/, "startxref\n7");
    const document = openPdf(text(broken));
    expect(document.repaired).toBe(true);
    expect(textOf(document.latest.load(4))).toBe("x");
    expect(() => appendRevision(document, new Map())).toThrowError(expect.objectContaining({ code: "PDF_MALFORMED" }));
  });

  it("octets before the header shift all offsets", () => {
    const document = openPdf(text(`junk\n${file(PAGES)}`));
    expect(document.repaired).toBe(false);
    expect([...walkPages(document.latest)].length).toBe(1);
    expect(openPdf(appendRevision(document, new Map([[3, PdfDict.of({ Type: pdfName("Page") })]]))).repaired).toBe(
      false,
    );
  });

  it("a loop of /Prev ends", () => {
    const bytes = file(PAGES);
    const start = Number(/startxref\n(\d+)/.exec(bytes)![1]);
    const document = openPdf(text(file(PAGES, `/Prev ${start}${" ".repeat(3)}`)));
    expect(document.anomalies.has("xref-loop") || document.repaired).toBe(true);
  });

  it("circular pages and references end", () => {
    const document = openPdf(
      text(
        file([
          "<</Type/Catalog/Pages 2 0 R/X 4 0 R>>",
          "<</Type/Pages/Kids[2 0 R 3 0 R]/Count 2>>",
          "<</Type/Page>>",
          "5 0 R",
          "4 0 R",
        ]),
      ),
    );
    expect([...walkPages(document.latest)].length).toBe(1);
    expect(document.latest.get(document.latest.catalog, "X")).toBeNull();
    expect(pageAt(document.latest, 0)).toBeDefined();
  });
});

describe("hostile files end soon", () => {
  const within = (ms: number, act: () => unknown) => {
    const start = performance.now();
    try {
      act();
    } catch (error) {
      expect(error).toBeInstanceOf(SignaturesError);
    }
    expect(performance.now() - start).toBeLessThan(ms);
  };

  it("a stream that decodes to more than is allowed, of any size", () => {
    for (const size of [3_000_000, 20_000_000]) {
      const bomb = zlibSync(new Uint8Array(size));
      expect(() => inflate(bomb, 1_000_000)).toThrowError(expect.objectContaining({ code: "PDF_LIMIT" }));
      expect(inflate(bomb, size).length).toBe(size);
    }
  });

  it("twenty thousand objects that never close", () => {
    within(10_000, () =>
      openPdf(text(`%PDF-1.7\n${Array.from({ length: 20_000 }, (_, i) => `${i + 1} 0 obj (`).join("\n")}`)),
    );
  });

  it("entries that all read the same long rest of the file", () => {
    const count = 20_000;
    let out = "%PDF-1.7\n";
    const offsets = Array.from({ length: count }, (_, i) => {
      const at = out.length;
      out += `${i + 1} 0 obj (\n`;
      return at;
    });
    const start = out.length;
    out += `xref\n0 ${count + 1}\n0000000000 65535 f\r\n${offsets.map((o) => `${String(o).padStart(10, "0")} 00000 n\r\n`).join("")}`;
    out += `trailer\n<</Size ${count + 1}/Root 1 0 R>>\nstartxref\n${start}\n%%EOF`;
    within(10_000, () => {
      const document = openPdf(text(out));
      for (let i = 1; i <= count; i++) document.latest.load(i);
    });
  });

  it("a table that claims more entries than the file has octets", () => {
    within(5000, () => openPdf(text(file(PAGES).replace("0 4\n", "0 99999999\n"))));
  });

  it("seeded mutations of a signed file are read or refused with a code", () => {
    const value = `<</Type/Sig/SubFilter/adbe.pkcs7.detached/ByteRange[0 100 200 300]/Contents<30030101ff00>>>`;
    const form = ["<</Type/Catalog/Pages 2 0 R/AcroForm 4 0 R>>", ...PAGES.slice(1), "<</Fields[5 0 R]>>"];
    const seeds: Uint8Array[] = [text(file([...form, "<</FT/Sig/T(a)/V 6 0 R>>", value]))];
    seeds.push(appendRevision(openPdf(seeds[0]!), new Map([[3, PdfDict.of({ Type: pdfName("Page"), Rotate: 90 })]])));
    let state = 12345;
    const random = (n: number) => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      return state % n;
    };
    const outcomes = new Map<string, number>();
    for (let round = 0; round < 4000; round++) {
      const bytes = seeds[round % seeds.length]!.slice();
      for (let k = 0; k <= random(6); k++) {
        const at = random(bytes.length);
        if (random(3) === 0) bytes.copyWithin(at, random(bytes.length), random(bytes.length));
        else bytes[at] = random(4) === 0 ? random(256) : "0123456789<>[]()/R ".charCodeAt(random(19));
      }
      let outcome = "read";
      try {
        const document = openPdf(round % 5 ? bytes : bytes.subarray(0, random(bytes.length)));
        for (const s of signatureFields(document)) {
          coverage(document, s);
          analyseChanges(document, s);
        }
        securityStore(document.latest);
      } catch (error) {
        if (!(error instanceof SignaturesError)) throw error;
        outcome = error.code;
      }
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    expect(outcomes.get("read")).toBeGreaterThan(500);
  });
});
