import type { DocumentState, Ledger } from "../ledger/index.ts";
import { type Complaint, complain } from "./complaint.ts";
import { examineAudit } from "./examine-audit.ts";
import { type DoctorParts, examineDocument } from "./examine-document.ts";

const PAGE = 500;
/** A document may move while it is looked at; after so many tries what was seen counts. */
const TRIES = 4;

/**
 * Holds ledger, documents, audit log and receipts against each other and yields what does not agree. It may run beside a
 * gateway at work: a document that moved while it was looked at is looked at again. Documents that come while it runs are
 * left to the next run. `onDocument` is told of each document that was looked at.
 */
export async function* examine(
  parts: DoctorParts,
  onDocument: (id: string, state: DocumentState) => void = () => {},
): AsyncGenerator<Complaint> {
  const { ledger } = parts;
  yield* examineAudit(ledger);
  const statedBefore = await ledger.documents.countByState();
  const counted = new Map<DocumentState, number>();
  for (let before: string | undefined; ; ) {
    const page = await ledger.documents.list({ limit: PAGE, ...(before === undefined ? {} : { before }) });
    for (const { id, state } of page) {
      counted.set(state, (counted.get(state) ?? 0) + 1);
      yield* settled(id, parts);
      onDocument(id, state);
    }
    if (page.length < PAGE) break;
    before = page.at(-1)!.id;
  }
  yield* compareCounts(statedBefore, counted, ledger);
  const { failing } = await ledger.documents.waiting();
  if (failing > 0) yield complain("waiting", "raise-failing", { documents: failing }, "warning");
}

async function* settled(id: string, parts: DoctorParts): AsyncGenerator<Complaint> {
  for (let tries = 1; ; tries++) {
    const dossier = await parts.ledger.documents.dossier(id);
    if (dossier === null) return;
    const found: Complaint[] = [];
    for await (const complaint of examineDocument(dossier, parts)) found.push(complaint);
    if (found.length === 0) return;
    const now = await parts.ledger.documents.get(id);
    if (now?.version === dossier.document.version || tries === TRIES) {
      yield* found;
      return;
    }
  }
}

/** The counters are held against the rows only while nothing moves: else both were true at different times. */
async function* compareCounts(
  statedBefore: ReadonlyMap<DocumentState, number>,
  counted: ReadonlyMap<DocumentState, number>,
  ledger: Ledger,
): AsyncGenerator<Complaint> {
  const text = (counts: ReadonlyMap<string, number>) => JSON.stringify([...counts].sort());
  if (text(statedBefore) !== text(await ledger.documents.countByState())) return;
  if (text(statedBefore) === text(counted)) return;
  const details = { stated: Object.fromEntries(statedBefore), counted: Object.fromEntries(counted) };
  yield complain("counts", "counts-differ", details);
}
