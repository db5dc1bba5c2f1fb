import { HocbaError } from "@hocba/certs";
import { Hono } from "hono";
import { GatewayError } from "../errors.ts";
import { newId } from "../new-id.ts";
import { problemText } from "../problems/index.ts";
import { batchRoutes } from "./batches.ts";
import { documentRoutes } from "./documents.ts";
import type { GatewayEnv, GatewayParts } from "./gateway-parts.ts";
import { healthRoutes } from "./health.ts";
import { lateSignatureRoutes } from "./late-signatures.ts";
import { openApiDocument } from "./openapi.ts";
import { findPortal, portalRoutes } from "./portal.ts";
import { problemResponse } from "./respond.ts";
import { statusRoutes } from "./status.ts";
import { verificationRoutes } from "./verifications.ts";
import { webhookRoutes } from "./webhooks.ts";

/** The whole HTTP surface; `app.request()` is enough to test it. */
export function createApp(parts: GatewayParts): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>();
  app.use(async (context, next) => {
    const requestId = newId("req", parts.clock());
    context.set("requestId", requestId);
    context.header("x-request-id", requestId);
    context.header("x-content-type-options", "nosniff");
    context.header("referrer-policy", "no-referrer");
    const started = performance.now();
    await next();
    const seconds = (performance.now() - started) / 1000;
    // The pattern, not the path: ids and names would fill the metrics.
    const route = context.req.routePath === "/*" ? "other" : context.req.routePath;
    const { method } = context.req;
    parts.metrics.requests.inc({ method, route, status: context.res.status });
    parts.metrics.requestSeconds.observe({ method, route }, seconds);
    parts.log.debug(
      { requestId, method, route, status: context.res.status, ms: Math.round(seconds * 1000) },
      "request",
    );
  });
  app.route("/v1/documents", documentRoutes(parts));
  app.route("/v1/documents", lateSignatureRoutes(parts));
  app.route("/v1/batches", batchRoutes(parts));
  app.route("/v1/verifications", verificationRoutes(parts));
  app.route("/v1/status", statusRoutes(parts));
  app.route("/v1/webhooks", webhookRoutes(parts));
  app.route("/", healthRoutes(parts));
  const openApi = openApiDocument(parts.config);
  app.get("/openapi.json", (context) => context.json(openApi));
  app.route("/", portalRoutes(findPortal(parts.config.portal.path)));
  app.notFound((context) => {
    if (context.req.path === "/" && context.req.header("accept")?.includes("text/html")) {
      return context.text(
        "Cổng tra cứu chưa được cài đặt.\nThe portal is not installed; the API is described at /openapi.json.\n",
        404,
      );
    }
    return problemResponse(context, new GatewayError("NOT_FOUND", "there is nothing at this address"));
  });
  app.onError((error, context) => {
    const expected = error instanceof HocbaError && problemText(error.code).status < 500;
    const requestId = context.get("requestId");
    if (expected) parts.log.info({ requestId, code: error.code }, "request refused");
    else parts.log.error({ requestId, error }, "request failed");
    return problemResponse(context, error);
  });
  return app;
}
