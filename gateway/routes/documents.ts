import { Hono } from "hono";
import { z } from "zod";
import { authenticate, requireScope } from "../access/index.ts";
import { GatewayError } from "../errors.ts";
import { receiveUpload, takeDocument } from "../intake/index.ts";
import { type ApiKey, type DocumentRecord, type Dossier, documentStates } from "../ledger/index.ts";
import { fileNameOf, mediaTypeOf, originalMedia } from "../media.ts";
import { viewDocument, viewEvidence, viewSummary } from "./document-view.ts";
import type { GatewayEnv, GatewayParts } from "./gateway-parts.ts";
import { parseParameters } from "./respond.ts";

const text = z.string().min(1).max(200);
export const idempotencyKey = z.string().regex(/^[\x21-\x7e]{1,200}$/, "1 to 200 visible ASCII characters");

export const submitParameters = z.strictObject({
  profile: text.meta({ description: "Name of the profile: which signers, in which order" }),
  externalId: text.optional().meta({ description: "The sender's own name for the document" }),
  className: text
    .optional()
    .meta({ description: "Class, to choose the homeroom teacher, where the document does not say" }),
  school: text.optional().meta({ description: "School; only for keys that are bound to none" }),
  replaces: text.optional().meta({ description: "Id of the issued document that this one corrects" }),
});

export const withdrawalBody = z.strictObject({
  reason: z.string().trim().min(3).max(500).meta({ description: "Shown to everybody who has the document" }),
});

export const contentParameters = z.strictObject({
  revision: z
    .enum(["signed", "preserved", "current", "original"])
    .default("signed")
    .meta({
      description:
        "`preserved`: the newest revision with renewed time stamps, where the profile's level is LT or LTA; a detached signature with " +
        "its evidence record in it, where it has one; else as `signed`",
    }),
});

