import { CertsError } from "@hocba/certs";
import { AllowList, fetchGuarded } from "@hocba/certs/online";
import type { Config } from "../config/index.ts";
import type { AuditEntry, Ledger } from "../ledger/index.ts";
import { newId } from "../new-id.ts";
import type { Logger } from "../observability/index.ts";
import { takeTurns } from "../take-turns.ts";
import { batchEventBody, eventBody, eventOf, type WebhookEventType } from "./events.ts";
import { signWebhook } from "./standard-webhooks.ts";
import type { WebhookSecrets } from "./webhook-secrets.ts";
import type { NewDelivery, WebhookDelivery, WebhookEndpoint, WebhookStore } from "./webhook-store.ts";

const PAGE = 500;
/** An endpoint that is slow holds up no other. */
const PER_ENDPOINT = 4;
const LARGEST_ANSWER = 64 * 1024;
const LEASE_MARGIN_MS = 15_000;
const PURGE_EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;
const ACTOR = "gateway";

export interface WebhookDispatcher {
  /** One turn: takes in what the audit log has, sends what is due. @returns how many were sent or tried */
  turn(): Promise<number>;
  /** Waits for the attempts under way. */
  stop(): Promise<void>;
}

/**
 * Tells schools' systems what became of their documents. The audit log is the outbox: what it holds is sent at least once,
 * through crashes and with several gateways at work. An attempt that fails is repeated by the schedule, then kept as dead.
 */
export function startDispatcher(
  parts: { ledger: Ledger; store: WebhookStore; secrets: WebhookSecrets; clock: () => number; log: Logger },
  options: Config["webhooks"] & { random?: () => number },
): WebhookDispatcher {
  const { ledger, store, clock, log } = parts;
  const random = options.random ?? Math.random;
  const allow = new AllowList(options.allowedHosts);
  let purgedAt = clock();

  async function collect(): Promise<void> {
    for (;;) {
      const from = store.cursor();
      const last = (await ledger.audit.last())?.seq ?? 0;
      if (last <= from) return;
      const entries = await ledger.audit.entries({ after: from, limit: PAGE });
      // Read after the entries: who comes later has no claim to them.
      const endpoints = store.endpoints(null).filter((endpoint) => endpoint.disabledAt === null);
      if (endpoints.length === 0) {
        store.take(from, last, [], clock());
        return;
      }
      const to = entries.at(-1)?.seq;
      if (to === undefined) return;
      const deliveries: NewDelivery[] = [];
      for (const entry of entries) deliveries.push(...(await deliveriesOf(entry, endpoints)));
      store.take(from, to, deliveries, clock());
      if (entries.length < PAGE) return;
    }
  }

  async function deliveriesOf(entry: AuditEntry, endpoints: readonly WebhookEndpoint[]): Promise<NewDelivery[]> {
    const type = eventOf(entry);
    const told = type === null ? null : await bodyOf(type, entry);
    if (type === null || told === null) return [];
    return endpoints
      .filter(
        ({ school, events, fromSeq }) =>
          school === told.school && entry.seq > fromSeq && (events === null || events.includes(type)),
      )
      .map(({ id }) => ({
        id: newId("msg", clock()),
        endpointId: id,
        seq: entry.seq,
        type,
        body: told.body,
      }));
  }

  async function bodyOf(type: WebhookEventType, entry: AuditEntry): Promise<{ school: string; body: string } | null> {
    if (type === "batch.finished") {
      const batch = entry.batchId === null ? null : await ledger.batches.get(entry.batchId);
      return batch && { school: batch.school, body: batchEventBody(entry, batch) };
    }
    const document = entry.documentId === null ? null : await ledger.documents.get(entry.documentId);
    return document && { school: document.school, body: eventBody(type, entry, document) };
  }

  async function attempt(delivery: WebhookDelivery): Promise<void> {
    const endpoint = store.endpoint(delivery.endpointId);
    if (endpoint === null) return;
    const failure = await send(endpoint, delivery);
    const now = clock();
    if (failure === null) return;
    const rest = options.retrySeconds[delivery.attempts - 1];
    if (failure.status === 410) store.disable(endpoint.id, now);
    // Spread, so that what failed together does not come back together.
    const nextAt = rest === undefined || failure.status === 410 ? null : now + rest * 1000 * (0.8 + 0.4 * random());
    store.failed(delivery.id, failure, nextAt === null ? null : Math.round(nextAt), now);
    const context = { endpoint: endpoint.id, delivery: delivery.id, attempts: delivery.attempts, ...failure };
    if (nextAt === null) log.warn(context, "webhook given up; it can be replayed");
    else log.info(context, "webhook not taken; it is sent again");
  }

  /** null when it was taken. */
  async function send(
    endpoint: WebhookEndpoint,
    delivery: WebhookDelivery,
  ): Promise<{ code: string; status: number | null } | null> {
    const at = clock();
    const secrets = [parts.secrets.secretOf(endpoint.id, endpoint.generation)];
    if (endpoint.previousUntil !== null && at < endpoint.previousUntil) {
      secrets.push(parts.secrets.secretOf(endpoint.id, endpoint.generation - 1));
    }
    try {
      const { status } = await fetchGuarded(endpoint.url, {
        body: Buffer.from(delivery.body),
        headers: { "content-type": "application/json", ...signWebhook(delivery, secrets, at) },
        allow,
        timeoutMs: options.timeoutMs,
        maxBytes: LARGEST_ANSWER,
        maxRedirects: 0,
      });
      store.delivered(delivery.id, status, clock());
      return null;
    } catch (error) {
      if (!(error instanceof CertsError)) throw error;
      const { reason, status } = error.details as { reason?: string; status?: number };
      // The fetcher knows 200 only; a receiver may say 204 as well.
      if (status !== undefined && status >= 200 && status < 300) {
        store.delivered(delivery.id, status, clock());
        return null;
      }
      return { code: reason ?? error.code, status: status ?? null };
    }
  }

  async function turn(): Promise<number> {
    // The last document of a batch may end in any process: it is seen here, and told by the audit log like all else.
    await ledger.batches.finish(ACTOR);
    await collect();
    const now = clock();
    const lease = now + options.timeoutMs + LEASE_MARGIN_MS;
    const claimed = store.claim(now, lease, options.concurrency, PER_ENDPOINT);
    await Promise.all(claimed.map(attempt));
    if (now - purgedAt > PURGE_EVERY_MS) {
      purgedAt = now;
      store.purge(now - options.keepDays * DAY_MS);
    }
    return claimed.length;
  }

  const turns = takeTurns(
    async () => ((await turn()) > 0 ? 0 : options.pollMs),
    (error) => {
      log.error({ error }, "webhooks: a turn failed");
      return options.pollMs;
    },
    options.pollMs,
  );
  return { turn, stop: turns.stop };
}
