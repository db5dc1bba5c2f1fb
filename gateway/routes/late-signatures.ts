import { createHash } from "node:crypto";
import { Hono } from "hono";
import { z } from "zod";
import { authenticate, requireScope } from "../access/index.ts";
import { GatewayError } from "../errors.ts";
import type { ApiKey } from "../ledger/index.ts";
import { viewSummary } from "./document-view.ts";
import type { GatewayEnv, GatewayParts } from "./gateway-parts.ts";
import { parseParameters } from "./respond.ts";

const base64 = z.base64().min(4).max(4096);
export const signatureBody = z.strictObject({ value: base64.meta({ description: "Signature value; ECDSA as DER" }) });
export const refusalBody = z.strictObject({ reason: z.string().trim().min(3).max(500) });
export const signingTaskSchema = z
  .object({
    stepId: z.string(),
    algorithm: z.enum(["rsa-pkcs1-sha256", "rsa-pss-sha256", "ecdsa-p256-sha256"]),
    toBeSigned: z.string().meta({ description: "Base64: the octets the key signs" }),
    digest: z.string().meta({ description: "Base64: their SHA-256, for tokens that take a digest" }),
    signingTime: z.iso.datetime(),
    certificate: z.string().meta({ description: "Base64 of the DER certificate whose key must sign" }),
  })
  .meta({ id: "SigningTask" });

/** Steps of people who sign with a token of their own: what to sign, the signature, or a refusal. */
export function lateSignatureRoutes(parts: GatewayParts): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>();
  const mine = async (authorization: string | undefined, id: string): Promise<ApiKey> => {
    const key = await authenticate(parts.ledger, authorization);
    requireScope(key, "documents:write");
    const document = await parts.ledger.documents.get(id);
    if (document === null || (key.school !== null && document.school !== key.school)) {
      throw new GatewayError("NOT_FOUND", "there is no such document");
    }
    return key;
  };

  app.post("/:id/steps/:step/preparation", async (context) => {
    const { id, step } = context.req.param();
    const key = await mine(context.req.header("authorization"), id);
    const task = await parts.lateSigning.prepare(id, step, key.id);
    return context.json({
      stepId: task.stepId,
      algorithm: task.algorithm,
      toBeSigned: Buffer.from(task.toBeSigned).toString("base64"),
      digest: createHash("sha256").update(task.toBeSigned).digest("base64"),
      signingTime: new Date(task.signingTime).toISOString(),
      certificate: Buffer.from(task.certificate).toString("base64"),
    } satisfies z.output<typeof signingTaskSchema>);
  });

  app.post("/:id/steps/:step/signature", async (context) => {
    const { id, step } = context.req.param();
    const key = await mine(context.req.header("authorization"), id);
    const { value } = parseParameters(signatureBody, await context.req.json().catch(() => ({})));
    const document = await parts.lateSigning.submit(id, step, new Uint8Array(Buffer.from(value, "base64")), key.id);
    parts.feeder.feed(id);
    return context.json(viewSummary(document), 202);
  });

  app.post("/:id/steps/:step/refusal", async (context) => {
    const { id, step } = context.req.param();
    const key = await mine(context.req.header("authorization"), id);
    const { reason } = parseParameters(refusalBody, await context.req.json().catch(() => ({})));
    return context.json(viewSummary(await parts.lateSigning.refuse(id, step, reason, key.id)));
  });
  return app;
}
