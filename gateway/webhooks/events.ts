import type { AuditEntry, BatchRecord, DocumentRecord } from "../ledger/index.ts";

export const webhookEventTypes = [
  "document.signed",
  "document.raised",
  "document.awaiting-signature",
  "document.failed",
  "document.rejected",
  "document.withdrawn",
  "document.superseded",
  "batch.finished",
] as const;
export type WebhookEventType = (typeof webhookEventTypes)[number];

/** The event an audit entry stands for, or null. Every event has its audit entry, so none is lost in a crash. */
export function eventOf(entry: Pick<AuditEntry, "action" | "details">): WebhookEventType | null {
  const type = webhookEventTypes.find((each) => each === entry.action);
  if (type === undefined) return null;
  // Asking for the octets to sign again is no news.
  return type === "document.awaiting-signature" && entry.details.from === "awaiting-signature" ? null : type;
}

/** The body of `batch.finished`: how many of its documents came to which end; each of them was told of before. */
export function batchEventBody(entry: AuditEntry, batch: BatchRecord): string {
  const { items, refused, states } = entry.details;
  const { id, school, externalId } = batch;
  return JSON.stringify({
    type: "batch.finished",
    timestamp: new Date(entry.at).toISOString(),
    data: { id, school, externalId, items, refused, states },
  });
}

/** The body sent: type, time, data (Standard Webhooks). Ids, digests and codes; nothing of what the document says. */
export function eventBody(type: WebhookEventType, entry: AuditEntry, document: DocumentRecord): string {
  const { code, replacedBy, sha256, previous, level, waitingFor } = entry.details;
  return JSON.stringify({
    type,
    timestamp: new Date(entry.at).toISOString(),
    data: {
      id: document.id,
      school: document.school,
      externalId: document.externalId,
      batchId: document.batchId,
      // Raising a document to the level it waited for leaves it signed.
      state: type === "document.raised" ? "signed" : type.slice("document.".length),
      received: document.sha256,
      ...(typeof sha256 === "string" ? { sha256 } : {}),
      ...(typeof previous === "string" ? { previous } : {}),
      ...(typeof level === "string" ? { level } : {}),
      ...(typeof waitingFor === "string" ? { waitingFor } : {}),
      ...(typeof code === "string" ? { code } : {}),
      ...(typeof replacedBy === "string" ? { replacedBy } : {}),
    },
  });
}
