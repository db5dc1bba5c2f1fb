import { HocbaError } from "@hocba/certs";
import type { Context } from "hono";
import type { z } from "zod";
import { GatewayError } from "../errors.ts";
import { toProblem } from "../problems/index.ts";

/** Seconds a caller is asked to wait. */
const retryAfter: Readonly<Record<string, number>> = {
  RATE_LIMITED: 10,
  AT_CAPACITY: 5,
  STORE_FULL: 60,
  LEDGER_UNAVAILABLE: 5,
};

/** The answer for an error: RFC 9457, and Retry-After where coming again makes sense. */
export function problemResponse(context: Context, error: unknown): Response {
  const problem = toProblem(error, context.req.path);
  const headers: Record<string, string> = { "content-type": "application/problem+json; charset=utf-8" };
  const wait = error instanceof HocbaError ? (error.details.retryAfter ?? retryAfter[error.code]) : undefined;
  if (typeof wait === "number") headers["retry-after"] = String(wait);
  if (problem.status === 401) headers["www-authenticate"] = 'Bearer realm="hocba"';
  return context.body(JSON.stringify(problem), problem.status as 400, headers);
}

/** Parameters by their schema. @throws GatewayError REQUEST_INVALID naming each parameter */
export function parseParameters<T extends z.ZodType>(schema: T, values: unknown): z.output<T> {
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  throw new GatewayError("REQUEST_INVALID", "the parameters are not valid", {
    details: {
      parameters: result.error.issues.map((issue) => ({ name: issue.path.join("."), problem: issue.message })),
    },
  });
}
