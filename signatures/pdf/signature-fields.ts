import { readElement } from "@hocba/certs/der";
import { paddingOf } from "./contents-padding.ts";
import type { PdfDocument, PdfView } from "./document.ts";
import { integerOf, isArray, nameOf, PdfDict, PdfRef, PdfString, type PdfValue } from "./objects.ts";
import { dateOf, textOf } from "./text.ts";
import { type FormField, walkFields, widgetFields } from "./walk-fields.ts";

/** Which fields a FieldMDP transform or a field lock concerns (ISO 32000-2 tables 236 and 260). */
export interface FieldLock {
  readonly action: "All" | "Include" | "Exclude";
  readonly fields: readonly string[];
}

/** Where the DER of a signature lies: from the opening `<` to after the closing `>`. */
export interface SignatureHole {
  readonly start: number;
  readonly end: number;
}

/** A signature dictionary (ISO 32000-2 table 255) found as the value of a signature field. */
export interface PdfSignature {
  /** Fully qualified name (§12.7.4.2). */
  readonly fieldName: string;
  /** Object number of the field dictionary; null where it stands directly in an array. */
  readonly fieldObject: number | null;
  /** Object number of the signature dictionary; null where it stands directly in the field. */
  readonly valueObject: number | null;
  readonly value: PdfDict;
  /** Index of the first revision in which the field has this value. */
  readonly revision: number;
  /** Index of the first later revision in which the field no longer has this value; null when it is still there. */
  readonly removedIn: number | null;
  /** /Type: Sig where absent. */
  readonly type: string;
  readonly filter: string | null;
  readonly subFilter: string | null;
  /** The four integers of /ByteRange; null where it is anything else (`problems` says what). */
  readonly byteRange: readonly [number, number, number, number] | null;
  /** Octets of /Contents, up to the end of their outermost DER or BER element; empty where there are none. */
  readonly contents: Uint8Array;
  /** Place of the /Contents string in the file; null when it is missing or compressed. */
  readonly hole: SignatureHole | null;
  /** /M in milliseconds since 1970: a claim. */
  readonly signingTime: number | null;
  readonly name: string | null;
  readonly reason: string | null;
  readonly location: string | null;
  readonly contactInfo: string | null;
  /** /Cert of adbe.x509.rsa_sha1: DER certificates, the signer's first. */
  readonly certificates: readonly Uint8Array[];
  /** P of the DocMDP transform (§12.8.2.2): this is a certification signature. Null without one. */
  readonly docMdp: 1 | 2 | 3 | null;
  readonly fieldMdp: FieldLock | null;
  /** /Lock of the field, with its own P where given (table 236). */
  readonly lock: (FieldLock & { readonly p: 1 | 2 | 3 | null }) | null;
  /** Structural faults of the dictionary, by name. */
  readonly problems: readonly string[];
}

const MAX_SIGNATURES = 2000;

/**
 * Every signature field value of every revision, in order of revision and place. One that a later revision took away is listed
 * too, with `removedIn`. @throws SignaturesError PDF_LIMIT
 */
export function signatureFields(document: PdfDocument): PdfSignature[] {
  const found = new Map<string, { signature: PdfSignature; lastSeen: number }>();
  document.revisions.forEach((_, index) => {
    const view = document.atRevision(index);
    for (const field of fieldsOf(view, index === document.revisions.length - 1 && found.size === 0)) {
      if (field.type !== "Sig") continue;
      const value = view.resolve(field.value);
      if (!(value instanceof PdfDict)) continue;
      const contents = value.get("Contents");
      const place =
        contents instanceof PdfString && contents.source === document.bytes ? contents.start : `x${value.start}`;
      const key = `${field.name}\n${place}`;
      const known = found.get(key);
      if (known) known.lastSeen = index;
      else if (found.size < MAX_SIGNATURES) {
        const valueObject = field.value instanceof PdfRef ? field.value.num : null;
        const signature = readSignature(view, field.name, field.object, valueObject, value, field.dict);
        found.set(key, { signature, lastSeen: index });
      } else document.anomalies.add("too-many-signatures");
    }
  });
  const last = document.revisions.length - 1;
  return [...found.values()].map(({ signature, lastSeen }) =>
    lastSeen === last ? signature : { ...signature, removedIn: lastSeen + 1 },
  );
}

/** The form's fields; at the end, when no signature was found in any form, also those that only a page's widgets show. */
function fieldsOf(view: PdfView, lastResort: boolean): FormField[] {
  const fields = walkFields(view);
  if (!lastResort || fields.some((f) => f.type === "Sig" && view.resolve(f.value) instanceof PdfDict)) return fields;
  const strays = widgetFields(view);
  if (strays.some((f) => f.type === "Sig" && view.resolve(f.value) instanceof PdfDict))
    view.document.anomalies.add("signature-field-outside-form");
  return [...fields, ...strays];
}

