import { createHash } from "node:crypto";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { buildSignedAttributes, buildSignedData, cmsSigner } from "@hocba/signatures/cms";
import { describe, expect, it } from "vitest";
import { lastStartxref, octets, pdfFile, type RawObjects, RECORD, stream, textOf } from "./raw-pdf.ts";
import { brief, makeSigner, signOver, signPdf, verifyTrusting } from "./signer.ts";

/**
 * Attacks on the place of the signature in the file: what the ByteRange leaves out, what it claims to cover, and files that are
 * read in two ways. The one who prepares the file may sign it too: he wants two documents under one signature.
 */

const principal = makeSigner("Hiệu trưởng");
const verify = (bytes: Uint8Array) => verifyTrusting(bytes, [principal]);
const constant = cmsSigner(principal.identity, nodeCrypto);
const PLACE = 3000;

interface Shape {
  /** The signature dictionary around `contents`, which is the reserved string with its delimiters. */
  dictionary?: (contents: string, byteRange: string) => string;
  /** ByteRange instead of the true one; the digest is taken over what it names, as far as that lies in the file. */
  byteRange?: (true_: readonly number[]) => readonly (number | string)[];
  objects?: RawObjects;
  before?: string;
  after?: string;
  /** Changes the whole file before it is signed; lengths must stay. */
  edit?: (text: string) => string;
}

const FIELD = "<</Type/Annot/Subtype/Widget/FT/Sig/T(principal)/F 132/Rect[0 0 0 0]/P 3 0 R/V 12 0 R>>";
const usualDictionary = (contents: string, byteRange: string) =>
  `<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/ByteRange ${byteRange}/Contents ${contents}>>`;

/** A file signed in one go, without an update. */
function oneShot(shape: Shape = {}): Uint8Array {
  const reserved = `<${"0".repeat(PLACE)}>`;
  const room = "[0000000000 0000000000 0000000000 0000000000]";
  const objects: Record<number, string> = {
    ...RECORD,
    6: "<</Fields[7 0 R 13 0 R]/SigFlags 3>>",
    9: "[7 0 R 13 0 R]",
    12: (shape.dictionary ?? usualDictionary)(reserved, room),
    13: FIELD,
    ...shape.objects,
  };
  let text = (shape.before ?? "") + textOf(pdfFile(objects)) + (shape.after ?? "");
  const start = text.indexOf(reserved);
  const end = start + reserved.length;
  const wanted = shape.byteRange?.([0, start, end, text.length - end]) ?? [0, start, end, text.length - end];
  const written = `[${wanted.map((n) => String(n).padStart(10, " ")).join(" ")}]`.padEnd(room.length);
  text = text.replace(room, written.slice(0, Math.max(room.length, written.length)));
  if (shape.edit) text = shape.edit(text);
  const hash = createHash("sha256");
  const numbers = wanted.map(Number);
  for (let i = 0; i + 1 < numbers.length; i += 2) {
    const from = numbers[i]!;
    if (from >= 0 && from <= text.length) hash.update(octets(text.slice(from, from + Math.max(0, numbers[i + 1]!))));
  }
  const signedAttributes = buildSignedAttributes(constant, { messageDigest: new Uint8Array(hash.digest()) });
  const cms = buildSignedData(constant, { signedAttributes, signatureValue: signOver(principal, signedAttributes) });
  const hex = Buffer.from(cms).toString("hex").padEnd(PLACE, "0");
  return octets(text.slice(0, start + 1) + hex + text.slice(start + 1 + PLACE));
}

function refuses(bytes: Uint8Array): void {
  const report = verify(bytes);
  expect(report.indication, brief(report)).not.toBe("TOTAL-PASSED");
  for (const s of report.signatures)
    expect(s.integrity === "intact" && s.coverage === "whole-file", brief(report)).toBe(false);
}

