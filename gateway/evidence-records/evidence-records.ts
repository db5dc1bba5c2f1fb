import { addCadesEvidenceRecord } from "@hocba/signatures/sign";
import type { DocumentRecord } from "../ledger/index.ts";
import type { BlobStore } from "../store/index.ts";
import { assembleRecord } from "./assemble-record.ts";
import type { Leaf, RecordBook } from "./record-book.ts";

/** The evidence record of a document, over the file named by `sha256` (lower-case hex). */
export interface DocumentEvidence {
  readonly sha256: string;
  /** DER; null while its window waits for its time stamp. */
  readonly record: Uint8Array | null;
  /** The file is proven to have existed then, ms since 1970. */
  readonly provenAt: number | null;
}

/** What the gateway hands out of evidence records. */
export interface EvidenceRecords {
  /** Of the newest issued revision that has one; null when the document gets none. */
  ofDocument(documentId: string): DocumentEvidence | null;
  /** The record (DER) over a file that was issued here. */
  ofFile(sha256: string): Uint8Array | null;
  /** The document of a file into which its record was put. */
  documentOf(sha256: string): string | null;
  /**
   * The SHA-256 of a detached signature with its record in it (RFC 4998 appendix A), stored; null when there is no record, or when
   * the format has no place for one.
   */
  embedded(document: Pick<DocumentRecord, "id" | "format" | "currentSha256">): Promise<string | null>;
}

export function evidenceRecords(book: RecordBook, store: Pick<BlobStore, "get" | "put">): EvidenceRecords {
  const evidenceOf = (leaf: Leaf): DocumentEvidence => {
    const chains = book.chainsOf(leaf);
    return { sha256: leaf.sha256, record: assembleRecord(chains), provenAt: chains[0]?.tokens[0]?.genTime ?? null };
  };
  return {
    ofDocument(documentId) {
      const leaf = book.ofDocument(documentId);
      return leaf === null ? null : evidenceOf(leaf);
    },
    ofFile(sha256) {
      const leaf = book.ofFile(sha256);
      return leaf === null ? null : evidenceOf(leaf).record;
    },
    documentOf: (sha256) => book.documentOf(sha256),
    async embedded({ id, format, currentSha256 }) {
      const evidence = format === "cms" ? this.ofDocument(id) : null;
      if (!evidence?.record || evidence.sha256 !== currentSha256) return null;
      // Made when it is asked for, so that a renewal touches no file; the same octets each time.
      const sha256 = await store.put(addCadesEvidenceRecord(await store.get(currentSha256), evidence.record));
      book.embedded(sha256, id);
      return sha256;
    },
  };
}
