import type { Ledger, UnfinishedDocument } from "../ledger/index.ts";
import { type Complaint, complain } from "./complaint.ts";

const PAGE = 1000;

/**
 * Holds the work list against the ledger. The list may forget and may name what is done, since the ledger is the truth and
 * the reconciler fills the list; so what it lacks is a warning, and only for documents due for longer than `graceMs`.
 * @param listed ids on the list
 */
export async function* examineWorkList(
  ledger: Ledger,
  listed: ReadonlySet<string>,
  now: number,
  graceMs: number,
): AsyncGenerator<Complaint> {
  for (const id of listed) {
    if ((await ledger.documents.get(id)) === null) yield complain(id, "work-list-unknown-document");
  }
  for (let cursor: string | null = null; ; ) {
    const page: UnfinishedDocument[] = await ledger.documents.unfinished(now - graceMs, PAGE, cursor);
    for (const { id } of page) {
      if (listed.has(id)) continue;
      const document = await ledger.documents.get(id);
      if (document === null || now - document.updatedAt < graceMs) continue;
      yield complain(id, "work-list-lacks-document", { state: document.state }, "warning");
    }
    if (page.length < PAGE) return;
    cursor = page.at(-1)!.id;
  }
}
