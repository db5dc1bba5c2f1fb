import type { CryptoProvider } from "@hocba/certs/crypto";
import { toHex } from "@hocba/certs/der";
import {
  appendRevision,
  assertAppendable,
  openPdf,
  PdfDict,
  PdfRef,
  PdfStream,
  type PdfValue,
  pdfName,
  signatureFields,
} from "../pdf/index.ts";
import { Update } from "./pades-update.ts";

/** Certificates, CRLs and OCSP responses in DER. */
export interface ValidationData {
  certificates: readonly Uint8Array[];
  crls: readonly Uint8Array[];
  ocspResponses: readonly Uint8Array[];
}

/**
 * Appends validation data to the document security store (ISO 32000-2 §12.8.4.3, EN 319 142-1 §5.4.2), keeping what it has and
 * writing nothing twice. With `fieldName` the material is also entered under /VRI for that signature. Returns `bytes` itself when all
 * is there already. @throws SignaturesError PDF_*
 */
export function appendValidationData(
  bytes: Uint8Array,
  data: ValidationData,
  crypto: CryptoProvider,
  fieldName?: string,
): Uint8Array {
  const document = openPdf(bytes);
  assertAppendable(document);
  const signatures = signatureFields(document);
  const update = new Update(document);
  const { view } = update;
  const root = view.root;
  const slot = view.catalog.get("DSS");
  const store = view.dict(slot) ?? PdfDict.of({ Type: pdfName("DSS") });
  const keys = { Certs: data.certificates, CRLs: data.crls, OCSPs: data.ocspResponses };
  const changes: Record<string, PdfValue> = {};
  const entered: Record<string, PdfRef[]> = {};
  let grown = false;
  for (const [key, items] of Object.entries(keys)) {
    const present = (view.array(store.get(key)) ?? []).filter((v): v is PdfRef => v instanceof PdfRef);
    const known = new Map(present.map((ref) => [digestOf(view.resolve(ref), update, crypto), ref]));
    const list = [...present];
    entered[key] = [];
    for (const item of items) {
      const digest = toHex(crypto.digest("sha256", item));
      let ref = known.get(digest);
      if (!ref) {
        ref = update.add(new PdfStream(PdfDict.of({}), item, 0, item.length));
        known.set(digest, ref);
        list.push(ref);
        grown = true;
      }
      entered[key].push(ref);
    }
    if (list.length) changes[key] = list;
  }
  const signature = fieldName === undefined ? undefined : signatures.findLast((s) => s.fieldName === fieldName);
  if (signature?.hole) {
    // The key is over the octets of /Contents as they stand, padding included (§12.8.4.3, table 261).
    const digits = bytes.subarray(signature.hole.start + 1, signature.hole.end - 1);
    const key = toHex(crypto.digest("sha1", fromDigits(digits)));
    const vri = view.dict(store.get("VRI")) ?? PdfDict.of({});
    const entry: Record<string, PdfValue> = { Type: pdfName("VRI") };
    if (entered.Certs?.length) entry.Cert = entered.Certs;
    if (entered.CRLs?.length) entry.CRL = entered.CRLs;
    if (entered.OCSPs?.length) entry.OCSP = entered.OCSPs;
    if (!vri.entries.has(key)) grown = true;
    changes.VRI = vri.with({ [key]: PdfDict.of(entry) });
  }
  if (!grown || !(root instanceof PdfRef)) return bytes;
  const made = store.with(changes);
  if (slot instanceof PdfRef && view.dict(slot)) update.set(slot, made);
  else update.set(root, view.catalog.with({ DSS: update.add(made) }));
  return appendRevision(document, update.objects);
}

function digestOf(value: PdfValue, update: Update, crypto: CryptoProvider): string {
  return value instanceof PdfStream ? toHex(crypto.digest("sha256", update.view.decode(value))) : "";
}

function fromDigits(digits: Uint8Array): Uint8Array {
  const value = (c: number) => (c < 58 ? c - 48 : (c | 32) - 87);
  return Uint8Array.from(
    { length: digits.length >> 1 },
    (_, i) => value(digits[2 * i]!) * 16 + value(digits[2 * i + 1]!),
  );
}
