import { HocbaError } from "@hocba/certs";
import type { Profile } from "@hocba/signatures/profiles";
import type { ByteBudget } from "../byte-budget.ts";
import type { DocumentFormat, DocumentRecord, Ledger } from "../ledger/index.ts";
import { fileNameOf } from "../media.ts";
import type { Logger } from "../observability/index.ts";
import { memoryOf } from "../pipeline/memory-of.ts";
import type { BlobStore } from "../store/index.ts";
import { type Turns, takeTurns } from "../take-turns.ts";
import { type ExtensionParts, extendDocument } from "./extend-document.ts";
import type { ExtensionLevel } from "./level-format.ts";
import type { PreservationBook, PreservedDocument } from "./preservation-book.ts";
import { reliedOnUntil } from "./relied-on-until.ts";

const DAY = 86_400_000;

export interface PreservationOptions {
  /** How long before its newest time stamp runs out a document is renewed, days. */
  renewBeforeDays: number;
  /** A failed renewal is tried again after so long, doubled each time, a day at most; milliseconds. */
  retryMs: number;
  /** Renewals at once. */
  concurrency: number;
}

export interface PreservationDeps {
  parts: ExtensionParts;
  book: PreservationBook;
  ledger: Pick<Ledger, "documents" | "audit">;
  store: Pick<BlobStore, "get" | "put">;
  profiles: ReadonlyMap<string, Profile>;
  log: Logger;
  clock: () => number;
  /** Large documents in work at once. */
  memory: ByteBudget;
  actor: string;
  /** Told of each renewal: `ok`, or the code of what it failed of. */
  onRenewal?: (outcome: string) => void;
}

/** Keeps issued documents valid beyond the life of certificates and algorithms. */
export interface Preservation {
  /**
   * Raises a document that has all its signatures, and has it watched from now on. Called before it is issued: may be called again.
   * @param detached what a detached signature is over
   * @param timestamps asked instead of the usual ones
   * @returns its octets at the level @throws GatewayError and SignaturesError as `extendDocument`
   */
  raise(
    document: { id: string; format: DocumentFormat },
    bytes: Uint8Array,
    profile: Profile,
    detached?: Uint8Array | null,
    timestamps?: ExtensionParts["timestamps"],
  ): Promise<Uint8Array>;
  /** Renews what is due, at most `limit`; one that fails is postponed and logged. @returns how many were renewed */
  renewDue(limit?: number): Promise<number>;
}

const BATCH = 100;
const LEASE_MS = 600_000;

/**
 * The gateway's keeping of documents. Renewal reads the ledger and writes to the store, the book and the audit log; what the ledger
 * says of a document never changes, and no signing waits for it.
 */
export function createPreservation(deps: PreservationDeps, options: PreservationOptions): Preservation {
  const { parts, book, ledger, store, profiles, log, clock, actor } = deps;
  const margin = options.renewBeforeDays * DAY;

  /** Where even the newest authority ends soon, a third of the margin passes before the next try. */
  function renewAt(bytes: Uint8Array, format: DocumentFormat): number {
    const until = reliedOnUntil(bytes, format, parts) ?? 0;
    return Math.max(Math.min(until - margin, Number.MAX_SAFE_INTEGER), clock() + Math.ceil(margin / 3));
  }

  async function keep(id: string, format: DocumentFormat, level: ExtensionLevel, bytes: Uint8Array): Promise<string> {
    const sha256 = await store.put(bytes);
    book.keep({ documentId: id, sha256, level, renewAt: renewAt(bytes, format) }, clock());
    return sha256;
  }

  async function renew(entry: PreservedDocument): Promise<boolean> {
    const document = await ledger.documents.get(entry.documentId);
    if (document === null || document.state !== "signed") {
      // One that is not issued yet is still on its way; what was recalled needs no keeping.
      if (document === null || document.state === "withdrawn" || document.state === "superseded") {
        book.forget(entry.documentId);
      }
      return false;
    }
    // Raised with the rest of the work on it, where the budget counts it already; here by itself.
    await deps.memory.within(memoryOf(document), () => renewHeld(document, entry));
    return true;
  }

  async function renewHeld(document: DocumentRecord, entry: PreservedDocument): Promise<void> {
    const profile = profiles.get(document.profile);
    const { document: bytes, stampedAt } = await extendDocument(
      await store.get(entry.sha256),
      {
        level: "LTA",
        fileName: fileNameOf(document),
        ...(profile ? { profile } : {}),
        ...(document.format === "cms" ? { content: await store.get(document.sha256) } : {}),
      },
      parts,
    );
    const sha256 = await keep(document.id, document.format, "LTA", bytes);
    const details = { documentId: document.id, sha256, previous: entry.sha256, stampedAt };
    await ledger.audit.append({ actor, action: "document.renewed", details });
  }

  async function renewOrPostpone(entry: PreservedDocument): Promise<boolean> {
    try {
      const renewed = await renew(entry);
      if (renewed) deps.onRenewal?.("ok");
      return renewed;
    } catch (error) {
      const code = error instanceof HocbaError ? error.code : "INTERNAL";
      const wait = Math.min(options.retryMs * 2 ** Math.min(entry.attempts, 20), DAY);
      log.error({ documentId: entry.documentId, code, attempts: entry.attempts + 1, error }, "renewal postponed");
      book.postpone(entry.documentId, clock() + wait);
      deps.onRenewal?.(code);
      return false;
    }
  }

  return {
    async raise(document, bytes, profile, detached, timestamps = parts.timestamps) {
      const level = profile.level === "LTA" ? "LTA" : "LT";
      const content = detached ? { content: detached } : {};
      const fileName = fileNameOf(document);
      const extended = await extendDocument(bytes, { level, fileName, profile, ...content }, { ...parts, timestamps });
      await keep(document.id, document.format, level, extended.document);
      return extended.document;
    },
    async renewDue(limit = BATCH) {
      const now = clock();
      const due = book.claim(now, now + LEASE_MS, limit);
      let renewed = 0;
      const next = due.values();
      const work = async () => {
        for (const entry of next) if (await renewOrPostpone(entry)) renewed++;
      };
      await Promise.all(Array.from({ length: options.concurrency }, work));
      return renewed;
    },
  };
}

/** Renews what is due at the start and every `everyMs`, batch after batch. */
export function startRenewal(preservation: Preservation, options: { everyMs: number; log: Logger }): Turns {
  const { everyMs, log } = options;
  return takeTurns(
    async (signal) => {
      while (!signal.aborted && (await preservation.renewDue()) > 0);
      return everyMs;
    },
    (error) => {
      log.error({ error }, "renewal of time stamps cannot go on; tried again later");
      return everyMs;
    },
  );
}

/** The ledger, where a renewed revision leads to the document it is a revision of. */
export function withPreserved(ledger: Ledger, book: Pick<PreservationBook, "documentOf">): Ledger {
  return {
    ...ledger,
    documents: {
      ...ledger.documents,
      async byIssuedHash(sha256) {
        const issued = await ledger.documents.byIssuedHash(sha256);
        if (issued) return issued;
        const id = book.documentOf(sha256);
        const document = id === null ? null : await ledger.documents.get(id);
        return document && ["signed", "withdrawn", "superseded"].includes(document.state) ? document : null;
      },
    },
  };
}
