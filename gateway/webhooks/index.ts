export { startDispatcher, type WebhookDispatcher } from "./dispatcher.ts";
export { type WebhookEventType, webhookEventTypes } from "./events.ts";
export { openSqliteWebhooks } from "./sqlite-webhooks.ts";
export { signWebhook, verifyWebhook } from "./standard-webhooks.ts";
export { openWebhookSecrets, type WebhookSecrets } from "./webhook-secrets.ts";
export type { WebhookDelivery, WebhookEndpoint, WebhookStore } from "./webhook-store.ts";
