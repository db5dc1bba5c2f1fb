import { HocbaError } from "@hocba/certs";
import { Zip, ZipPassThrough } from "fflate";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { z } from "zod";
import { authenticate, requireScope } from "../access/index.ts";
import { GatewayError } from "../errors.ts";
import { chunksOf, readBody, readForm, takeDocument } from "../intake/index.ts";
import { unzipStream, type ZipItem } from "../intake/unzip-stream.ts";
import { type ApiKey, type BatchRecord, documentStates, isFinal } from "../ledger/index.ts";
import { fileNameOf } from "../media.ts";
import { newId } from "../new-id.ts";
import { storedProblem } from "../problems/index.ts";
import { documentProblemSchema } from "./document-view.ts";
import { idempotencyKey, refuseWhenFull, schoolOf } from "./documents.ts";
import type { GatewayEnv, GatewayParts } from "./gateway-parts.ts";
import { parseParameters } from "./respond.ts";
import { StreamPlaces } from "./stream-places.ts";

const text = z.string().min(1).max(200);
export const batchParameters = z.strictObject({
  profile: text.optional().meta({ description: "Absent: the profile of each file's format" }),
  externalId: text.optional(),
  className: text.optional(),
  school: text.optional(),
});
export const itemParameters = z.strictObject({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(200),
});
export const batchSchema = z
  .object({
    id: z.string(),
    school: z.string(),
    externalId: z.string().nullable(),
    createdAt: z.iso.datetime(),
    sealed: z.boolean().meta({ description: "False while files are still being received, or when they broke off" }),
    finished: z.boolean(),
    items: z.number().int(),
    refused: z.number().int(),
    states: z.partialRecord(z.enum(documentStates), z.number().int()),
    links: z.record(z.string(), z.string()),
  })
  .meta({ id: "Batch" });
export const batchItemsSchema = z
  .object({
    items: z.array(
      z.object({
        position: z.number().int(),
        name: z.string(),
        documentId: z.string().nullable(),
        state: z.enum(documentStates).nullable(),
        problem: documentProblemSchema.nullable(),
      }),
    ),
  })
  .meta({ id: "BatchItems" });

/** Files of a batch that are taken in at once; their writes share commits. */
const AT_ONCE = 16;
/** A form is read whole; what is larger comes as a ZIP. */
const FORM_BYTES = 64 * 1024 * 1024;
/** Fields of a form beside its files. */
const FORM_FIELDS = 20;
const EVENT_PAUSE_MS = 300;

/** `/v1/batches`: many documents in one call, what became of each, and their progress as it happens. */
export function batchRoutes(parts: GatewayParts): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>();
  const streams = new StreamPlaces({ perSchool: 20, total: 500 });
  app.use(async (context, next) => {
    context.set("key", await authenticate(parts.ledger, context.req.header("authorization")));
    await next();
  });

  app.post("/", async (context) => {
    const key = context.get("key");
    requireScope(key, "documents:write");
    await refuseWhenFull(parts);
    const parameters = parseParameters(batchParameters, context.req.query());
    const header = context.req.header("idempotency-key");
    const prefix = header === undefined ? null : parseParameters(idempotencyKey, header);
    const school = schoolOf(key, parameters.school);
    const batch = await parts.ledger.batches.create(
      { id: newId("batch", parts.clock()), school, externalId: parameters.externalId ?? null },
      key.id,
    );
    let position = 0;
    const take = async (item: ZipItem) => {
      const at = ++position;
      const outcome = await takeItem(item, at);
      await parts.ledger.batches.addItem(batch.id, { position: at, name: item.name, ...outcome });
    };
    const takeItem = async (item: ZipItem, at: number) => {
      try {
        if ("error" in item) throw item.error;
        const { document } = await takeDocument(parts, {
          content: item.bytes,
          profile: parameters.profile ?? profileFor(item, parts),
          school,
          externalId: item.name,
          idempotencyKey: prefix === null ? null : `${prefix}/${at}/${item.name}`,
          className: parameters.className ?? null,
          batchId: batch.id,
          replaces: null,
          actor: key.id,
        });
        return { documentId: document.id, error: null };
      } catch (error) {
        // What is wrong with one file is said of that file; what is wrong with us ends the call, to be sent again.
        if (!(error instanceof HocbaError) || error.retryable) throw error;
        return { documentId: null, error: { code: error.code, details: { ...error.details } } };
      }
    };
    for await (const group of itemsOf(context.req.raw, parts)) {
      for (let i = 0; i < group.length; i += AT_ONCE) await Promise.all(group.slice(i, i + AT_ONCE).map(take));
    }
    await parts.ledger.batches.seal(batch.id, key.id);
    return context.json(await viewBatch({ ...batch, sealed: true }, parts), 202, {
      location: `/v1/batches/${batch.id}`,
    });
  });

  app.get("/:id", async (context) =>
    context.json(await viewBatch(await own(parts, context.get("key"), context.req.param("id")), parts)),
  );

  app.get("/:id/items", async (context) => {
    const batch = await own(parts, context.get("key"), context.req.param("id"));
    const { after, limit } = parseParameters(itemParameters, context.req.query());
    const items = await parts.ledger.batches.items(batch.id, after, limit);
    return context.json({
      items: items.map(({ error, ...item }) => ({ ...item, problem: error === null ? null : storedProblem(error) })),
    });
  });

  app.get("/:id/events", async (context) => {
    const batch = await own(parts, context.get("key"), context.req.param("id"));
    const leave = streams.enter(batch.school);
    let seq = Number(context.req.header("last-event-id") ?? 0);
    if (!Number.isSafeInteger(seq) || seq < 0) seq = 0;
    return streamSSE(context, async (stream) => {
      try {
        while (!stream.aborted && !parts.stopping.aborted) {
          const entries = await parts.ledger.audit.entries({ after: seq, limit: 500, batchId: batch.id });
          for (const entry of entries) {
            seq = entry.seq;
            const { at, action, documentId, details } = entry;
            const data = JSON.stringify({ at: new Date(at).toISOString(), action, documentId, code: details.code });
            await stream.writeSSE({ id: String(seq), event: action, data });
          }
          if (entries.length === 500) continue;
          const view = await viewBatch((await parts.ledger.batches.get(batch.id))!, parts);
          if (entries.length > 0 || view.finished) {
            await stream.writeSSE({
              id: String(seq),
              event: view.finished ? "finished" : "progress",
              data: JSON.stringify(view),
            });
          }
          if (view.finished) return;
          await stream.sleep(EVENT_PAUSE_MS);
        }
      } finally {
        leave();
      }
    });
  });

  app.get("/:id/content", async (context) => {
    const batch = await own(parts, context.get("key"), context.req.param("id"));
    return context.body(zipOf(batch, parts), 200, {
      "content-type": "application/zip",
      "content-disposition": `attachment; filename="${batch.id}.zip"`,
      "cache-control": "private, no-store",
    });
  });
  return app;
}