describe("a file signed in one go", () => {
  it("passes", () => {
    const report = verify(oneShot());
    expect(report.indication, brief(report)).toBe("TOTAL-PASSED");
    expect(report.signatures[0]).toMatchObject({ coverage: "whole-file", integrity: "intact", laterChanges: "none" });
  });

  it.each<[string, (t: readonly number[]) => readonly (number | string)[]]>([
    ["is negative", ([a, b, c, d]) => [a!, b!, c!, -d!]],
    ["does not begin at the first octet", ([, b, c, d]) => [1, b! - 1, c!, d!]],
    ["leaves out more than the contents, in front", ([a, b, c, d]) => [a!, b! - 40, c!, d!]],
    ["leaves out more than the contents, behind", ([a, b, c, d]) => [a!, b!, c! + 2, d! - 2]],
    ["leaves the end out", ([a, b, c, d]) => [a!, b!, c!, d! - 60]],
    ["leads out of the file", ([a, b, c, d]) => [a!, b!, c!, d! + 60]],
    ["is larger than 32 bits", ([a, b, c, d]) => [a!, b!, c!, d! + 4294967296]],
    ["has reals", ([a, b, c, d]) => [a!, `${b}.5`, c!, d!]],
    ["has two numbers", ([a, b, c, d]) => [a!, b! + c! * 0 + d! * 0]],
    ["has three pairs", ([a, b, c, d]) => [a!, b!, c!, d! - 10, c! + d! - 10, 10]],
    ["overlaps", ([a, , c, d]) => [a!, c! + 10, c!, d!]],
    ["covers the beginning alone", ([a, b, c]) => [a!, b!, c!, 0]],
    ["covers nothing", () => [0, 0, 0, 0]],
  ])("fails when the ByteRange %s", (_, byteRange) => refuses(oneShot({ byteRange })));

  it("fails when keys of the signature stand twice", () => {
    for (const extra of [
      "/Contents<00>",
      "/ByteRange[0 1 2 3]",
      "/SubFilter/adbe.pkcs7.sha1",
      "/Type/Sig/Type/DocTimeStamp",
      "/Filter/X/Filter/Y",
    ]) {
      refuses(
        oneShot({ dictionary: (c, b) => usualDictionary(c, b).replace(/>>$/, `${extra}/Reason(a)/Reason(b)>>`) }),
      );
      refuses(oneShot({ dictionary: (c, b) => usualDictionary(c, b).replace(/^<</, `<<${extra}`) }));
    }
  });

  it("fails when the contents are a literal string, lie elsewhere, or are not what is left out", () => {
    refuses(oneShot({ dictionary: (c, b) => usualDictionary(`(${c.slice(1, -1)})`, b).concat(`%${c}`) }));
    refuses(oneShot({ dictionary: (c, b) => usualDictionary("20 0 R", b).concat(`%${c}`), objects: { 20: "<3000>" } }));
  });

  it("fails when something else than digits stands in the place", () => {
    const good = textOf(oneShot());
    const place = good.indexOf("/Contents <") + 11 + PLACE - 20;
    for (const filling of ["%comment", "(x)", "/N", "zz"]) {
      const bad = good.slice(0, place) + filling + good.slice(place + filling.length);
      refuses(octets(bad));
    }
  });

  // The picture's data runs over the signature: the digits that are under no signature are its dots.
  it("fails when the place of the signature is part of an image", () => {
    // Laid out by hand: the image, inside it the signature, then the rest.
    const reserved = `<${"0".repeat(PLACE)}>`;
    const room = "[0000000000 0000000000 0000000000 0000000000]";
    let out = "%PDF-1.7\n";
    const at = new Map<number, number>();
    const put = (num: number, body: string) => {
      at.set(num, out.length);
      out += `${num} 0 obj\n${body}\nendobj\n`;
    };
    const all: Record<number, string> = { ...RECORD, 6: "<</Fields[13 0 R]/SigFlags 3>>", 9: "[13 0 R]", 13: FIELD };
    for (const [num, body] of Object.entries(all)) if (num !== "5") put(Number(num), body);
    at.set(5, out.length);
    const head = "<</Type/XObject/Subtype/Image/Width 50/Height 60/BitsPerComponent 8/ColorSpace/DeviceGray/Length ";
    const signature = `12 0 obj\n${usualDictionary(reserved, room)}\nendobj\n`;
    out += `5 0 obj\n${head}${signature.length}>>stream\n`;
    at.set(12, out.length);
    out += `${signature}\nendstream\nendobj\n`;
    const start = out.length;
    const row = (num: number) => `${String(at.get(num) ?? 0).padStart(10, "0")} 00000 ${at.has(num) ? "n" : "f"}\r\n`;
    out += `xref\n0 14\n0000000000 65535 f\r\n${Array.from({ length: 13 }, (_, i) => row(i + 1)).join("")}`;
    out += `trailer\n<</Size 14/Root 1 0 R>>\nstartxref\n${start}\n%%EOF\n`;
    const place = out.indexOf(reserved);
    const range = [0, place, place + reserved.length, out.length - place - reserved.length];
    out = out.replace(room, `[${range.map((n) => String(n).padStart(10, " ")).join(" ")}]`);
    const hash = createHash("sha256")
      .update(octets(out.slice(0, place)))
      .update(octets(out.slice(place + reserved.length)));
    const signedAttributes = buildSignedAttributes(constant, { messageDigest: new Uint8Array(hash.digest()) });
    const cms = buildSignedData(constant, { signedAttributes, signatureValue: signOver(principal, signedAttributes) });
    const hex = Buffer.from(cms).toString("hex").padEnd(PLACE, "0");
    refuses(octets(out.slice(0, place + 1) + hex + out.slice(place + 1 + PLACE)));
  });
});

