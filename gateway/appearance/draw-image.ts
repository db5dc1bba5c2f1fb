import { PDFDocument } from "pdf-lib";

/**
 * A PNG in the middle of a PDF page of this size, as large as fits. The same input gives the same octets.
 * @throws Error when the image is no PNG
 */
export async function drawImage(png: Uint8Array, width: number, height: number): Promise<Uint8Array> {
  const document = await PDFDocument.create({ updateMetadata: false });
  const page = document.addPage([width, height]);
  const image = await document.embedPng(png);
  const scale = Math.min(width / image.width, height / image.height);
  const [w, h] = [image.width * scale, image.height * scale];
  page.drawImage(image, { x: (width - w) / 2, y: (height - h) / 2, width: w, height: h });
  return document.save({ useObjectStreams: false, addDefaultPage: false });
}
