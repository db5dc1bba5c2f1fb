import type { AuditEntry, DocumentRecord } from "../ledger/index.ts";

export const webhookEventTypes = [
  "document.signed",
  "document.awaiting-signature",
  "document.failed",
  "document.rejected",
  "document.withdrawn",
  "document.superseded",
] as const;
export type WebhookEventType = (typeof webhookEventTypes)[number];

/** The event an audit entry stands for, or null. Every event has its audit entry, so none is lost in a crash. */
export function eventOf(entry: Pick<AuditEntry, "action" | "details">): WebhookEventType | null {
  const type = webhookEventTypes.find((each) => each === entry.action);
  if (type === undefined) return null;
  // Asking for the octets to sign again is no news.
  return type === "document.awaiting-signature" && entry.details.from === "awaiting-signature" ? null : type;
}

/** The body sent: type, time, data (Standard Webhooks). Ids, digests and codes; nothing of what the document says. */
export function eventBody(type: WebhookEventType, entry: AuditEntry, document: DocumentRecord): string {
  const { code, replacedBy, sha256 } = entry.details;
  return JSON.stringify({
    type,
    timestamp: new Date(entry.at).toISOString(),
    data: {
      id: document.id,
      school: document.school,
      externalId: document.externalId,
      batchId: document.batchId,
      state: type.slice("document.".length),
      received: document.sha256,
      ...(typeof sha256 === "string" ? { sha256 } : {}),
      ...(typeof code === "string" ? { code } : {}),
      ...(typeof replacedBy === "string" ? { replacedBy } : {}),
    },
  });
}
