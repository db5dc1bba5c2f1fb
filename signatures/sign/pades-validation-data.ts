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
import { Update } from "./update.ts";

/** Certificates, CRLs and OCSP responses in DER. */
export interface ValidationData {
  certificates: readonly Uint8Array[];
  crls: readonly Uint8Array[];
  ocspResponses: readonly Uint8Array[];
}

/**
 * Appends validation data to the document security store (ISO 32000-2 §12.8.4.3, EN 319 142-1 §5.4.2), keeping what it has and
 * writing nothing twice. With `entries`, each signature named that has no entry gets what concerns it under /VRI as well; a name alone stands
 * for all of `data`. Returns `bytes` itself when all is there already. @throws SignaturesError PDF_*
 */
export function appendValidationData(
  bytes: Uint8Array,
  data: ValidationData,
  crypto: CryptoProvider,
  entries: string | ReadonlyMap<string, ValidationData> = new Map(),
): Uint8Array {
  const document = openPdf(bytes);
  assertAppendable(document);
  const signatures = signatureFields(document);
  const update = new Update(document);
  const { view } = update;
  const root = view.root;
  const slot = view.catalog.get("DSS");
  const store = view.dict(slot) ?? PdfDict.of({ Type: pdfName("DSS") });
  const perSignature = typeof entries === "string" ? new Map([[entries, data]]) : entries;
  const changes: Record<string, PdfValue> = {};
  let grown = false;
  const enter = (key: string, of: (data: ValidationData) => readonly Uint8Array[]): ((item: Uint8Array) => PdfRef) => {
    const list = (view.array(store.get(key)) ?? []).filter((v): v is PdfRef => v instanceof PdfRef);
    const known = new Map(list.map((ref) => [digestOf(view.resolve(ref), update, crypto), ref]));
    for (const item of [data, ...perSignature.values()].flatMap(of)) {
      const digest = toHex(crypto.digest("sha256", item));
      if (known.has(digest)) continue;
      const ref = update.add(new PdfStream(PdfDict.of({}), item, 0, item.length));
      known.set(digest, ref);
      list.push(ref);
      grown = true;
    }
    if (list.length) changes[key] = list;
    return (item) => known.get(toHex(crypto.digest("sha256", item)))!;
  };
  const certificate = enter("Certs", (d) => d.certificates);
  const crl = enter("CRLs", (d) => d.crls);
  const ocspResponse = enter("OCSPs", (d) => d.ocspResponses);
  let vri = view.dict(store.get("VRI")) ?? PdfDict.of({});
  for (const [fieldName, own] of perSignature) {
    const signature = signatures.findLast((s) => s.fieldName === fieldName);
    if (!signature?.hole) continue;
    // The key is over the octets of /Contents as they stand, padding included (§12.8.4.3, table 261).
    const digits = bytes.subarray(signature.hole.start + 1, signature.hole.end - 1);
    const key = toHex(crypto.digest("sha1", fromDigits(digits)));
    // An entry that is there may be under a time stamp, and others (pyHanko) take a changed one for tampering.
    if (vri.entries.has(key)) continue;
    const entry: Record<string, PdfValue> = { Type: pdfName("VRI") };
    if (own.certificates.length) entry.Cert = own.certificates.map(certificate);
    if (own.crls.length) entry.CRL = own.crls.map(crl);
    if (own.ocspResponses.length) entry.OCSP = own.ocspResponses.map(ocspResponse);
    grown = true;
    vri = vri.with({ [key]: PdfDict.of(entry) });
    changes.VRI = vri;
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