describe("around a signed file", () => {
  const signed = signPdf(pdfFile(RECORD), principal, "principal");

  it("fails with octets in front of the header, or a second file in front", () => {
    for (const front of ["x", "\n", "%PDF-1.7\n", textOf(pdfFile(RECORD))]) refuses(octets(front + textOf(signed)));
  });

  it("fails with octets behind the end", () => {
    const { length } = signed;
    for (const behind of [
      "x",
      "startxref\n9\n%%EOF\n",
      "%%EOF\n",
      `${length} 0 obj\n<<>>\nendobj\n`,
      "trailer\n<</Root 2 0 R>>\n",
      textOf(pdfFile(RECORD)),
    ]) {
      refuses(octets(textOf(signed) + behind));
    }
  });

  it("ends when the chain of sections runs in a circle, or is as long as it can be", () => {
    const text = textOf(signed);
    const start = text.length;
    const self = `xref\n0 0\ntrailer\n<</Size 60/Root 1 0 R/Prev ${start}>>\nstartxref\n${start}\n%%EOF\n`;
    refuses(octets(text + self));
    let chain = text;
    for (let i = 0; i < 600; i++) {
      const prev = lastStartxref(chain.slice(-60));
      chain += `xref\n0 0\ntrailer\n<</Size 60/Root 1 0 R/Prev ${prev}>>\nstartxref\n${chain.length}\n%%EOF\n`;
    }
    const started = performance.now();
    refuses(octets(chain));
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it("fails when the last startxref leads to the section before the signature", () => {
    const text = textOf(signed);
    const first = Number(/startxref\s+(\d+)/.exec(text)![1]);
    refuses(octets(`${text}startxref\n${first}\n%%EOF\n`));
  });

  it("fails when a whole signed file is carried inside another", () => {
    refuses(pdfFile({ ...RECORD, 40: stream(textOf(signed)) }));
  });
});

describe("a pupil's file of many objects", () => {
  // Thousands of fields whose pictures change at once: the analysis looks each up among all of them.
  it("is judged in seconds", () => {
    const fields = Array.from({ length: 4000 }, (_, i) => 1000 + 2 * i);
    const refs = fields.map((n) => `${n} 0 R`).join(" ");
    const look = (n: number) => [n + 1, stream("(a)Tj", "/Type/XObject/Subtype/Form/BBox[0 0 5 2]")] as const;
    const objects = {
      ...RECORD,
      6: `<</Fields[${refs}]>>`,
      9: `[${refs}]`,
      ...Object.fromEntries(
        fields.flatMap((n) => [
          [n, `<</Type/Annot/Subtype/Widget/FT/Tx/T(f${n})/V(1)/Rect[0 0 5 2]/AP<</N ${n + 1} 0 R>>>>`],
          look(n),
        ]),
      ),
    };
    const file = signPdf(pdfFile(objects), principal, "principal");
    const text = textOf(file);
    let out = text;
    const rows = fields.map((n) => {
      const at = out.length;
      out += `${n + 1} 0 obj\n${stream("(b)Tj", "/Type/XObject/Subtype/Form/BBox[0 0 5 2]")}\nendobj\n`;
      return `${n + 1} 1\n${String(at).padStart(10, "0")} 00000 n\r\n`;
    });
    const start = out.length;
    out += `xref\n${rows.join("")}trailer\n<</Size 30000/Root 1 0 R/Info 10 0 R/Prev ${lastStartxref(text)}>>\nstartxref\n${start}\n%%EOF\n`;
    const started = performance.now();
    refuses(octets(out));
    const took = performance.now() - started;
    console.log(`4,000 pictures changed: ${took.toFixed(0)} ms`);
    expect(took).toBeLessThan(8000);
  }, 30_000);
});
