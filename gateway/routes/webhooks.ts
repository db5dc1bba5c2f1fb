import { AllowList } from "@hocba/certs/online";
import { Hono } from "hono";
import { z } from "zod";
import { authenticate, requireScope } from "../access/index.ts";
import { GatewayError } from "../errors.ts";
import type { ApiKey } from "../ledger/index.ts";
import { newId } from "../new-id.ts";
import { type WebhookDelivery, type WebhookEndpoint, webhookEventTypes } from "../webhooks/index.ts";
import { schoolOf } from "./documents.ts";
import type { GatewayEnv, GatewayParts } from "./gateway-parts.ts";
import { parseParameters } from "./respond.ts";

const time = z.iso.datetime();
export const webhookBody = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).max(500),
  events: z.array(z.enum(webhookEventTypes)).min(1).optional().meta({ description: "Absent: all" }),
  school: z.string().min(1).max(200).optional().meta({ description: "Only for keys that are bound to no school" }),
});
export const webhookSchema = z
  .object({
    id: z.string(),
    school: z.string(),
    url: z.string(),
    events: z.array(z.enum(webhookEventTypes)).nullable(),
    createdAt: time,
    disabledAt: time.nullable().meta({ description: "Set when the endpoint answered 410 Gone" }),
  })
  .meta({ id: "Webhook" });
