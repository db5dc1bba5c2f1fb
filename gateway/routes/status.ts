import { Hono } from "hono";
import { z } from "zod";
import { statusOf } from "../status/index.ts";
import { callerAddress } from "./caller.ts";
import type { GatewayEnv, GatewayParts } from "./gateway-parts.ts";
import { RateLimiter } from "./rate-limiter.ts";
import { parseParameters } from "./respond.ts";

export const statusParameters = z.strictObject({
  at: z.iso.datetime({ offset: true }).optional().meta({ description: "As of this time; absent: now" }),
});
const digest = z.string().regex(/^[0-9a-f]{64}$/, "SHA-256 in lower-case hex");

/** `/v1/status`: is this file, named by its hash, still the current one? Answered by a statement the gateway signs. */
export function statusRoutes(parts: GatewayParts): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>();
  const limiter = new RateLimiter(parts.config.verification.perMinute, parts.clock);
  app.get("/:sha256", async (context) => {
    limiter.take(callerAddress(context, parts.config.trustProxy));
    const sha256 = parseParameters(digest, context.req.param("sha256"));
    const { at } = parseParameters(statusParameters, context.req.query());
    const now = parts.clock();
    // The future is nobody's to state.
    const status = await statusOf(parts.ledger, sha256, Math.min(at === undefined ? now : Date.parse(at), now));
    const statement = parts.receipts.statement({ iss: "hocba-gateway", iat: Math.floor(now / 1000), ...status });
    return context.json({ ...status, statement }, 200, { "cache-control": "no-store" });
  });
  return app;
}
