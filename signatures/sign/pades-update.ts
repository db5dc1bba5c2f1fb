import { SignaturesError } from "../errors.ts";
import {
  inherited,
  isArray,
  isLocked,
  PdfDict,
  PdfRef,
  type PdfSignature,
  type PdfValue,
  pageAt,
  pdfName,
  textString,
  walkFields,
} from "../pdf/index.ts";
import { importPicture } from "./import-picture.ts";
import type { PadesAppearance, PadesSpec } from "./pades-spec.ts";
import type { Update } from "./update.ts";

/** Flags of the widget: printed with the page, and locked in place (ISO 32000-2 table 167). */
const PRINT_AND_LOCKED = 132;
/** SignaturesExist and AppendOnly (table 225). */
const SIG_FLAGS = 3;

/**
 * Checks that the document may be signed so: no certification or lock in force forbids it (ISO 32000-2 §12.8.2.2), and a
 * certification comes first. @throws SignaturesError PDF_CERTIFIED_NO_CHANGES
 */
export function assertMayBeSigned(signatures: readonly PdfSignature[], fieldName: string, certify: boolean): void {
  for (const s of signatures) {
    const forbidden = s.docMdp === 1 || s.lock?.p === 1;
    const locked = [s.fieldMdp, s.lock].some(
      (lock) => lock !== null && lock.action !== "All" && isLocked(lock, fieldName),
    );
    if (forbidden || locked) {
      throw new SignaturesError("PDF_CERTIFIED_NO_CHANGES", "an earlier signature forbids further changes", {
        details: { field: s.fieldName, p: s.docMdp ?? s.lock?.p ?? null },
      });
    }
  }
  if (certify && signatures.length) {
    throw new SignaturesError("PDF_CERTIFIED_NO_CHANGES", "a certification must be the first signature");
  }
}

/**
 * Puts a signature field named `fieldName` with value `value` into the update: fills an empty one, or makes one with its widget on a
 * page. Returns the field's /Lock dictionary, whose FieldMDP the signature must carry.
 * @throws SignaturesError PDF_FIELD_EXISTS, PDF_MALFORMED
 */
export function placeField(
  update: Update,
  fieldName: string,
  value: PdfRef,
  appearance: PadesAppearance | undefined,
  lock?: PadesSpec["lock"],
): PdfDict | null {
  const existing = walkFields(update.view).find((f) => f.name === fieldName);
  if (existing) {
    const taken = existing.type !== "Sig" || update.view.resolve(existing.value) !== null || existing.object === null;
    if (taken) {
      throw new SignaturesError("PDF_FIELD_EXISTS", "the field is taken", { details: { field: fieldName } });
    }
    const ref = new PdfRef(existing.object!);
    const changes: Record<string, PdfValue> = { V: value };
    if (appearance && existing.dict.entries.has("Rect")) {
      const page = update.view.dict(existing.dict.get("P"));
      changes.AP = PdfDict.of({ N: drawAppearance(update, appearance, page) });
    }
    update.set(ref, existing.dict.with(changes));
    enterForm(update, null);
    return update.view.dict(existing.dict.get("Lock"));
  }
  if (fieldName === "" || fieldName.includes(".")) {
    throw new SignaturesError(
      "PDF_MALFORMED",
      "a new field's name is one word without full stops (ISO 32000-2 §12.7.4.2)",
    );
  }
  const page = pageAt(update.view, appearance?.page ?? 0);
  if (!page?.ref)
    throw new SignaturesError("PDF_MALFORMED", "the page to sign on does not exist as an indirect object");
  const widget = new Map<string, PdfValue>([
    ["Type", pdfName("Annot")],
    ["Subtype", pdfName("Widget")],
    ["FT", pdfName("Sig")],
    ["T", textString(fieldName)],
    ["F", PRINT_AND_LOCKED],
    ["Rect", appearance ? [...appearance.rect] : [0, 0, 0, 0]],
    ["P", page.ref],
    ["V", value],
  ]);
  if (appearance) widget.set("AP", PdfDict.of({ N: drawAppearance(update, appearance, page.dict) }));
  const locked = lock ? lockDictionary(lock) : null;
  // An indirect reference: table 235 asks for one.
  if (locked) widget.set("Lock", update.add(locked));
  const ref = update.add(new PdfDict(widget));
  enterPage(update, page.ref, page.dict, ref);
  enterForm(update, ref);
  return locked;
}

/** The signature field lock dictionary (ISO 32000-2 table 236). */
function lockDictionary({ action, fields }: NonNullable<PadesSpec["lock"]>): PdfDict {
  const lock = PdfDict.of({ Type: pdfName("SigFieldLock"), Action: pdfName(action) });
  return action === "All" ? lock : lock.with({ Fields: fields.map((name) => textString(name)) });
}

function drawAppearance(update: Update, appearance: PadesAppearance, page: PdfDict | null): PdfRef {
  const rotation = page ? inherited(update.view, page, "Rotate") : 0;
  return importPicture(appearance.picture, update, typeof rotation === "number" ? rotation : 0);
}

function enterPage(update: Update, ref: PdfRef, page: PdfDict, widget: PdfRef): void {
  const annots = page.get("Annots");
  const list = update.resolve(annots);
  if (annots instanceof PdfRef && isArray(list)) update.set(annots, [...list, widget]);
  else update.set(ref, page.with({ Annots: [...(isArray(list) ? list : []), widget] }));
}

/** Enters the field, if given, into /AcroForm, making one where there is none, and sets /SigFlags. */
function enterForm(update: Update, field: PdfRef | null): void {
  const { view } = update;
  const root = view.root;
  if (!(root instanceof PdfRef)) throw new SignaturesError("PDF_MALFORMED", "the catalog is not an indirect object");
  const formRef = view.catalog.get("AcroForm");
  const form = view.dict(formRef) ?? PdfDict.of({ Fields: [] });
  const fields = form.get("Fields");
  const list = view.array(fields) ?? [];
  const changes: Record<string, PdfValue> = { SigFlags: SIG_FLAGS };
  if (field) {
    if (fields instanceof PdfRef && view.array(fields)) update.set(fields, [...list, field]);
    else changes.Fields = [...list, field];
  }
  const unchanged = form.get("SigFlags") === SIG_FLAGS && changes.Fields === undefined;
  if (unchanged) return;
  const made = form.with(changes);
  if (formRef instanceof PdfRef && view.dict(formRef)) update.set(formRef, made);
  else {
    const catalog = update.dict(root) ?? view.catalog;
    const value = formRef === null || formRef instanceof PdfRef ? update.add(made) : made;
    update.set(root, catalog.with({ AcroForm: value }));
  }
}

/** Names the certification signature in the catalog (ISO 32000-2 table 263). */
export function enterPermissions(update: Update, value: PdfRef): void {
  const root = update.view.root;
  if (!(root instanceof PdfRef)) throw new SignaturesError("PDF_MALFORMED", "the catalog is not an indirect object");
  const catalog = update.dict(root) ?? update.view.catalog;
  const perms = update.dict(catalog.get("Perms")) ?? PdfDict.of({});
  update.set(root, catalog.with({ Perms: perms.with({ DocMDP: value }) }));
}
