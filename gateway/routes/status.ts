import { type Context, Hono } from "hono";
import { z } from "zod";
import { readLookupCode } from "../appearance/index.ts";
import { GatewayError } from "../errors.ts";
import { statusOf } from "../status/index.ts";
import { callerAddress } from "./caller.ts";
import type { GatewayEnv, GatewayParts } from "./gateway-parts.ts";
import { RateLimiter } from "./rate-limiter.ts";
import { parseParameters } from "./respond.ts";

export const statusParameters = z.strictObject({
  at: z.iso.datetime({ offset: true }).optional().meta({ description: "As of this time; absent: now" }),
});
const digest = z.string().regex(/^[0-9a-f]{64}$/, "SHA-256 in lower-case hex");

/** `/v1/status`: is this file, named by its hash or by the lookup code printed on it, still the current one? Answered by a statement the gateway signs. */
export function statusRoutes(parts: GatewayParts): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>();
  const limiter = new RateLimiter(parts.config.verification.perMinute, parts.clock);
  app.get("/code/:code", async (context) => {
    limiter.take(callerAddress(context, parts.config.trustProxy));
    const document = await parts.ledger.documents.byLookup(readLookupCode(context.req.param("code")));
    if (document === null) throw new GatewayError("NOT_FOUND", "no document was issued with this code");
    return answer(context, document.currentSha256);
  });
  app.get("/:sha256", (context) => {
    limiter.take(callerAddress(context, parts.config.trustProxy));
    return answer(context, parseParameters(digest, context.req.param("sha256")));
  });
  async function answer(context: Context<GatewayEnv>, sha256: string) {
    const { at } = parseParameters(statusParameters, context.req.query());
    const now = parts.clock();
    // The future is nobody's to state.
    const status = await statusOf(parts.ledger, sha256, Math.min(at === undefined ? now : Date.parse(at), now));
    const statement = parts.receipts.statement({ iss: "hocba-gateway", iat: Math.floor(now / 1000), ...status });
    return context.json({ ...status, statement }, 200, { "cache-control": "no-store" });
  }
  return app;
}
