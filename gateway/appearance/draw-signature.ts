import type { SignatureAppearance } from "@hocba/signatures/profiles";
import { PDFDocument, type PDFFont, type RGB, rgb } from "pdf-lib";
import { breakLines, embedRecordFont, faint, fittingSize, ink, Sheet } from "../drawing/index.ts";

/** What a visible signature says. */
export interface SignatureContent {
  readonly template: SignatureAppearance["template"];
  readonly width: number;
  readonly height: number;
  readonly name: string;
  readonly role: string;
  /** null: not said by the certificate, or the same as `name`. */
  readonly organization: string | null;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** A seal is drawn in red, a person in blue. */
  readonly seal: boolean;
  /** PNG. */
  readonly image: Uint8Array | null;
}

interface Faces {
  readonly regular: PDFFont;
  readonly bold: PDFFont;
}

const blue = rgb(0.06, 0.27, 0.58);
const red = rgb(0.78, 0.1, 0.1);
const MINUTE = 60_000;
/** Việt Nam keeps one time all year. */
const ZONE = 7 * 60 * MINUTE;

/**
 * A visible signature as a PDF of one page with its fonts in it. The same content gives the same octets: a document prepared
 * again after a crash must be the same. @throws DrawingError FONT_MISSING; Error when the image is no PNG
 */
export async function drawSignature(content: SignatureContent): Promise<Uint8Array> {
  const document = await PDFDocument.create({ updateMetadata: false });
  // Each face costs some 12 KB in every signed document: italics are done without.
  const regular = await embedRecordFont(document, "regular");
  const fonts: Faces =
    content.template === "agency-text"
      ? { regular, bold: regular }
      : { regular, bold: await embedRecordFont(document, "bold") };
  const sheet = new Sheet(document.addPage([content.width, content.height]));
  switch (content.template) {
    case "block":
      drawBlock(sheet, content, fonts);
      break;
    case "signature-image":
      if (content.image) await drawImage(document, sheet, content.image);
      else drawHand(sheet, content, fonts);
      break;
    case "seal":
      if (content.image) await drawImage(document, sheet, content.image);
      else drawSeal(sheet, content, fonts);
      break;
    case "agency-text":
      drawAgencyText(sheet, content, fonts);
  }
  return document.save({ useObjectStreams: false, addDefaultPage: false });
}

/** Frame, name, role, organisation, time; sizes follow the place. */
function drawBlock(sheet: Sheet, content: SignatureContent, fonts: Faces): void {
  const { width, height } = sheet;
  const color = content.seal ? red : blue;
  const unit = Math.min(height / 84, width / 150);
  const bar = 3 * unit;
  tick(sheet, width - 30 * unit, height / 2, 40 * unit, tint(color, 0.88));
  sheet.box(0.4, 0.4, width - 0.8, height - 0.8, { border: 0.8, color: tint(color, 0.35) });
  sheet.box(0, 0, bar, height, { fill: color });
  const x = bar + 7 * unit;
  const room = width - x - 6 * unit;
  const lines: [text: string, size: number, face: keyof Faces, color: RGB, lead: number][] = [
    [content.seal ? "Ký phát hành bởi / Issued by" : "Ký số bởi / Digitally signed by", 7, "regular", faint, 0],
    [content.name, 12, "bold", color, 15],
    [content.role, 9, "regular", ink, 13],
    ...(content.organization === null
      ? []
      : ([[content.organization, 8, "regular", ink, 12]] as [string, number, "regular", RGB, number][])),
    [`Thời gian ký: ${localTime(content.time)}`, 8, "regular", ink, 13],
  ];
  const tall = lines.reduce((sum, line) => sum + line[4], 0);
  let y = (height - tall * unit) / 2 + 3 * unit;
  for (const [text, size, face, shade, lead] of lines) {
    y += lead * unit;
    sheet.text(text, x, y, {
      font: fonts[face],
      size: fittingSize(text, fonts[face], size * unit, room),
      color: shade,
    });
  }
}

/** In the place of a missing image of a person's signature: the name as if written, blue, and the time small below it. */
function drawHand(sheet: Sheet, content: SignatureContent, fonts: Faces): void {
  const { width, height } = sheet;
  const size = fittingSize(content.name, fonts.bold, height * 0.36, width - 8);
  sheet.text(content.name, width / 2, height * 0.5, { font: fonts.bold, size, align: "center", color: blue });
  sheet.line(width * 0.12, height * 0.62, width * 0.88, height * 0.62, 0.7, blue);
  const note = `Ký số ${localTime(content.time)}`;
  sheet.text(note, width / 2, height * 0.82, {
    font: fonts.regular,
    size: fittingSize(note, fonts.regular, height * 0.14, width - 8),
    align: "center",
    color: blue,
  });
}

