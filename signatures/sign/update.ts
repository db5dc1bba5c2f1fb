import { nextObjectNumber, PdfDict, type PdfDocument, PdfRef, type PdfValue, type PdfView } from "../pdf/index.ts";

/** One incremental update in the making: objects by number, each read from the file once and then from here. */
export class Update {
  readonly document: PdfDocument;
  readonly view: PdfView;
  readonly objects = new Map<number, PdfValue>();
  private next: number;

  constructor(document: PdfDocument) {
    this.document = document;
    this.view = document.latest;
    this.next = nextObjectNumber(document);
  }

  reserve(): PdfRef {
    return new PdfRef(this.next++);
  }

  add(value: PdfValue): PdfRef {
    const ref = this.reserve();
    this.objects.set(ref.num, value);
    return ref;
  }

  set(ref: PdfRef, value: PdfValue): void {
    this.objects.set(ref.num, value);
  }

  /** The object behind `value` as it will be after this update. */
  resolve(value: PdfValue): PdfValue {
    const changed = value instanceof PdfRef ? this.objects.get(value.num) : undefined;
    return changed === undefined ? this.view.resolve(value) : changed;
  }

  dict(value: PdfValue): PdfDict | null {
    const at = this.resolve(value);
    return at instanceof PdfDict ? at : null;
  }
}
