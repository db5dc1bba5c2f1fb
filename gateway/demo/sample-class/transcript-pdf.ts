import { createHash } from "node:crypto";
import { PDFDocument, PDFHexString, PDFName, PDFString } from "pdf-lib";
import { embedRecordFonts, Sheet } from "../../drawing/index.ts";
import { drawCoverPage } from "./cover-page.ts";
import type { Transcript } from "./make-class.ts";
import { drawYearPage } from "./year-page.ts";

const a4: [number, number] = [595.28, 841.89];

/**
 * The transcript's rendering for people: two A4 pages after the paper record of TT 22/2021, unsigned, without form
 * fields. The same transcript gives the same bytes on the same fonts.
 *
 * @param options.objectStreams write objects and cross-references as streams (PDF 1.5) or as a classic table. Default true.
 * @throws DrawingError `FONT_MISSING`.
 */
export async function transcriptPdf(
  transcript: Transcript,
  options: { readonly objectStreams?: boolean } = {},
): Promise<Uint8Array> {
  const document = await PDFDocument.create({ updateMetadata: false });
  const fonts = await embedRecordFonts(document);
  const closed = new Date(`${transcript.closedOn}T01:00:00Z`);
  document.setTitle(`Học bạ ${transcript.pupil.name}, lớp ${transcript.className}, ${transcript.schoolYear}`, {
    showInWindowTitleBar: true,
  });
  document.setAuthor(transcript.school.name);
  document.setSubject("Học bạ trung học cơ sở (dữ liệu hư cấu)");
  document.setProducer("hocba");
  document.setCreator("hocba demo");
  document.setCreationDate(closed);
  document.setModificationDate(closed);
  document.catalog.set(PDFName.of("Lang"), PDFString.of("vi-VN"));

  drawCoverPage(new Sheet(document.addPage(a4)), transcript, fonts);
  drawYearPage(new Sheet(document.addPage(a4)), transcript, fonts);

  const id = PDFHexString.of(createHash("sha256").update(`hocba-sample/${transcript.id}`).digest("hex").slice(0, 32));
  document.context.trailerInfo.ID = document.context.obj([id, id]);
  return document.save({ useObjectStreams: options.objectStreams ?? true, addDefaultPage: false });
}
