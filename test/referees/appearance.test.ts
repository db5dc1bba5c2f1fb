import { execFileSync, spawnSync } from "node:child_process";
import { createPrivateKey, createSign, type KeyObject, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { createAppearances, lookupCode, lookupUrl, readLookupCode } from "@hocba/gateway/appearance";
import { makeClass, transcriptPdf, transcriptSignaturePlaces } from "@hocba/gateway/demo/sample-class";
import { signingFormats } from "@hocba/gateway/pipeline";
import { analyseChanges, coverage, openPdf, signatureFields } from "@hocba/signatures/pdf";
import { type Place, type Profile, shippedProfiles } from "@hocba/signatures/profiles";
import { degrees, PDFDocument } from "pdf-lib";
import qrcode from "qrcode-generator";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const dir = mkdtempSync(join(tmpdir(), "appearance-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const path = (name: string) => join(dir, name);
const time = Date.parse("2026-05-28T09:15:30Z");
const publicUrl = "https://hocba.example";

interface Signer {
  certificate: Uint8Array;
  key: KeyObject;
  serial: string;
}
const signers = new Map<string, Signer>();

function makeSigner(role: string, subject: string): void {
  const usage = ["-addext", "keyUsage=critical,digitalSignature,nonRepudiation"];
  const out = ["-keyout", path(`${role}.key`), "-out", path(`${role}.pem`), "-days", "30", "-utf8", "-subj", subject];
  execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", ...out, ...usage], { stdio: "pipe" });
  const certificate = new X509Certificate(readFileSync(path(`${role}.pem`)));
  signers.set(role, {
    certificate: new Uint8Array(certificate.raw),
    key: createPrivateKey(readFileSync(path(`${role}.key`))),
    serial: certificate.serialNumber,
  });
}

beforeAll(() => {
  const school = "/C=VN/O=UBND TỈNH AN HÀ/OU=UBND XÃ PHÚ MỘNG";
  makeSigner("homeroom-teacher", `${school}/OU=TRƯỜNG THCS BÔNG ĐIÊN ĐIỂN/CN=Nguyễn Thị Ánh Tuyết`);
  makeSigner("principal", `${school}/OU=TRƯỜNG THCS BÔNG ĐIÊN ĐIỂN/CN=Đỗ Quỳnh Thảo`);
  makeSigner("seal", `${school}/CN=TRƯỜNG THCS BÔNG ĐIÊN ĐIỂN`);
});

/** Signs every step as the pipeline does; each revision is handed to the referees. */
async function signAll(original: Uint8Array, profile: Profile, images: string | null = null): Promise<Uint8Array> {
  const format = signingFormats(nodeCrypto, createAppearances({ publicUrl, images })).pdf;
  let document = original;
  for (const planned of await format.plan(profile, async () => document)) {
    const { certificate, key } = signers.get(planned.step.role)!;
    const identity = { certificate, chain: [], algorithm: "rsa-pkcs1-sha256" as const };
    const group = await format.prepare(document, [{ planned, profile, identity, signingTime: time }]);
    const before = document;
    document = group.complete([new Uint8Array(createSign("sha256").update(group.toBeSigned[0]!).sign(key))], [null]);
    expect(Buffer.compare(document.subarray(0, before.length), before), "the old octets stay").toBe(0);
  }
  return document;
}

function expectGood(document: Uint8Array, count: number): void {
  const file = path("signed.pdf");
  writeFileSync(file, document);
  const seen = spawnSync("pdfsig", ["-nocert", file], { encoding: "utf8" }).stdout;
  expect(seen.match(/Signature Validation: Signature is Valid/g)?.length ?? 0, seen).toBe(count);
  const check = spawnSync("qpdf", ["--check", file], { encoding: "utf8" });
  expect(check.stderr).toBe("");
  expect(check.status).toBe(0);
  const opened = openPdf(document);
  const ours = signatureFields(opened);
  expect(ours.length).toBe(count);
  for (const [i, signature] of ours.entries()) {
    const last = i === count - 1;
    expect(coverage(opened, signature).level).toBe(last ? "whole-file" : "earlier-revision");
    expect(analyseChanges(opened, signature).verdict).toBe(last ? "none" : "permitted");
  }
}

interface Picture {
  width: number;
  height: number;
  at(x: number, y: number): readonly [number, number, number];
}

/** A page as poppler shows it: turned and cropped. `page` from 1. */
function render(document: Uint8Array, page: number, dpi: number): Picture {
  writeFileSync(path("shown.pdf"), document);
  const args = ["-r", String(dpi), "-f", String(page), "-l", String(page), "-cropbox", path("shown.pdf")];
  const ppm = execFileSync("pdftoppm", args, { maxBuffer: 1 << 28 });
  const head = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(ppm.subarray(0, 40).toString("latin1"))!;
  const [width, height] = [Number(head[1]), Number(head[2])];
  const at = (x: number, y: number) => {
    const i = head[0].length + (Math.round(y) * width + Math.round(x)) * 3;
    return [ppm[i]!, ppm[i + 1]!, ppm[i + 2]!] as const;
  };
  return { width, height, at };
}

/** The box round everything that differs between two pictures of a page: left, top, right, bottom in pixels. */
function changedBox(a: Picture, b: Picture): [number, number, number, number] | null {
  expect([a.width, a.height]).toEqual([b.width, b.height]);
  let box: [number, number, number, number] | null = null;
  for (let y = 0; y < a.height; y++) {
    for (let x = 0; x < a.width; x++) {
      const [p, q] = [a.at(x, y), b.at(x, y)];
      if (Math.max(...p.map((v, i) => Math.abs(v - q[i]!))) < 40) continue;
      box = box ? [Math.min(box[0], x), Math.min(box[1], y), Math.max(box[2], x), Math.max(box[3], y)] : [x, y, x, y];
    }
  }
  return box;
}

const oneStep = (
  places: readonly Place[],
  change: Partial<NonNullable<Profile["steps"][number]["pdf"]>> = {},
): Profile => ({
  name: "one",
  title: { vi: "Thử", en: "Trial" },
  format: "pdf",
  steps: [
    {
      id: "principal",
      role: "principal",
      title: { vi: "Hiệu trưởng", en: "Principal" },
      order: 1,
      level: "B",
      pdf: { fieldName: "S1", reason: "Phê duyệt", appearance: { template: "block", places }, ...change },
    },
  ],
});

async function blank(rotation: number, crop: boolean): Promise<Uint8Array> {
  const pdf = await PDFDocument.create();
  for (let n = 0; n < 2; n++) {
    const page = pdf.addPage([500, 700]);
    page.setRotation(degrees(rotation));
    if (crop) page.setCropBox(60, 90, 380, 520);
  }
  return pdf.save();
}

describe("the sample transcript", () => {
  let original: Uint8Array;
  let signed: Uint8Array;
  beforeAll(async () => {
    original = await transcriptPdf(makeClass({ pupils: 2 }).pupils[0]!);
    signed = await signAll(original, shippedProfiles.get("hocba-pdf")!);
  });

  it("shows three signatures in the places kept for them, valid for pdfsig, qpdf and our own analysis", () => {
    expectGood(signed, 3);
    const before = render(original, 2, 72);
    const after = render(signed, 2, 72);
    for (const [field, { rect }] of Object.entries(transcriptSignaturePlaces)) {
      const [x1, y1, x2, y2] = rect;
      const inside: Picture = {
        width: Math.ceil(x2 - x1) + 8,
        height: Math.ceil(y2 - y1) + 8,
        at: (x, y) => after.at(x + x1 - 4, y + after.height - y2 - 4),
      };
      const box = changedBox({ ...inside, at: (x, y) => before.at(x + x1 - 4, y + before.height - y2 - 4) }, inside);
      expect(box, field).not.toBeNull();
      for (const [i, edge] of [4, 4, 4 + x2 - x1, 4 + y2 - y1].entries()) {
        expect(Math.abs(box![i]! - edge), `${field} edge ${i}`).toBeLessThanOrEqual(2.5);
      }
    }
    // Nothing else on the page has changed.
    const all = changedBox(before, after)!;
    expect(all[1]).toBeGreaterThanOrEqual(before.height - transcriptSignaturePlaces.GVCN.rect[3] - 3);
  });

  it("names signer, role and time in text that can be searched", () => {
    writeFileSync(path("text.pdf"), signed);
    const text = execFileSync("pdftotext", ["-layout", path("text.pdf"), "-"], { encoding: "utf8" }).normalize("NFC");
    for (const word of ["Nguyễn Thị Ánh Tuyết", "Đỗ Quỳnh Thảo", "Hiệu trưởng", "16:15:30 28/05/2026 (+07:00)"]) {
      expect(text).toContain(word);
    }
  });

  it("carries a QR code, module for module, that leads to the portal with the code of the file", () => {
    const code = lookupCode(
      nodeCrypto.digest("sha256", original).reduce((hex, o) => hex + o.toString(16).padStart(2, "0"), ""),
    );
    const expected = qrcode(0, "M");
    expected.addData(lookupUrl(publicUrl, code));
    expected.make();
    const place = shippedProfiles.get("hocba-pdf")!.pdf!.lookup!.places[0]!;
    if (place.by !== "corner") throw new Error("the profile has moved the mark");
    const dpi = 288;
    const scale = dpi / 72;
    const page = render(signed, 1, dpi);
    const count = expected.getModuleCount();
    const size = Math.min(place.width, place.height - Math.min(26, place.height * 0.27)) * scale;
    const left = page.width - (place.margin[0] + place.width / 2) * scale - size / 2;
    const top = page.height - (place.margin[1] + place.height) * scale;
    const module = size / (count + 8);
    let wrong = 0;
    for (let row = 0; row < count; row++) {
      for (let column = 0; column < count; column++) {
        const [value] = page.at(left + (column + 4.5) * module - 0.5, top + (row + 4.5) * module - 0.5);
        if (value < 128 !== expected.isDark(row, column)) wrong++;
      }
    }
    expect(wrong).toBe(0);
    expect(readLookupCode(code)).toMatch(/^[0-9a-f]{15}$/);
  });

  it("is the same to the octet when it is made again", async () => {
    expect(Buffer.compare(await signAll(original, shippedProfiles.get("hocba-pdf")!), signed)).toBe(0);
  });

  it("is signed invisibly where the document has no such place, and without a mark where there is no portal", async () => {
    const profile = shippedProfiles.get("hocba-pdf")!;
    const document = await signAll(await blank(0, false), { ...profile, pdf: {} });
    expectGood(document, 3);
    expect(changedBox(render(await blank(0, false), 2, 50), render(document, 2, 50))).toBeNull();
  });
});

describe("a place on the page as it is seen", () => {
  const turns = [0, 90, 180, 270].flatMap((rotation) => [false, true].map((crop) => [rotation, crop] as const));

  it.each(turns)("holds on a page turned by %i, cropped: %s", async (rotation, crop) => {
    const original = await blank(rotation, crop);
    const document = await signAll(original, oneStep([{ by: "rect", page: -1, rect: [40, 60, 200, 140] }]));
    expectGood(document, 1);
    const before = render(original, 2, 72);
    const after = render(document, 2, 72);
    const box = changedBox(before, after)!;
    const wanted = [40, after.height - 140, 200, after.height - 60];
    for (const [i, edge] of wanted.entries()) expect(Math.abs(box[i]! - edge), `edge ${i}`).toBeLessThanOrEqual(2.5);
    // Upright: the coloured bar stands at the left side.
    const [r, , b] = after.at(41, after.height - 100);
    expect(b - r).toBeGreaterThan(60);
    expect(changedBox(render(original, 1, 50), render(document, 1, 50))).toBeNull();
  });

  it.each([0, 90, 180, 270])("is found by a text on a page turned by %i", async (rotation) => {
    const pdf = await PDFDocument.create();
    const page = pdf.addPage([500, 700]);
    page.setRotation(degrees(rotation));
    const words: [string, number, number][] = [
      ["SIGN HERE", 100, 300],
      ["SIGN", 250, 400],
      [" here", 290, 400],
    ];
    for (const [word, x, y] of words) {
      const [ux, uy] =
        rotation === 0 ? [x, y] : rotation === 90 ? [500 - y, x] : rotation === 180 ? [500 - x, 700 - y] : [y, 700 - x];
      page.drawText(word, { x: ux, y: uy, size: 12, rotate: degrees(rotation) });
    }
    const original = await pdf.save();
    const place = { by: "anchor", page: 1, text: "Sign Here", below: 10, width: 120, height: 60 } as const;
    const document = await signAll(original, oneStep([place]));
    expectGood(document, 1);
    const after = render(document, 1, 72);
    const box = changedBox(render(original, 1, 72), after)!;
    // The last of the two: from x 250 to about 318, baseline 400 above the lower edge.
    const middle = (box[0] + box[2]) / 2;
    expect(middle).toBeGreaterThan(278);
    expect(middle).toBeLessThan(292);
    expect(Math.abs(box[1] - (after.height - 390))).toBeLessThanOrEqual(2.5);
    expect(Math.abs(box[3] - box[1] - 60)).toBeLessThanOrEqual(3);
  });
});

describe("NĐ 30/2020", () => {
  it("shows the signature's image and the red seal over a third of it, on its left", async () => {
    const { principal, seal } = { principal: signers.get("principal")!, seal: signers.get("seal")! };
    writeFileSync(path(`${principal.serial}.png`), png(300, 132, [20, 60, 180, 255]));
    writeFileSync(path(`${seal.serial}.png`), png(204, 204, [220, 20, 20, 255]));
    const original = await blank(0, false);
    const document = await signAll(original, shippedProfiles.get("van-ban-nd30")!, dir);
    expectGood(document, 2);
    const after = render(document, 2, 72);
    // The signature: 150 wide, 72 from the right. The seal: 102 wide, ending where a third of the signature is covered.
    const left = 500 - 72 - 150;
    const y = after.height - 110 - 33;
    expect(after.at(left + 75, y)[2]).toBeGreaterThan(150);
    expect(after.at(left + 45, y)[0]).toBeGreaterThan(180);
    expect(after.at(left + 55, y)[0]).toBeLessThan(100);
    expect(after.at(left - 48, y)[0]).toBeGreaterThan(180);
    expect(after.at(left - 48, y)[1]).toBeLessThan(100);
    expect(after.at(left - 56, y)).toEqual([255, 255, 255]);
  });

  it("puts agency and ISO 8601 time at the top right of an appendix, in black", async () => {
    const document = await signAll(await blank(0, false), shippedProfiles.get("van-ban-nd30-phu-luc")!);
    expectGood(document, 1);
    writeFileSync(path("text.pdf"), document);
    const text = execFileSync("pdftotext", ["-layout", path("text.pdf"), "-"], { encoding: "utf8" }).normalize("NFC");
    expect(text).toContain("TRƯỜNG THCS BÔNG ĐIÊN ĐIỂN");
    expect(text).toContain("2026-05-28T16:15:30+07:00");
    const box = changedBox(render(await blank(0, false), 1, 72), render(document, 1, 72))!;
    expect(box[2]).toBeGreaterThan(500 - 42 - 4);
    expect(box[3]).toBeLessThan(60);
  });
});

describe("certification and locks of a profile", () => {
  it("are in the first signature and bind", async () => {
    const profile = shippedProfiles.get("hocba-pdf")!;
    const steps = profile.steps.map((step, i) => ({
      ...step,
      pdf: { ...step.pdf!, ...(i === 0 ? { lock: { action: "Include" as const, fields: ["GVCN", "S1"] } } : {}) },
    }));
    const document = await signAll(await blank(0, false), { ...profile, steps, pdf: { docMdp: 2 } });
    expectGood(document, 3);
    const [first, second] = signatureFields(openPdf(document));
    expect(first!.docMdp).toBe(2);
    expect(first!.fieldMdp).toMatchObject({ action: "Include", fields: ["GVCN", "S1"] });
    expect(second!.docMdp).toBeNull();
    const more = oneStep([{ by: "rect", page: 1, rect: [0, 0, 100, 50] }]);
    await expect(signAll(document, more)).rejects.toMatchObject({ code: "PDF_CERTIFIED_NO_CHANGES" });
  });
});

/** A picture of one colour. */
function png(width: number, height: number, color: readonly number[]): Uint8Array {
  const table = Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c >>> 0;
  });
  const crc = (data: Uint8Array) => ~data.reduce((c, octet) => table[(c ^ octet) & 255]! ^ (c >>> 8), -1) >>> 0;
  const chunk = (type: string, data: Uint8Array) => {
    const out = Buffer.alloc(12 + data.length);
    out.writeUInt32BE(data.length, 0);
    out.write(type, 4, "latin1");
    out.set(data, 8);
    out.writeUInt32BE(crc(out.subarray(4, 8 + data.length)), 8 + data.length);
    return out;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 6, 0, 0, 0], 8);
  const row = Buffer.from([0, ...Array.from({ length: width }, () => color).flat()]);
  const data = deflateSync(Buffer.concat(Array.from({ length: height }, () => row)));
  const start = Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]);
  return Buffer.concat([start, chunk("IHDR", head), chunk("IDAT", data), chunk("IEND", Buffer.alloc(0))]);
}
