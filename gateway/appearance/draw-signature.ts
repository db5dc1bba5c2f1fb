import type { SignatureAppearance } from "@hocba/signatures/profiles";
import type { Picture } from "@hocba/signatures/sign";
import { type RGB, rgb } from "pdf-lib";
import { breakLines, faint, fittingSize, ink, type PreparedFace, preparedFace } from "../drawing/index.ts";
import { PictureSheet } from "./picture-sheet.ts";

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
}

interface Faces {
  readonly regular: PreparedFace;
  readonly bold: PreparedFace;
}

const blue = rgb(0.06, 0.27, 0.58);
const red = rgb(0.78, 0.1, 0.1);
const MINUTE = 60_000;
/** Việt Nam keeps one time all year. */
const ZONE = 7 * 60 * MINUTE;

/**
 * A visible signature, with its fonts. The same content gives the same octets: a document prepared again after a crash must be the same.
 * @throws DrawingError FONT_MISSING
 */
export async function drawSignature(content: SignatureContent): Promise<Picture> {
  const texts = textsOf(content);
  const regular = await preparedFace("regular", texts);
  const fonts = { regular, bold: content.template === "agency-text" ? regular : await preparedFace("bold", texts) };
  const sheet = new PictureSheet(content.width, content.height);
  DRAWN[content.template](sheet, content, fonts);
  return sheet.picture();
}

type Draw = (sheet: PictureSheet, content: SignatureContent, fonts: Faces) => void;

const DRAWN: Record<SignatureContent["template"], Draw> = {
  block: drawBlock,
  "signature-image": drawHand,
  seal: drawSeal,
  "agency-text": drawAgencyText,
};

/** What certificates and profiles say; the rest is in every face. */
const textsOf = ({ name, role, organization }: SignatureContent): string[] => [
  name,
  name.toUpperCase(),
  role,
  organization ?? "",
];

/** Frame, name, role, organisation, time; sizes follow the place. */
function drawBlock(sheet: PictureSheet, content: SignatureContent, fonts: Faces): void {
  const { width, height } = sheet;
  const color = content.seal ? red : blue;
  const unit = Math.min(height / 84, width / 150);
  const bar = 3 * unit;
  tick(sheet, width - 30 * unit, height / 2, 40 * unit, tint(color, 0.88));
  sheet.frame(0.4, 0.4, width - 0.8, height - 0.8, 0.8, tint(color, 0.35));
  sheet.fill(0, 0, bar, height, color);
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
      face: fonts[face],
      size: fittingSize(text, fonts[face], size * unit, room),
      color: shade,
    });
  }
}

/** In the place of a missing image of a person's signature: the name as if written, blue, and the time small below it. */
function drawHand(sheet: PictureSheet, content: SignatureContent, fonts: Faces): void {
  const { width, height } = sheet;
  const size = fittingSize(content.name, fonts.bold, height * 0.36, width - 8);
  sheet.text(content.name, width / 2, height * 0.5, { face: fonts.bold, size, align: "center", color: blue });
  sheet.line(width * 0.12, height * 0.62, width * 0.88, height * 0.62, 0.7, blue);
  const note = `Ký số ${localTime(content.time)}`;
  sheet.text(note, width / 2, height * 0.82, {
    face: fonts.regular,
    size: fittingSize(note, fonts.regular, height * 0.14, width - 8),
    align: "center",
    color: blue,
  });
}

/**
 * In the place of a missing image of the seal: two red circles with the agency's name in them. It says that it stands for a
 * digital seal and copies no seal of metal.
 */
function drawSeal(sheet: PictureSheet, content: SignatureContent, fonts: Faces): void {
  const { width, height } = sheet;
  const [x, y] = [width / 2, height / 2];
  const radius = Math.min(width, height) / 2 - 1.2;
  sheet.circle(x, y, radius, radius * 0.045, red);
  sheet.circle(x, y, radius * 0.9, radius * 0.018, red);
  const size = radius * 0.19;
  const name = content.name.toUpperCase();
  const lines = breakLines(name, fonts.bold, size, radius * 1.35).slice(0, 5);
  let baseline = y * 1 - ((lines.length - 1) * size * 1.25) / 2 + size * 0.1;
  for (const line of lines) {
    // The chord at this height, so that no letter touches the circle.
    const off = Math.abs(baseline - y);
    const chord = 2 * Math.sqrt(Math.max(1, (radius * 0.84) ** 2 - off ** 2));
    const fitted = fittingSize(line, fonts.bold, size, chord);
    sheet.text(line, x, baseline, { face: fonts.bold, size: fitted, align: "center", color: red });
    baseline += size * 1.25;
  }
  star(sheet, x, y - radius * 0.62, radius * 0.16);
  const note = "CON DẤU SỐ";
  sheet.text(note, x, y + radius * 0.7, { face: fonts.bold, size: radius * 0.12, align: "center", color: red });
}

/** NĐ 30/2020 Phụ lục I: the agency's name and the time of signing in ISO 8601, upright, 10 points, black, right-aligned. */
function drawAgencyText(sheet: PictureSheet, content: SignatureContent, fonts: Faces): void {
  const { width, height } = sheet;
  const black = rgb(0, 0, 0);
  const lines = [...breakLines(content.name, fonts.regular, 10, width).slice(0, 3), isoTime(content.time)];
  const size = Math.min(10, height / (lines.length * 1.2));
  lines.forEach((line, i) => {
    sheet.text(line, width, size * (0.95 + i * 1.2), {
      face: fonts.regular,
      size: fittingSize(line, fonts.regular, size, width),
      align: "right",
      color: black,
    });
  });
}

/** Centre and width of a tick in a circle. */
function tick(sheet: PictureSheet, x: number, y: number, size: number, color: RGB): void {
  const at = (dx: number, dy: number) => [x + ((dx - 20) * size) / 40, y + ((dy - 20) * size) / 40] as const;
  sheet.circle(x, y, size / 2 - size / 20, size / 13, color);
  sheet.polyline([at(11, 21), at(18, 28), at(30, 13)], size / 10, color);
}

function star(sheet: PictureSheet, x: number, y: number, radius: number): void {
  const points = Array.from({ length: 10 }, (_, i) => {
    const angle = (Math.PI / 5) * i - Math.PI / 2;
    const r = i % 2 === 0 ? radius : radius * 0.4;
    return [x + Math.cos(angle) * r, y + Math.sin(angle) * r] as const;
  });
  sheet.polygon(points, red);
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
