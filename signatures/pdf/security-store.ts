import type { PdfView } from "./document.ts";
import { type PdfDict, PdfStream, type PdfValue } from "./objects.ts";

/** Validation material of one /VRI entry. */
export interface ValidationRelatedInformation {
  /** Upper-case hex of the SHA-1 digest of the signature's /Contents. */
  readonly key: string;
  readonly certificates: readonly Uint8Array[];
  readonly crls: readonly Uint8Array[];
  readonly ocspResponses: readonly Uint8Array[];
  /** /TS: a time stamp token over the material. */
  readonly timestamp: Uint8Array | null;
}

/** The document security store (ISO 32000-2 §12.8.4.3, EN 319 142-1 §5.4.2): DER, not yet parsed. */
export interface SecurityStore {
  readonly certificates: readonly Uint8Array[];
  readonly crls: readonly Uint8Array[];
  readonly ocspResponses: readonly Uint8Array[];
  readonly vri: readonly ValidationRelatedInformation[];
}

const MAX_ITEMS = 2000;
const MAX_VRI = 1000;

/** /DSS of a revision, or null. Items that cannot be read are left out and noted as `dss-item-unreadable`. */
export function securityStore(view: PdfView): SecurityStore | null {
  const dss = view.dict(view.catalog.get("DSS"));
  if (!dss) return null;
  // The same streams stand in the store and in every VRI entry: decode each once.
  const decoded = new Map<PdfStream, Uint8Array | null>();
  const list = (dict: PdfDict, key: string) => streams(view, dict.get(key), decoded);
  const vri: ValidationRelatedInformation[] = [];
  for (const [key, value] of view.dict(dss.get("VRI"))?.entries ?? []) {
    const entry = view.dict(value);
    if (!entry || key === "Type" || vri.length >= MAX_VRI) continue;
    const timestamp = view.resolve(entry.get("TS"));
    vri.push({
      key: key.toUpperCase(),
      certificates: list(entry, "Cert"),
      crls: list(entry, "CRL"),
      ocspResponses: list(entry, "OCSP"),
      timestamp: timestamp instanceof PdfStream ? decode(view, timestamp, decoded) : null,
    });
  }
  return {
    certificates: list(dss, "Certs"),
    crls: list(dss, "CRLs"),
    ocspResponses: list(dss, "OCSPs"),
    vri,
  };
}

function streams(view: PdfView, value: PdfValue, decoded: Map<PdfStream, Uint8Array | null>): Uint8Array[] {
  const out: Uint8Array[] = [];
  for (const item of (view.array(value) ?? []).slice(0, MAX_ITEMS)) {
    const stream = view.resolve(item);
    const bytes = stream instanceof PdfStream ? decode(view, stream, decoded) : null;
    if (bytes) out.push(bytes);
    else view.document.anomalies.add("dss-item-unreadable");
  }
  return out;
}

function decode(view: PdfView, stream: PdfStream, decoded: Map<PdfStream, Uint8Array | null>): Uint8Array | null {
  const known = decoded.get(stream);
  if (known !== undefined) return known;
  let bytes: Uint8Array | null = null;
  try {
    bytes = view.decode(stream);
  } catch {
    // An item that cannot be decoded proves nothing; the verifier then lacks it and says so.
    bytes = null;
  }
  decoded.set(stream, bytes);
  return bytes;
}
