import { createHash } from "node:crypto";
import type { AuditEntry } from "./records.ts";

/** What the first entry names as its predecessor. */
export const auditGenesis = "0".repeat(64);

/** SHA-256 over the entry with its predecessor's hash: changing or leaving out an entry breaks every later one. */
export function auditHash(entry: Omit<AuditEntry, "hash">): string {
  const fields = [
    entry.seq,
    entry.at,
    entry.actor,
    entry.action,
    entry.documentId,
    entry.batchId,
    entry.details,
    entry.previous,
  ];
  return createHash("sha256").update(JSON.stringify(fields)).digest("hex");
}

export interface AuditBreak {
  seq: number;
  problem: "hash" | "previous" | "gap";
}

/** Walks entries in order from `previous`; the first break, or null when the chain holds. */
export function findAuditBreak(
  entries: Iterable<AuditEntry>,
  from: { seq: number; hash: string } = { seq: 0, hash: auditGenesis },
): AuditBreak | null {
  let last = from;
  for (const entry of entries) {
    if (entry.seq !== last.seq + 1) return { seq: entry.seq, problem: "gap" };
    if (entry.previous !== last.hash) return { seq: entry.seq, problem: "previous" };
    const { hash, ...rest } = entry;
    if (auditHash(rest) !== hash) return { seq: entry.seq, problem: "hash" };
    last = entry;
  }
  return null;
}
