import { HocbaError } from "@hocba/certs";
import { type AuditEntry, auditGenesis, type Dossier, findAuditBreak, type Ledger } from "../ledger/index.ts";
import type { BlobStore } from "../store/index.ts";

export interface Complaint {
  /** A document, or `audit`, or `counts`. */
  about: string;
  problem:
    | "audit-chain-broken"
    | "content-missing"
    | "content-damaged"
    | "signature-missing"
    | "signature-unfinished"
    | "signature-twice"
    | "receipt-missing"
    | "issue-not-recorded"
    | "counts-differ";
  details: Record<string, unknown>;
}

const PAGE = 500;

/**
 * Holds ledger, documents and audit log against each other and yields what does not agree. `fieldsOf` names the signatures
 * that stand in a document. Documents that move while this runs are looked at as they were when read.
 */
export async function* examine(
  ledger: Ledger,
  store: BlobStore,
  fieldsOf: (content: Uint8Array, format: "pdf" | "xml") => string[],
): AsyncGenerator<Complaint> {
  yield* examineAudit(ledger);
  const counted = new Map<string, number>();
  for (let before: string | undefined; ; ) {
    const page = await ledger.documents.list({ limit: PAGE, ...(before === undefined ? {} : { before }) });
    for (const { id, state } of page) {
      counted.set(state, (counted.get(state) ?? 0) + 1);
      const dossier = await ledger.documents.dossier(id);
      if (dossier !== null) yield* examineDocument(dossier, ledger, store, fieldsOf);
    }
    if (page.length < PAGE) break;
    before = page.at(-1)!.id;
  }
  const stated = await ledger.documents.countByState();
  const total = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((sum, n) => sum + n, 0);
  if (total(stated) < total(counted)) {
    yield { about: "counts", problem: "counts-differ", details: { stated: total(stated), counted: total(counted) } };
  }
}

async function* examineAudit(ledger: Ledger): AsyncGenerator<Complaint> {
  let last: Pick<AuditEntry, "seq" | "hash"> = { seq: 0, hash: auditGenesis };
  for (;;) {
    const entries = await ledger.audit.entries({ after: last.seq, limit: PAGE });
    const broken = findAuditBreak(entries, last);
    if (broken !== null) {
      yield { about: "audit", problem: "audit-chain-broken", details: { ...broken } };
      return;
    }
    last = entries.at(-1) ?? last;
    if (entries.length < PAGE) return;
  }
}

async function* examineDocument(
  dossier: Dossier,
  ledger: Ledger,
  store: BlobStore,
  fieldsOf: (content: Uint8Array, format: "pdf" | "xml") => string[],
): AsyncGenerator<Complaint> {
  const { document, steps, signatures, receipt } = dossier;
  const about = document.id;
  let content: Uint8Array | null = null;
  for (const sha256 of new Set([document.sha256, document.currentSha256])) {
    try {
      content = await store.get(sha256);
    } catch (error) {
      if (!(error instanceof HocbaError)) throw error;
      const problem = error.code === "STORE_DAMAGED" ? "content-damaged" : "content-missing";
      yield { about, problem, details: { sha256, code: error.code } };
      content = null;
    }
  }
  const complete = signatures.filter((signature) => signature.state === "complete");
  if (content !== null) {
    const standing = fieldsOf(content, document.format);
    if (new Set(standing).size !== standing.length) yield { about, problem: "signature-twice", details: { standing } };
    if (standing.length !== complete.length) {
      const details = { inDocument: standing.length, inLedger: complete.length };
      yield { about, problem: standing.length > complete.length ? "signature-twice" : "signature-missing", details };
    }
  }
  if (!["signed", "withdrawn", "superseded"].includes(document.state) || steps.length === 0) return;
  const open = steps.filter((step) => !complete.some((signature) => signature.stepId === step.id));
  const issued = (await ledger.documents.statusChanges(document.id)).some(
    (change) => change.kind === "issued" || change.kind === "corrected",
  );
  // One that was withdrawn before it was ever issued need not be finished.
  if (!issued && document.state === "withdrawn") return;
  if (open.length > 0)
    yield { about, problem: "signature-unfinished", details: { steps: open.map((step) => step.id) } };
  if (receipt === null) yield { about, problem: "receipt-missing", details: {} };
  if (!issued) yield { about, problem: "issue-not-recorded", details: {} };
}
