import { SignaturesError } from "../errors.ts";
import {
  appendRevision,
  assertAppendable,
  inherited,
  openPdf,
  PdfDict,
  PdfStream,
  pageAt,
  type Rect,
  signatureFields,
} from "../pdf/index.ts";
import { importPicture } from "./import-picture.ts";
import type { Picture } from "./picture.ts";
import { Update } from "./update.ts";

/** A picture for a page's content: page number from 0, `rect` in default user space, a PDF's page 1 or a picture in objects. */
export interface PageMark {
  readonly page: number;
  readonly rect: Rect;
  readonly picture: Uint8Array | Picture;
}

const MAX_NAMES = 10_000;

/**
 * Puts a picture on a page, as content over what is there, in an incremental update. Only before the first signature: content
 * put there later is what verifiers take for an attack. The octets that are there stay as they are.
 * @throws SignaturesError PDF_CERTIFIED_NO_CHANGES when the document is signed, PDF_MALFORMED, PDF_ENCRYPTED, PDF_LIMIT
 */
export function markPage(bytes: Uint8Array, mark: PageMark): Uint8Array {
  const document = openPdf(bytes);
  assertAppendable(document);
  if (signatureFields(document).length > 0) {
    throw new SignaturesError("PDF_CERTIFIED_NO_CHANGES", "a signed document takes no mark");
  }
  const update = new Update(document);
  const { view } = update;
  const page = pageAt(view, mark.page);
  if (!page?.ref) throw new SignaturesError("PDF_MALFORMED", "the page to mark does not exist as an indirect object");
  const turned = inherited(view, page.dict, "Rotate");
  const form = importPicture(mark.picture, update, typeof turned === "number" ? turned : 0);
  const box = formBox(update.objects.get(form.num) as PdfStream);
  const resources = view.dict(inherited(view, page.dict, "Resources")) ?? PdfDict.of({});
  const objects = view.dict(resources.get("XObject")) ?? PdfDict.of({});
  const name = freeName(objects);
  const [x1, y1, x2, y2] = mark.rect;
  const [sx, sy] = [(x2 - x1) / (box[2] - box[0]), (y2 - y1) / (box[3] - box[1])];
  const place = [sx, 0, 0, sy, x1 - box[0] * sx, y1 - box[1] * sy].map((n) => String(Math.round(n * 1e5) / 1e5));
  const contents = page.dict.get("Contents");
  const own = view.array(contents) ?? (contents === null ? [] : [contents]);
  update.set(
    page.ref,
    page.dict.with({
      Resources: resources.with({ XObject: objects.with({ [name]: form }) }),
      // What the page does to the graphics state must not reach the mark.
      Contents: [update.add(stream("q\n")), ...own, update.add(stream(`\nQ q ${place.join(" ")} cm /${name} Do Q\n`))],
    }),
  );
  return appendRevision(document, update.objects);
}

/** The form's box as its own matrix turns it (§8.10.1). */
function formBox({ dict }: PdfStream): Rect {
  const [x1, y1, x2, y2] = dict.get("BBox") as [number, number, number, number];
  const [a, b, c, d, e, f] = dict.get("Matrix") as [number, number, number, number, number, number];
  const corner = (x: number, y: number): [number, number] => [a * x + c * y + e, b * x + d * y + f];
  const [p, q] = [corner(x1, y1), corner(x2, y2)];
  return [Math.min(p[0], q[0]), Math.min(p[1], q[1]), Math.max(p[0], q[0]), Math.max(p[1], q[1])];
}

function freeName(objects: PdfDict): string {
  for (let i = 1; i < MAX_NAMES; i++) if (!objects.entries.has(`Mark${i}`)) return `Mark${i}`;
  throw new SignaturesError("PDF_LIMIT", "too many marks on a page");
}

function stream(text: string): PdfStream {
  const octets = new TextEncoder().encode(text);
  return new PdfStream(PdfDict.of({}), octets, 0, octets.length);
}
