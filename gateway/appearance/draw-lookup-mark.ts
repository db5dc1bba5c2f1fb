import { deflateSync } from "node:zlib";
import type { Bilingual } from "@hocba/signatures";
import { qrOperators } from "./qr-operators.ts";
import { type VectorText, vectorText } from "./vector-text.ts";

/** What the mark says: where the QR code leads, and the short code for people without a camera. */
export interface LookupMarkContent {
  readonly url: string;
  readonly code: string;
  readonly label: Bilingual;
  readonly width: number;
  readonly height: number;
}

/**
 * The lookup mark as a PDF of one page: QR code, below it label and code; beside it in a wide place. Every document has another one, so
 * it is drawn in outlines, without fonts to subset; the code can be copied as text. The same content gives the same octets.
 * @throws DrawingError FONT_MISSING
 */
export async function drawLookupMark({ url, code, label, width, height }: LookupMarkContent): Promise<Uint8Array> {
  const wide = width > height * 1.4;
  const below = wide ? 0 : Math.min(26, height * 0.27);
  const size = Math.min(width, height - below);
  const lines: [text: VectorText, most: number, y: number, grey: number][] = [
    [await known(label.vi, "regular"), 7, wide ? height / 2 + 8 : below * 0.74, 0.38],
    [await vectorText(code, "bold"), wide ? 10 : 8.5, wide ? height / 2 - 3 : below * 0.38, 0.09],
    [await known(label.en, "regular"), 6, wide ? height / 2 - 12 : below * 0.08, 0.38],
  ];
  const left = wide ? 0 : (width - size) / 2;
  const room = wide ? width - size - 2 : width;
  let content = `q ${n(size)} 0 0 ${n(size)} ${n(left)} ${n(height - size)} cm\n${qrOperators(url)}Q\n`;
  for (const [index, [text, most, y, grey]] of lines.entries()) {
    const points = Math.min(most, room / text.width);
    const x = wide ? size + 2 : (width - text.width * points) / 2;
    const drawn = `q ${n(grey)} g ${n(points)} 0 0 ${n(points)} ${n(x)} ${n(y)} cm\n${text.operators}Q\n`;
    content += index === 1 ? `/Span <</ActualText (${code})>> BDC\n${drawn}EMC\n` : drawn;
  }
  return onePage(width, height, content);
}

const labels = new Map<string, VectorText>();

/** Labels come from profiles: few, and the same for all documents. */
async function known(text: string, face: "regular" | "bold"): Promise<VectorText> {
  let drawn = labels.get(text);
  if (drawn === undefined) {
    drawn = await vectorText(text, face);
    if (labels.size < 100) labels.set(text, drawn);
  }
  return drawn;
}

const n = (value: number): string => String(Math.round(value * 1e3) / 1e3);

/** The smallest PDF that holds a page (ISO 32000-2 §7.5). */
function onePage(width: number, height: number, content: string): Uint8Array {
  const stream = deflateSync(content);
  const objects = [
    "<</Type/Catalog/Pages 2 0 R>>",
    "<</Type/Pages/Kids[3 0 R]/Count 1>>",
    `<</Type/Page/Parent 2 0 R/MediaBox[0 0 ${n(width)} ${n(height)}]/Resources<<>>/Contents 4 0 R>>`,
    `<</Length ${stream.length}/Filter/FlateDecode>>\nstream\n${stream.toString("latin1")}\nendstream`,
  ];
  let file = "%PDF-1.7\n";
  const offsets = objects.map((object, i) => {
    const offset = file.length;
    file += `${i + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(offset).padStart(10, "0")} 00000 n \n`;
  });
  const start = file.length;
  file += `xref\n0 5\n0000000000 65535 f \n${offsets.join("")}trailer\n<</Size 5/Root 1 0 R>>\nstartxref\n${start}\n%%EOF\n`;
  return new Uint8Array(Buffer.from(file, "latin1"));
}