function readSignature(
  view: PdfView,
  fieldName: string,
  fieldObject: number | null,
  valueObject: number | null,
  value: PdfDict,
  field: PdfDict,
): PdfSignature {
  const problems: string[] = [];
  for (const key of value.duplicates ?? []) problems.push(`duplicate-key-${key}`);
  const byteRange = readByteRange(view, value, problems);
  const { contents, hole } = readContents(view, value, problems);
  const text = (key: string) => textOf(view.get(value, key));
  const transforms = readTransforms(view, value);
  return {
    fieldName,
    fieldObject,
    valueObject,
    value,
    revision: view.index,
    removedIn: null,
    type: nameOf(view.get(value, "Type")) ?? "Sig",
    filter: nameOf(view.get(value, "Filter")),
    subFilter: nameOf(view.get(value, "SubFilter")),
    byteRange,
    contents,
    hole,
    signingTime: dateOf(view.get(value, "M")),
    name: text("Name"),
    reason: text("Reason"),
    location: text("Location"),
    contactInfo: text("ContactInfo"),
    certificates: readCertificates(view, value),
    docMdp: transforms.docMdp,
    fieldMdp: transforms.fieldMdp,
    lock: readLock(view, field),
    problems,
  };
}

function readByteRange(
  view: PdfView,
  value: PdfDict,
  problems: string[],
): readonly [number, number, number, number] | null {
  const raw = view.get(value, "ByteRange");
  if (raw === null) {
    problems.push("byte-range-missing");
    return null;
  }
  const numbers = isArray(raw) ? raw.map((v) => integerOf(view.resolve(v))) : [];
  if (numbers.length !== 4 || numbers.some((n) => n === null || n < 0)) {
    problems.push("byte-range-malformed");
    return null;
  }
  return numbers as unknown as readonly [number, number, number, number];
}

function readContents(
  view: PdfView,
  value: PdfDict,
  problems: string[],
): { contents: Uint8Array; hole: SignatureHole | null } {
  const direct = value.get("Contents");
  const string = view.resolve(direct);
  if (!(string instanceof PdfString)) {
    problems.push("contents-missing");
    return { contents: new Uint8Array(0), hole: null };
  }
  if (direct instanceof PdfRef) problems.push("contents-indirect");
  if (!string.hex) problems.push("contents-not-hexadecimal");
  const inFile = string.source === view.document.bytes;
  if (!inFile) problems.push("contents-compressed");
  const contents = trim(string);
  if (inFile && string.hex && paddingOf(string, contents.length) === "other") {
    problems.push(string.isCleanHex ? "contents-followed-by-octets" : "contents-not-hexadecimal");
  }
  if (contents.length === 0) problems.push("contents-empty");
  return { contents, hole: inFile ? { start: string.start, end: string.end } : null };
}

/** The octets without the padding behind the outermost element; where none can be read, all, for the reader to refuse. */
function trim(string: PdfString): Uint8Array {
  const head = string.prefix(6);
  if (head.length < 2 || head[0] === 0) return new Uint8Array(0);
  const count = head[1]! & 0x7f;
  if (head[1]! < 0x80) return string.prefix(2 + head[1]!);
  if (count >= 1 && count <= 4) {
    let length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + (head[2 + i] ?? 0);
    return string.prefix(2 + count + length);
  }
  const { written } = string;
  try {
    return written.subarray(0, readElement(written, 0, { ber: true }).end);
  } catch {
    // Not a finding here: the CMS parser says what is wrong, with its own code.
    return written;
  }
}

function readCertificates(view: PdfView, value: PdfDict): Uint8Array[] {
  const cert = view.get(value, "Cert");
  const list = isArray(cert) ? cert.slice(0, 64).map((v) => view.resolve(v)) : [cert];
  return list.filter((v): v is PdfString => v instanceof PdfString).map((v) => v.bytes);
}

const permission = (value: PdfValue): 1 | 2 | 3 | null => (value === 1 || value === 2 || value === 3 ? value : null);

function readTransforms(view: PdfView, value: PdfDict): Pick<PdfSignature, "docMdp" | "fieldMdp"> {
  let docMdp: 1 | 2 | 3 | null = null;
  let fieldMdp: FieldLock | null = null;
  for (const item of (view.array(value.get("Reference")) ?? []).slice(0, 16)) {
    const reference = view.dict(item);
    if (!reference) continue;
    const method = nameOf(view.get(reference, "TransformMethod"));
    const params = view.dict(reference.get("TransformParams"));
    // P defaults to 2 (table 257); a value out of range reads as the strictest.
    if (method === "DocMDP") {
      const p = params ? view.get(params, "P") : null;
      docMdp = p === null ? 2 : (permission(p) ?? 1);
    } else if (method === "FieldMDP" && params) fieldMdp = readFieldLock(view, params);
  }
  return { docMdp, fieldMdp };
}

function readFieldLock(view: PdfView, dict: PdfDict): FieldLock {
  const action = nameOf(view.get(dict, "Action"));
  const fields = (view.array(dict.get("Fields")) ?? []).slice(0, 10_000).map((v) => textOf(view.resolve(v)) ?? "");
  // An action that is none of the three locks everything: the strictest reading.
  return { action: action === "Include" || action === "Exclude" ? action : "All", fields };
}

function readLock(view: PdfView, field: PdfDict): PdfSignature["lock"] {
  const dict = view.dict(field.get("Lock"));
  return dict ? { ...readFieldLock(view, dict), p: permission(view.get(dict, "P")) } : null;
}

/** True when the lock covers the field: its own name, or an ancestor's for Include (ISO 32000-2 table 236). */
export function isLocked(lock: FieldLock, fieldName: string): boolean {
  const named = lock.fields.some((f) => f === fieldName || fieldName.startsWith(`${f}.`));
  return lock.action === "All" || (lock.action === "Include" ? named : !named);
}
