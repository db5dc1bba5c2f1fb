import type { DocumentFormat } from "./ledger/index.ts";

const kinds: Readonly<Record<DocumentFormat, { extension: string; mediaType: string }>> = {
  pdf: { extension: "pdf", mediaType: "application/pdf" },
  xml: { extension: "xml", mediaType: "application/xml" },
  // RFC 5751 §3.2.1: a signature apart from its content, named after it, so that `hocba verify` finds the one by the other.
  cms: { extension: "bin.p7s", mediaType: "application/pkcs7-signature" },
};

/** Name under which a document with its signatures is handed out. */
export function fileNameOf(document: { id: string; format: DocumentFormat }): string {
  return `${document.id}.${kinds[document.format].extension}`;
}

/** Media type of a document with its signatures. */
export function mediaTypeOf(format: DocumentFormat): string {
  return kinds[format].mediaType;
}

/** Name and media type of a document as it came: of a detached signature's content nothing is assumed. */
export function originalMedia(document: { id: string; format: DocumentFormat }): { name: string; mediaType: string } {
  return document.format === "cms"
    ? { name: `${document.id}.bin`, mediaType: "application/octet-stream" }
    : { name: fileNameOf(document), mediaType: mediaTypeOf(document.format) };
}