/** @throws GatewayError NOT_FOUND, FORBIDDEN_SCOPE */
async function own(parts: GatewayParts, key: ApiKey, id: string): Promise<BatchRecord> {
  requireScope(key, "documents:read");
  const batch = await parts.ledger.batches.get(id);
  if (batch === null || (key.school !== null && batch.school !== key.school)) {
    throw new GatewayError("NOT_FOUND", "there is no such batch");
  }
  return batch;
}

async function viewBatch(batch: BatchRecord, parts: GatewayParts): Promise<z.output<typeof batchSchema>> {
  const { items, refused, byState } = await parts.ledger.batches.counts(batch.id);
  const at = `/v1/batches/${batch.id}`;
  return {
    id: batch.id,
    school: batch.school,
    externalId: batch.externalId,
    createdAt: new Date(batch.createdAt).toISOString(),
    sealed: batch.sealed,
    finished: batch.sealed && [...byState.keys()].every(isFinal),
    items,
    refused,
    states: Object.fromEntries(byState),
    links: { self: at, items: `${at}/items`, events: `${at}/events`, content: `${at}/content` },
  };
}

async function* itemsOf(request: Request, parts: GatewayParts): AsyncGenerator<ZipItem[]> {
  const { limits } = parts.config;
  const type = request.headers.get("content-type") ?? "";
  if (!/^multipart\/form-data\b/i.test(type)) {
    yield* unzipStream(chunksOf(request), {
      items: limits.batchItems,
      fileBytes: limits.documentBytes,
      totalBytes: limits.batchBytes,
    });
    return;
  }
  const { bytes, release } = await readBody(request, FORM_BYTES, parts.budget);
  try {
    const { files } = readForm(bytes, type, limits.batchItems + FORM_FIELDS);
    if (files.length === 0) throw new GatewayError("BATCH_EMPTY", "the form holds no file");
    if (files.length > limits.batchItems) {
      throw new GatewayError("BATCH_TOO_MANY", "too many files", { details: { limit: limits.batchItems } });
    }
    for (const file of files) yield [{ name: file.name, bytes: file.bytes }];
  } finally {
    release();
  }
}

function profileFor(item: { name: string }, parts: GatewayParts): string {
  const format = /\.pdf$/i.test(item.name) ? "pdf" : /\.xml$/i.test(item.name) ? "xml" : null;
  const profile = [...parts.profiles.values()].find((each) => each.format === format);
  if (profile === undefined) {
    throw new GatewayError("FORMAT_MISMATCH", "the file's name ends neither in .pdf nor in .xml", {
      details: { name: item.name.slice(-40) },
    });
  }
  return profile.name;
}

/** What is signed of a batch as a ZIP, as it is read. */
function zipOf(batch: BatchRecord, parts: GatewayParts): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async start(controller) {
      const zip = new Zip((error, chunk, final) => {
        if (error) return controller.error(error);
        controller.enqueue(chunk);
        if (final) controller.close();
      });
      try {
        let after = 0;
        for (;;) {
          const items = await parts.ledger.batches.items(batch.id, after, 200);
          if (items.length === 0) break;
          for (const item of items) {
            after = item.position;
            if (item.state !== "signed" || item.documentId === null) continue;
            const document = await parts.ledger.documents.get(item.documentId);
            const file = new ZipPassThrough(fileNameOf(document!));
            zip.add(file);
            const { pieces } = await parts.store.read(document!.currentSha256);
            for await (const piece of pieces) {
              file.push(piece);
              while ((controller.desiredSize ?? 1) < -8 * 1024 * 1024)
                await new Promise((resolve) => setTimeout(resolve, 10));
            }
            file.push(new Uint8Array(0), true);
          }
        }
        zip.end();
      } catch (error) {
        controller.error(error);
      }
    },
  });
}