export const listParameters = z.strictObject({
  state: z.enum(documentStates).optional(),
  externalId: text.optional(),
  school: text.optional(),
  before: text.optional().meta({ description: "Id: older ones than this" }),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

/** The school a key acts for. @throws GatewayError FORBIDDEN_SCHOOL, REQUEST_INVALID */
export function schoolOf(key: ApiKey, named: string | undefined): string {
  if (key.school === null) {
    if (named !== undefined) return named;
    throw new GatewayError("REQUEST_INVALID", "this key is bound to no school: name one", {
      details: { parameters: [{ name: "school", problem: "required" }] },
    });
  }
  if (named !== undefined && named !== key.school) {
    throw new GatewayError("FORBIDDEN_SCHOOL", "the key is bound to another school");
  }
  return key.school;
}

/** `/v1/documents`: submission, state, content, receipt. */
export function documentRoutes(parts: GatewayParts): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>();
  app.use(async (context, next) => {
    context.set("key", await authenticate(parts.ledger, context.req.header("authorization")));
    await next();
  });

  app.post("/", async (context) => {
    const key = context.get("key");
    requireScope(key, "documents:write");
    await refuseWhenFull(parts);
    return receiveUpload(context.req.raw, parts.config.limits.documentBytes, parts, async (upload) => {
      const parameters = parseParameters(submitParameters, { ...upload.fields, ...context.req.query() });
      const header = context.req.header("idempotency-key");
      const { document, created } = await takeDocument(parts, {
        content: upload.content,
        profile: parameters.profile,
        school: schoolOf(key, parameters.school),
        externalId: parameters.externalId ?? null,
        className: parameters.className ?? null,
        idempotencyKey: header === undefined ? null : parseParameters(idempotencyKey, header),
        batchId: null,
        replaces: parameters.replaces ?? null,
        actor: key.id,
      });
      const view = viewSummary(document);
      return context.json(view, created ? 202 : 200, { location: view.links.self! });
    });
  });

  app.get("/", async (context) => {
    const key = context.get("key");
    requireScope(key, "documents:read");
    const { state, externalId, school, before, limit } = parseParameters(listParameters, context.req.query());
    const documents = await parts.ledger.documents.list({
      limit,
      ...(key.school === null && school === undefined ? {} : { school: schoolOf(key, school) }),
      ...(state === undefined ? {} : { state }),
      ...(externalId === undefined ? {} : { externalId }),
      ...(before === undefined ? {} : { before }),
    });
    return context.json({ documents: documents.map(viewSummary) });
  });

  app.get("/:id", async (context) => {
    const dossier = await own(parts, context.get("key"), context.req.param("id"));
    const { id, profile } = dossier.document;
    const view = await viewDocument(dossier, parts.profiles.get(profile), parts.ledger);
    return context.json({ ...view, evidenceRecord: viewEvidence(parts.evidence.ofDocument(id)) });
  });

  app.get("/:id/content", async (context) => {
    const { document } = await own(parts, context.get("key"), context.req.param("id"));
    const { revision } = parseParameters(contentParameters, context.req.query());
    const finished = ["signed", "withdrawn", "superseded"].includes(document.state);
    if ((revision === "signed" || revision === "preserved") && !finished) {
      throw new GatewayError("CONTENT_NOT_READY", `the document is ${document.state}`, {
        details: { state: document.state },
      });
    }
    const sha256 = revision === "original" ? document.sha256 : await revisionOf(document, revision, parts);
    const etag = `"${sha256}"`;
    if (context.req.header("if-none-match") === etag) return context.body(null, 304, { etag });
    const { size, pieces } = await parts.store.read(sha256);
    const media =
      sha256 === document.sha256
        ? originalMedia(document)
        : { name: fileNameOf(document), mediaType: mediaTypeOf(document.format) };
    return context.body(ReadableStream.from(pieces) as ReadableStream<Uint8Array<ArrayBuffer>>, 200, {
      "content-length": String(size),
      "content-type": media.mediaType,
      "content-disposition": `attachment; filename="${media.name}"`,
      "cache-control": "private, no-store",
      etag,
      "x-document-state": document.state,
    });
  });

  app.get("/:id/receipt", async (context) => {
    const id = context.req.param("id");
    const { document, receipt } = await own(parts, context.get("key"), id);
    if (receipt === null) {
      throw new GatewayError("CONTENT_NOT_READY", "there is no receipt yet", { details: { state: document.state } });
    }
    const proven = parts.evidence.ofDocument(id);
    const whole = proven?.record ? parts.receipts.withEvidence(receipt, proven) : receipt;
    return context.body(whole, 200, { "content-type": "application/jose" });
  });

  app.get("/:id/evidence-record", async (context) => {
    const { document } = await own(parts, context.get("key"), context.req.param("id"));
    const evidence = parts.evidence.ofDocument(document.id);
    if (evidence === null) throw new GatewayError("NOT_FOUND", "the document has no evidence record");
    const { record, sha256 } = evidence;
    if (record === null) {
      throw new GatewayError("CONTENT_NOT_READY", "the evidence record waits for its time stamp", {
        details: { state: "evidence-record-waiting" },
      });
    }
    return context.body(record as Uint8Array<ArrayBuffer>, 200, {
      "content-type": "application/octet-stream",
      "content-disposition": `attachment; filename="${fileNameOf(document)}.ers"`,
      "cache-control": "private, no-store",
      "x-evidence-sha256": sha256,
    });
  });

  app.post("/:id/withdrawal", async (context) => {
    const key = context.get("key");
    requireScope(key, "documents:write");
    const { document } = await own(parts, key, context.req.param("id"));
    const { reason } = parseParameters(withdrawalBody, await context.req.json().catch(() => ({})));
    const withdrawn = await parts.ledger.documents.transition(document, "withdrawn", {
      actor: key.id,
      status: { kind: "withdrawn", reason, replacedBy: null },
    });
    return context.json(viewSummary(withdrawn));
  });
  return app;
}

/** SHA-256 of the revision asked for. */
async function revisionOf(document: DocumentRecord, revision: string, parts: GatewayParts): Promise<string> {
  const { currentSha256 } = document;
  if (revision !== "preserved") return currentSha256;
  const renewed = parts.preserved.get(document.id)?.sha256 ?? currentSha256;
  // A record is over the file as it was issued.
  return renewed === currentSha256 ? ((await parts.evidence.embedded(document)) ?? currentSha256) : renewed;
}

/** A document of the key's school; another school's is as good as none. @throws GatewayError */
async function own(parts: GatewayParts, key: ApiKey, id: string): Promise<Dossier> {
  requireScope(key, "documents:read");
  const dossier = await parts.ledger.documents.dossier(id);
  if (dossier === null || (key.school !== null && dossier.document.school !== key.school)) {
    throw new GatewayError("NOT_FOUND", "there is no such document");
  }
  return dossier;
}

/** @throws GatewayError AT_CAPACITY */
export async function refuseWhenFull(parts: GatewayParts): Promise<void> {
  let unfinished = 0;
  for (const [state, n] of await parts.ledger.documents.countByState()) {
    if (state === "received" || state === "preparing" || state === "signing" || state === "stamping") unfinished += n;
  }
  if (unfinished >= parts.config.limits.unfinished) {
    throw new GatewayError("AT_CAPACITY", "too many documents are unfinished", {
      retryable: true,
      details: { unfinished, retryAfter: 30 },
    });
  }
}
