import type { DocumentRecord } from "../ledger/index.ts";

/**
 * A tree of elements takes about 32 times the octets of its text, yet only while it is looked at, one document after the other; counted so, the
 * largest go one by one, and those of ordinary size are not counted at all.
 */
const XML = 8;

/** Octets that work on a document takes of a process's memory, for its `ByteBudget`: PDF and other files are held once. */
export function memoryOf({ size, format }: Pick<DocumentRecord, "size" | "format">): number {
  return format === "xml" ? size * XML : size;
}