export const webhookWithSecretSchema = webhookSchema.extend({
  secret: z.string().meta({ description: "whsec_…, shown now only; verify by Standard Webhooks" }),
});
export const deliveryParameters = z.strictObject({
  state: z.enum(["pending", "delivered", "dead"]).optional(),
  before: z.string().min(1).max(200).optional().meta({ description: "Id: older ones than this" }),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
export const deliverySchema = z
  .object({
    id: z.string().meta({ description: "The header webhook-id, the same at each attempt" }),
    type: z.enum(webhookEventTypes),
    state: z.enum(["pending", "delivered", "dead"]),
    attempts: z.number().int(),
    nextAttemptAt: time.nullable(),
    lastStatus: z.number().int().nullable(),
    lastError: z.string().nullable(),
    createdAt: time,
    finishedAt: time.nullable(),
    body: z.unknown(),
  })
  .meta({ id: "WebhookDelivery" });
export const replaySchema = z.object({ replayed: z.number().int() });

/** How long the secret before counts after a rotation. */
const ROTATION_MS = 24 * 3_600_000;

/** `/v1/webhooks`: where a school wants to hear of its documents, what was sent, and what could not be. */
export function webhookRoutes(parts: GatewayParts): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>();
  const { store, secrets } = parts.webhooks;
  const { allowedHosts, perSchool } = parts.config.webhooks;
  const allow = new AllowList(allowedHosts);
  app.use(async (context, next) => {
    const key = await authenticate(parts.ledger, context.req.header("authorization"));
    requireScope(key, context.req.method === "GET" ? "documents:read" : "documents:write");
    context.set("key", key);
    await next();
  });
  const own = (key: ApiKey, id: string): WebhookEndpoint => {
    const endpoint = store.endpoint(id);
    if (endpoint === null || (key.school !== null && endpoint.school !== key.school)) {
      throw new GatewayError("NOT_FOUND", "there is no such webhook");
    }
    return endpoint;
  };
  const note = (key: ApiKey, action: string, endpoint: Pick<WebhookEndpoint, "id" | "school">) =>
    parts.ledger.audit.append({ actor: key.id, action, details: { id: endpoint.id, school: endpoint.school } });

  app.post("/", async (context) => {
    const key = context.get("key");
    const body = parseParameters(webhookBody, await context.req.json().catch(() => ({})));
    const school = schoolOf(key, body.school);
    const url = new URL(body.url);
    if (url.protocol !== "https:" && !allow.permitsHost(url.hostname, Number(url.port || 80))) {
      throw new GatewayError("REQUEST_INVALID", "webhooks go over https only", {
        details: { parameters: [{ name: "url", problem: "https is required" }] },
      });
    }
    if (store.endpoints(school).length >= perSchool) {
      throw new GatewayError("WEBHOOKS_TOO_MANY", "too many webhooks", { details: { limit: perSchool } });
    }
    if ((await parts.ledger.registry.school(school)) === null) {
      throw new GatewayError("SCHOOL_UNKNOWN", `school ${school} is not registered`, { details: { school } });
    }
    const id = newId("wh", parts.clock());
    const fromSeq = (await parts.ledger.audit.last())?.seq ?? 0;
    store.addEndpoint({ id, school, url: url.href, events: body.events ?? null, fromSeq, createdAt: parts.clock() });
    await note(key, "webhook.add", { id, school });
    const endpoint = store.endpoint(id)!;
    return context.json({ ...view(endpoint), secret: secrets.secretOf(id, endpoint.generation) }, 201, {
      location: `/v1/webhooks/${id}`,
      "cache-control": "no-store",
    });
  });

  app.get("/", (context) => {
    const { school } = context.get("key");
    return context.json({ webhooks: store.endpoints(school).map(view) });
  });

  app.get("/:id", (context) => context.json(view(own(context.get("key"), context.req.param("id")))));

  app.delete("/:id", async (context) => {
    const endpoint = own(context.get("key"), context.req.param("id"));
    store.removeEndpoint(endpoint.id);
    await note(context.get("key"), "webhook.remove", endpoint);
    return context.body(null, 204);
  });

  app.post("/:id/secret", async (context) => {
    const endpoint = own(context.get("key"), context.req.param("id"));
    const { generation } = store.rotate(endpoint.id, parts.clock() + ROTATION_MS)!;
    await note(context.get("key"), "webhook.rotate", endpoint);
    return context.json({ ...view(endpoint), secret: secrets.secretOf(endpoint.id, generation) }, 200, {
      "cache-control": "no-store",
    });
  });

  app.get("/:id/deliveries", (context) => {
    const endpoint = own(context.get("key"), context.req.param("id"));
    const { state, before, limit } = parseParameters(deliveryParameters, context.req.query());
    const filter = { limit, ...(state === undefined ? {} : { state }), ...(before === undefined ? {} : { before }) };
    return context.json({ deliveries: store.deliveries(endpoint.id, filter).map(viewDelivery) });
  });

  app.post("/:id/replay", (context) => {
    const endpoint = own(context.get("key"), context.req.param("id"));
    store.enable(endpoint.id);
    return context.json({ replayed: store.replay(endpoint.id, null, parts.clock()) }, 202);
  });

  app.post("/:id/deliveries/:delivery/replay", (context) => {
    const endpoint = own(context.get("key"), context.req.param("id"));
    const replayed = store.replay(endpoint.id, context.req.param("delivery"), parts.clock());
    if (replayed === 0) throw new GatewayError("NOT_FOUND", "there is no such delivery");
    store.enable(endpoint.id);
    return context.json({ replayed }, 202);
  });
  return app;
}

function view(endpoint: WebhookEndpoint): z.output<typeof webhookSchema> {
  return {
    id: endpoint.id,
    school: endpoint.school,
    url: endpoint.url,
    events: endpoint.events === null ? null : [...endpoint.events],
    createdAt: iso(endpoint.createdAt),
    disabledAt: endpoint.disabledAt === null ? null : iso(endpoint.disabledAt),
  };
}

function viewDelivery(delivery: WebhookDelivery): z.output<typeof deliverySchema> {
  return {
    id: delivery.id,
    type: delivery.type,
    state: delivery.state,
    attempts: delivery.attempts,
    nextAttemptAt: delivery.state === "pending" ? iso(delivery.nextAt) : null,
    lastStatus: delivery.lastStatus,
    lastError: delivery.lastError,
    createdAt: iso(delivery.createdAt),
    finishedAt: delivery.finishedAt === null ? null : iso(delivery.finishedAt),
    body: JSON.parse(delivery.body) as unknown,
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
