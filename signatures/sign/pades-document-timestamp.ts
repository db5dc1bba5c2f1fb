import type { CryptoProvider } from "@hocba/certs/crypto";
import { assertAppendable, openPdf, PdfDict, pdfName } from "../pdf/index.ts";
import { fillPlace, reservePlace } from "./pades-place.ts";
import { placeField } from "./pades-update.ts";
import { Update } from "./update.ts";

export interface DocumentTimestampSpec {
  /** Name of the new signature field. */
  fieldName: string;
  /** Octets kept free for the token; default 16 KB. */
  reservedBytes?: number;
}

/** A document with the place of its time stamp; JSON apart from the octets. */
export interface PreparedDocumentTimestamp {
  document: Uint8Array;
  /** SHA-256 of what the stamp covers: the message imprint to ask the authority for. */
  messageImprint: Uint8Array;
  placement: { start: number; capacity: number };
}

const DEFAULT_PLACE = 16 * 1024;

/**
 * First half of a document time stamp (ISO 32000-2 §12.8.5, EN 319 142-1 §5.4.3): an update with an invisible field and a
 * DocTimeStamp dictionary over the whole file. Permitted by every DocMDP, P 1 included (§12.8.2.2.2).
 * @throws SignaturesError PDF_*
 */
export function prepareDocumentTimestamp(
  bytes: Uint8Array,
  spec: DocumentTimestampSpec,
  crypto: CryptoProvider,
): PreparedDocumentTimestamp {
  const document = openPdf(bytes);
  assertAppendable(document);
  const update = new Update(document);
  const value = update.reserve();
  placeField(update, spec.fieldName, value, undefined);
  const head = PdfDict.of({
    Type: pdfName("DocTimeStamp"),
    Filter: pdfName("Adobe.PPKLite"),
    SubFilter: pdfName("ETSI.RFC3161"),
  });
  const place = reservePlace(update, value, head, spec.reservedBytes ?? DEFAULT_PLACE);
  return {
    document: place.document,
    messageImprint: crypto.digest("sha256", ...place.ranges),
    placement: { start: place.start, capacity: place.capacity },
  };
}

/** Second half: the TimeStampToken (DER) over `messageImprint` in its place. @throws SignaturesError RESERVED_PLACE_TOO_SMALL */
export function completeDocumentTimestamp(prepared: PreparedDocumentTimestamp, token: Uint8Array): Uint8Array {
  // A copy: slice of a Buffer would be a view.
  return completeDocumentTimestampInPlace({ ...prepared, document: new Uint8Array(prepared.document) }, token);
}

/**
 * Same as `completeDocumentTimestamp`, writing into `prepared.document` itself and giving that back: for files too large to hold twice.
 * Whoever holds `prepared` sees it change; what it was prepared from is not touched.
 */
export function completeDocumentTimestampInPlace(prepared: PreparedDocumentTimestamp, token: Uint8Array): Uint8Array {
  fillPlace(prepared.document, prepared.placement, token);
  return prepared.document;
}