/**
 * In the place of a missing image of the seal: two red circles with the agency's name in them. It says that it stands for a
 * digital seal and copies no seal of metal.
 */
function drawSeal(sheet: Sheet, content: SignatureContent, fonts: Faces): void {
  const { page, width, height } = sheet;
  const [x, y] = [width / 2, height / 2];
  const radius = Math.min(width, height) / 2 - 1.2;
  page.drawCircle({ x, y, size: radius, borderColor: red, borderWidth: radius * 0.045 });
  page.drawCircle({ x, y, size: radius * 0.9, borderColor: red, borderWidth: radius * 0.018 });
  const size = radius * 0.19;
  const name = content.name.toUpperCase();
  const lines = breakLines(name, fonts.bold, size, radius * 1.35).slice(0, 5);
  let baseline = y * 1 - ((lines.length - 1) * size * 1.25) / 2 + size * 0.1;
  for (const line of lines) {
    // The chord at this height, so that no letter touches the circle.
    const off = Math.abs(baseline - y);
    const chord = 2 * Math.sqrt(Math.max(1, (radius * 0.84) ** 2 - off ** 2));
    const fitted = fittingSize(line, fonts.bold, size, chord);
    sheet.text(line, x, baseline, { font: fonts.bold, size: fitted, align: "center", color: red });
    baseline += size * 1.25;
  }
  star(sheet, x, y - radius * 0.62, radius * 0.16);
  const note = "CON DẤU SỐ";
  sheet.text(note, x, y + radius * 0.7, { font: fonts.bold, size: radius * 0.12, align: "center", color: red });
}

/** NĐ 30/2020 Phụ lục I: the agency's name and the time of signing in ISO 8601, upright, 10 points, black, right-aligned. */
function drawAgencyText(sheet: Sheet, content: SignatureContent, fonts: Faces): void {
  const { width, height } = sheet;
  const black = rgb(0, 0, 0);
  const lines = [...breakLines(content.name, fonts.regular, 10, width).slice(0, 3), isoTime(content.time)];
  const size = Math.min(10, height / (lines.length * 1.2));
  lines.forEach((line, i) => {
    sheet.text(line, width, size * (0.95 + i * 1.2), {
      font: fonts.regular,
      size: fittingSize(line, fonts.regular, size, width),
      align: "right",
      color: black,
    });
  });
}

async function drawImage(document: PDFDocument, sheet: Sheet, png: Uint8Array): Promise<void> {
  const image = await document.embedPng(png);
  const scale = Math.min(sheet.width / image.width, sheet.height / image.height);
  const [width, height] = [image.width * scale, image.height * scale];
  sheet.page.drawImage(image, { x: (sheet.width - width) / 2, y: (sheet.height - height) / 2, width, height });
}

/** Centre and width of a tick in a circle. */
function tick(sheet: Sheet, x: number, y: number, size: number, color: RGB): void {
  const at = { x: x - size / 2, y: sheet.height - y + size / 2, scale: size / 40 };
  sheet.page.drawCircle({
    x,
    y: sheet.height - y,
    size: size / 2 - size / 20,
    borderColor: color,
    borderWidth: size / 13,
  });
  sheet.page.drawSvgPath("M11,21 L18,28 L30,13", { ...at, borderColor: color, borderWidth: size / 10 });
}

function star(sheet: Sheet, x: number, y: number, radius: number): void {
  const points: string[] = [];
  for (let i = 0; i < 10; i++) {
    const angle = (Math.PI / 5) * i - Math.PI / 2;
    const r = i % 2 === 0 ? radius : radius * 0.4;
    points.push(`${(Math.cos(angle) * r).toFixed(3)},${(Math.sin(angle) * r).toFixed(3)}`);
  }
  sheet.page.drawSvgPath(`M${points.join("L")}Z`, { x, y: sheet.height - y, color: red, borderWidth: 0 });
}

const tint = (color: RGB, share: number): RGB =>
  rgb(
    color.red + (1 - color.red) * share,
    color.green + (1 - color.green) * share,
    color.blue + (1 - color.blue) * share,
  );

/** `10:00:00 20/05/2026 (+07:00)` */
function localTime(time: number): string {
  const [date, clock] = isoTime(time).slice(0, 19).split("T") as [string, string];
  return `${clock} ${date.split("-").reverse().join("/")} (+07:00)`;
}

/** `2026-05-20T10:00:00+07:00` */
const isoTime = (time: number): string => `${new Date(time + ZONE).toISOString().slice(0, 19)}+07:00`;
