import { createHash } from "node:crypto";
import type { Profile } from "@hocba/signatures/profiles";
import { sentence, type VerificationReport } from "@hocba/signatures/verify";
import { Hono } from "hono";
import { z } from "zod";
import { GatewayError } from "../errors.ts";
import { readUpload } from "../intake/index.ts";
import { type DocumentStatus, notCurrentSentence, statusOf } from "../status/index.ts";
import { callerAddress } from "./caller.ts";
import type { GatewayEnv, GatewayParts } from "./gateway-parts.ts";
import { RateLimiter } from "./rate-limiter.ts";
import { parseParameters } from "./respond.ts";

export const verificationParameters = z.strictObject({
  profile: z
    .string()
    .max(61)
    .optional()
    .meta({ description: "Profile to hold the file against, by name; absent: found by the document's shape" }),
  fileName: z.string().max(255).optional().meta({ description: "Only given back in the report" }),
});

/** Files a form may hold beside the one in question: what a detached signature is over, and evidence records. */
const BESIDE = { content: 1, evidenceRecord: 20 } as const;

/** `/v1/verifications`: the public verdict on a file. Nothing of the file is kept or logged. */
export function verificationRoutes(parts: GatewayParts): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>();
  const { perMinute, concurrency, maxBytes } = parts.config.verification;
  const limiter = new RateLimiter(perMinute, parts.clock);
  let running = 0;

  app.post("/", async (context) => {
    limiter.take(callerAddress(context, parts.config.trustProxy));
    const { fileName, profile: named } = parseParameters(verificationParameters, context.req.query());
    const shed = () => {
      if (running < concurrency * 4) return;
      throw new GatewayError("AT_CAPACITY", "too many verifications", { retryable: true });
    };
    shed();
    // A sender who takes his time holds no place: what is in memory counts against the budget of bodies.
    const upload = await readUpload(context.req.raw, maxBytes, parts.budget, BESIDE);
    try {
      const profile = profileNamed(parts, named ?? upload.fields.profile);
      shed();
      running++;
      try {
        // Our own record of the file is evidence like any other: the verifier checks it.
        const own = parts.evidence.ofFile(createHash("sha256").update(upload.bytes).digest("hex"));
        const report = await parts.verifier.verify(upload.bytes, fileName ?? upload.name ?? "", profile, {
          detached: upload.beside.content?.[0],
          evidenceRecords: [...(upload.beside.evidenceRecord ?? []), ...(own === null ? [] : [own])],
        });
        parts.metrics.verifications.inc({ indication: report.indication });
        const registry = await statusOf(parts.ledger, report.sha256, parts.clock());
        return context.json(withSentence(report, registry), 200, { "cache-control": "no-store" });
      } finally {
        running--;
      }
    } finally {
      upload.release();
    }
  });
  return app;
}

/** @throws GatewayError PROFILE_UNKNOWN */
function profileNamed({ profiles }: GatewayParts, name: string | undefined): Profile | undefined {
  if (name === undefined || name === "") return undefined;
  const profile = profiles.get(name);
  if (profile) return profile;
  throw new GatewayError("PROFILE_UNKNOWN", "no such profile", { details: { profiles: [...profiles.keys()] } });
}

/** That a file is no longer the current one goes before all that can be said of its signatures. */
function withSentence(report: VerificationReport, registry: DocumentStatus) {
  const said = sentence(report);
  const first = notCurrentSentence(registry);
  const finding = { code: "REGISTRY_NOT_CURRENT", severity: "error" as const, message: first };
  return {
    ...report,
    ...(first === null ? {} : { findings: [finding, ...report.findings] }),
    registry,
    sentence: first === null ? said : { vi: `${first.vi} ${said.vi}`, en: `${first.en} ${said.en}` },
  };
}
