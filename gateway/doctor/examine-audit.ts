import { type AuditEntry, auditGenesis, findAuditBreak, type Ledger } from "../ledger/index.ts";
import { type Complaint, complain } from "./complaint.ts";

const PAGE = 2000;

/** Walks the hash chain from its first entry to its last; every document it says was received must be there. */
export async function* examineAudit(ledger: Ledger): AsyncGenerator<Complaint> {
  let last: Pick<AuditEntry, "seq" | "hash"> = { seq: 0, hash: auditGenesis };
  for (;;) {
    const entries = await ledger.audit.entries({ after: last.seq, limit: PAGE });
    const broken = findAuditBreak(entries, last);
    if (broken !== null) {
      yield complain("audit", "audit-chain-broken", { ...broken });
      return;
    }
    for (const { seq, action, documentId } of entries) {
      if (action !== "document.received" || documentId === null) continue;
      if ((await ledger.documents.get(documentId)) === null) yield complain(documentId, "document-lost", { seq });
    }
    last = entries.at(-1) ?? last;
    if (entries.length < PAGE) return;
  }
}
