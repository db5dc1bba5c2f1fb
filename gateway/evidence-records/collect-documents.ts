import { setImmediate } from "node:timers/promises";
import type { AuditEntry, Ledger } from "../ledger/index.ts";
import type { Leaf, RecordBook } from "./record-book.ts";

const PAGE = 500;
/** What makes a revision an issued one. A document that is raised is another file, and gets a record of its own. */
const issuing: ReadonlySet<string> = new Set(["document.signed", "document.raised"]);

/**
 * Takes every document into the book that was issued since the last time. The audit log is the outbox: each issue has its entry
 * in the same transaction, so none is left out. @returns how many were taken in
 */
export async function collectDocuments(
  ledger: Pick<Ledger, "audit" | "documents">,
  book: RecordBook,
  isWanted: (profile: string) => boolean,
  clock: () => number,
  signal?: AbortSignal,
): Promise<number> {
  let taken = 0;
  while (!signal?.aborted) {
    const from = book.cursor();
    const entries = await ledger.audit.entries({ after: from, limit: PAGE });
    const to = entries.at(-1)?.seq;
    if (to === undefined) return taken;
    const leaves: Omit<Leaf, "id">[] = [];
    for (const entry of entries) {
      const leaf = await leafOf(entry, ledger, isWanted);
      if (leaf !== null) leaves.push(leaf);
    }
    if (book.take(from, to, leaves, clock())) taken += leaves.length;
    if (entries.length < PAGE) return taken;
    // Years of issued documents may come at once: requests are answered in between.
    await setImmediate();
  }
  return taken;
}

async function leafOf(
  { action, documentId, details }: AuditEntry,
  ledger: Pick<Ledger, "documents">,
  isWanted: (profile: string) => boolean,
): Promise<Omit<Leaf, "id"> | null> {
  const { sha256 } = details;
  if (!issuing.has(action) || documentId === null || typeof sha256 !== "string") return null;
  const document = await ledger.documents.get(documentId);
  if (document === null || !isWanted(document.profile)) return null;
  return { documentId, sha256, contentSha256: document.format === "cms" ? document.sha256 : null };
}
