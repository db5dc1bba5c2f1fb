import { createHash, randomBytes } from "node:crypto";
import { HocbaError } from "@hocba/certs";
import { Hono } from "hono";
import { z } from "zod";
import type { GatewayEnv, GatewayParts } from "./gateway-parts.ts";

export const readinessSchema = z
  .object({
    status: z.enum(["ready", "not-ready"]),
    checks: z.record(
      z.string(),
      z.object({ ok: z.boolean(), ms: z.number(), code: z.string().optional(), skipped: z.boolean().optional() }),
    ),
  })
  .meta({ id: "Readiness" });
type Check = z.output<typeof readinessSchema>["checks"][string];

/** Whoever asks, and however often: the parts are tested this often at most. */
const FRESH_MS = 2000;
/** A time stamp is scarce. */
const FRESH_STAMP_MS = 30_000;
const PATIENCE_MS = 5000;

/** `/healthz` says that the process lives; `/readyz` that everything it needs really works. */
export function healthRoutes(parts: GatewayParts): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>();
  const stamp = remembered(FRESH_STAMP_MS, parts.clock, () =>
    timed(async () => {
      const digest = createHash("sha256").update(randomBytes(32)).digest();
      await parts.timestamps.stamp(digest, AbortSignal.timeout(PATIENCE_MS));
    }),
  );
  const all = remembered(FRESH_MS, parts.clock, async () => {
    const { signer } = parts;
    const [ledger, store, redis, token, tsa] = await Promise.all([
      timed(() => parts.ledger.ping()),
      timed(() => parts.store.ping()),
      timed(() => parts.list.ping()),
      signer === null ? skipped : timed(() => signer.ping()),
      parts.config.timestamps.endpoints.length === 0 ? skipped : stamp(),
    ]);
    return { ledger, store, redis, token, tsa };
  });

  app.get("/healthz", (context) => context.json({ status: "ok" }));
  app.get("/readyz", async (context) => {
    const checks = await all();
    const ready = Object.values(checks).every((check) => check.ok);
    const body = { status: ready ? ("ready" as const) : ("not-ready" as const), checks };
    return context.json(body, ready ? 200 : 503, { "cache-control": "no-store" });
  });
  app.get("/metrics", async (context) =>
    context.body(await parts.metrics.registry.metrics(), 200, { "content-type": parts.metrics.registry.contentType }),
  );
  app.get("/.well-known/jwks.json", (context) => context.json({ keys: [parts.receipts.key] }));
  return app;
}

const skipped: Check = { ok: true, ms: 0, skipped: true };

async function timed(check: () => Promise<void>): Promise<Check> {
  const started = performance.now();
  const ms = () => Math.round(performance.now() - started);
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer in time")), PATIENCE_MS);
  });
  try {
    await Promise.race([check(), patience]);
    return { ok: true, ms: ms() };
  } catch (error) {
    return { ok: false, ms: ms(), code: error instanceof HocbaError ? error.code : "TIMEOUT" };
  } finally {
    clearTimeout(timer);
  }
}

/** The last answer while it is fresh; one at a time. */
function remembered<T>(freshMs: number, clock: () => number, ask: () => Promise<T>): () => Promise<T> {
  let last: { at: number; answer: Promise<T> } | null = null;
  return () => {
    if (last === null || clock() - last.at >= freshMs) last = { at: clock(), answer: ask() };
    return last.answer;
  };
}
