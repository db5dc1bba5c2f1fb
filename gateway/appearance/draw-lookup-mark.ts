import type { Bilingual } from "@hocba/signatures";
import type { Picture } from "@hocba/signatures/sign";
import { type RGB, rgb } from "pdf-lib";
import { fittingSize, type PreparedFace, preparedFace } from "../drawing/index.ts";
import { PictureSheet } from "./picture-sheet.ts";
import { qrOperators } from "./qr-operators.ts";

/** What the mark says: where the QR code leads, and the short code for people without a camera. */
export interface LookupMarkContent {
  readonly url: string;
  readonly code: string;
  readonly label: Bilingual;
  readonly width: number;
  readonly height: number;
}

const dark = rgb(0.09, 0.09, 0.09);
const grey = rgb(0.38, 0.38, 0.38);

/**
 * The lookup mark: QR code, below it label and code; beside it in a wide place. Its fonts are those that the signatures' pictures refer
 * to later. The same content gives the same octets. @throws DrawingError FONT_MISSING
 */
export async function drawLookupMark({ url, code, label, width, height }: LookupMarkContent): Promise<Picture> {
  const regular = await preparedFace("regular", [label.vi, label.en]);
  const bold = await preparedFace("bold", []);
  const wide = width > height * 1.4;
  const below = wide ? 0 : Math.min(26, height * 0.27);
  const size = Math.min(width, height - below);
  const sheet = new PictureSheet(width, height);
  sheet.unitSquare(qrOperators(url), wide ? 0 : (width - size) / 2, 0, size);
  const room = wide ? width - size - 2 : width;
  const line = (text: string, face: PreparedFace, most: number, y: number, color: RGB) =>
    sheet.text(text, wide ? size + 2 : width / 2, height - y, {
      face,
      size: fittingSize(text, face, most, room),
      align: wide ? "left" : "center",
      color,
    });
  line(label.vi, regular, 7, wide ? height / 2 + 8 : below * 0.74, grey);
  line(code, bold, wide ? 10 : 8.5, wide ? height / 2 - 3 : below * 0.38, dark);
  line(label.en, regular, 6, wide ? height / 2 - 12 : below * 0.08, grey);
  return sheet.picture();
}
