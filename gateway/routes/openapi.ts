import { z } from "zod";
import type { Config } from "../config/index.ts";
import { problemSchema } from "../problems/index.ts";
import { documentStatusSchema } from "../status/index.ts";
import { batchItemsSchema, batchParameters, batchSchema, itemParameters } from "./batches.ts";
import { documentSchema, documentSummarySchema } from "./document-view.ts";
import { contentParameters, listParameters, submitParameters, withdrawalBody } from "./documents.ts";
import { readinessSchema } from "./health.ts";
import { refusalBody, signatureBody, signingTaskSchema } from "./late-signatures.ts";
import { statusParameters } from "./status.ts";
import { verificationParameters } from "./verifications.ts";
import {
  deliveryParameters,
  deliverySchema,
  replaySchema,
  webhookBody,
  webhookSchema,
  webhookWithSecretSchema,
} from "./webhooks.ts";

interface Operation {
  summary: string;
  query?: z.ZodObject;
  path?: readonly string[];
  headers?: readonly { name: string; description: string }[];
  body?: { types: readonly string[]; description: string; schema?: z.ZodType };
  answers: Record<number, { description: string; schema?: z.ZodType; type?: string }>;
  problems: readonly number[];
  public?: boolean;
}

const idempotency = {
  name: "Idempotency-Key",
  description:
    "Bound to the document's hash: the same key and document give the first answer again, another document gives 409.",
};
const signedFile = {
  types: ["application/pdf", "application/xml", "multipart/form-data"],
  description: "The unsigned document.",
};

const operations: Readonly<Record<string, Record<string, Operation>>> = {
  "/v1/documents": {
    post: {
      summary: "Nộp tài liệu để ký / Submit a document for signing",
      query: submitParameters,
      headers: [idempotency],
      body: signedFile,
      answers: {
        202: { description: "Accepted: stored and written into the ledger", schema: documentSummarySchema },
        200: { description: "Known by its Idempotency-Key", schema: documentSummarySchema },
      },
      problems: [400, 401, 403, 409, 413, 415, 422, 429, 503, 507],
    },
    get: {
      summary: "Danh sách tài liệu / List documents, newest first",
      query: listParameters,
      answers: { 200: { description: "Documents", schema: z.object({ documents: z.array(documentSummarySchema) }) } },
      problems: [400, 401, 403],
    },
  },
  "/v1/documents/{id}": {
    get: {
      summary: "Trạng thái và các bước ký / State and steps",
      path: ["id"],
      answers: { 200: { description: "The document", schema: documentSchema } },
      problems: [401, 403, 404],
    },
  },
  "/v1/documents/{id}/content": {
    get: {
      summary: "Tải tài liệu / The document itself",
      path: ["id"],
      query: contentParameters,
      answers: { 200: { description: "Octets of the revision", type: "application/octet-stream" } },
      problems: [401, 403, 404, 409],
    },
  },
  "/v1/documents/{id}/receipt": {
    get: {
      summary:
        "Biên nhận do cổng ký, kèm hồ sơ chứng cứ khi đã có / The receipt, a JWS signed by the gateway (keys at /.well-known/jwks.json), with the evidence record once there is one",
      path: ["id"],
      answers: { 200: { description: "JWS in compact form", type: "application/jose" } },
      problems: [401, 403, 404, 409],
    },
  },
  "/v1/documents/{id}/evidence-record": {
    get: {
      summary: "Hồ sơ chứng cứ / The evidence record over the issued file (RFC 4998)",
      path: ["id"],
      answers: { 200: { description: "EvidenceRecord in DER", type: "application/octet-stream" } },
      problems: [401, 403, 404, 409],
    },
  },
  "/v1/documents/{id}/steps/{step}/preparation": {
    post: {
      summary: "Lấy dữ liệu để người ký ký bằng token của mình / What a person's own token has to sign",
      path: ["id", "step"],
      answers: { 200: { description: "The task; asking again voids it", schema: signingTaskSchema } },
      problems: [401, 403, 404, 409, 422],
    },
  },
  "/v1/documents/{id}/steps/{step}/signature": {
    post: {
      summary: "Nộp chữ ký / The signature value",
      path: ["id", "step"],
      body: { types: ["application/json"], description: "The value.", schema: signatureBody },
      answers: { 202: { description: "Taken; the document goes on", schema: documentSummarySchema } },
      problems: [400, 401, 403, 404, 409, 422],
    },
  },
  "/v1/documents/{id}/steps/{step}/refusal": {
    post: {
      summary: "Từ chối ký / The signer will not sign",
      path: ["id", "step"],
      body: { types: ["application/json"], description: "Why.", schema: refusalBody },
      answers: { 200: { description: "Rejected", schema: documentSummarySchema } },
      problems: [400, 401, 403, 404, 409],
    },
  },
  "/v1/documents/{id}/withdrawal": {
    post: {
      summary: "Thu hồi học bạ / Withdraw a document; it stays known as withdrawn",
      path: ["id"],
      body: { types: ["application/json"], description: "Why.", schema: withdrawalBody },
      answers: { 200: { description: "Withdrawn", schema: documentSummarySchema } },
      problems: [400, 401, 403, 404, 409],
    },
  },
  "/v1/status/code/{code}": {
    get: {
      summary: "Tra cứu theo mã in trên học bạ / Status by the lookup code printed on the document",
      path: ["code"],
      query: statusParameters,
      answers: {
        200: { description: "Status", schema: documentStatusSchema.extend({ statement: z.string() }) },
      },
      problems: [400, 404, 429],
      public: true,
    },
  },
  "/v1/status/{sha256}": {
    get: {
      summary: "Học bạ còn lưu hành không / Is this file still the current one? The statement is a JWS of the gateway",
      path: ["sha256"],
      query: statusParameters,
      answers: {
        200: { description: "Status", schema: documentStatusSchema.extend({ statement: z.string() }) },
      },
      problems: [400, 429],
      public: true,
    },
  },
  "/v1/batches": {
    post: {
      summary: "Nộp một lô / Submit many documents as a ZIP or a form",
      query: batchParameters,
      headers: [idempotency],
      body: { types: ["application/zip", "multipart/form-data"], description: "The unsigned documents." },
      answers: { 202: { description: "What was taken and what was refused", schema: batchSchema } },
      problems: [400, 401, 403, 413, 429, 503, 507],
    },
  },
  "/v1/batches/{id}": {
    get: {
      summary: "Tiến độ của lô / Progress of a batch",
      path: ["id"],
      answers: { 200: { description: "The batch", schema: batchSchema } },
      problems: [401, 403, 404],
    },
  },
  "/v1/batches/{id}/items": {
    get: {
      summary: "Từng tệp của lô / Each file of a batch",
      path: ["id"],
      query: itemParameters,
      answers: { 200: { description: "Items", schema: batchItemsSchema } },
      problems: [400, 401, 403, 404],
    },
  },
  "/v1/batches/{id}/events": {
    get: {
      summary: "Theo dõi tiến độ / Progress as server-sent events; resumable by Last-Event-ID",
      path: ["id"],
      headers: [{ name: "Last-Event-ID", description: "Id of the last event seen" }],
      answers: { 200: { description: "Events until the batch is finished", type: "text/event-stream" } },
      problems: [401, 403, 404],
    },
  },
  "/v1/batches/{id}/content": {
    get: {
      summary: "Tải các tài liệu đã ký / What is signed of a batch, as a ZIP",
      path: ["id"],
      answers: { 200: { description: "ZIP", type: "application/zip" } },
      problems: [401, 403, 404],
    },
  },
  "/v1/webhooks": {
    post: {
      summary: "Đăng ký nhận tin / Be told of events, by Standard Webhooks",
      body: { types: ["application/json"], description: "Where to, and of which events.", schema: webhookBody },
      answers: { 201: { description: "Registered; the secret is shown once", schema: webhookWithSecretSchema } },
      problems: [400, 401, 403, 409, 422],
    },
    get: {
      summary: "Danh sách webhook / List webhooks",
      answers: { 200: { description: "Webhooks", schema: z.object({ webhooks: z.array(webhookSchema) }) } },
      problems: [401, 403],
    },
  },
  "/v1/webhooks/{id}": {
    get: {
      summary: "Một webhook / One webhook",
      path: ["id"],
      answers: { 200: { description: "The webhook", schema: webhookSchema } },
      problems: [401, 403, 404],
    },
    delete: {
      summary: "Xoá webhook / Remove a webhook and what waits for it",
      path: ["id"],
      answers: { 204: { description: "Removed" } },
      problems: [401, 403, 404],
    },
  },
  "/v1/webhooks/{id}/secret": {
    post: {
      summary: "Đổi khoá bí mật / A new secret; the one before counts for another day",
      path: ["id"],
      answers: { 200: { description: "The secret is shown once", schema: webhookWithSecretSchema } },
      problems: [401, 403, 404],
    },
  },
  "/v1/webhooks/{id}/deliveries": {
    get: {
      summary: "Tin đã gửi, đang chờ, gửi không được / What was sent, waits, or was given up (state=dead)",
      path: ["id"],
      query: deliveryParameters,
      answers: { 200: { description: "Newest first", schema: z.object({ deliveries: z.array(deliverySchema) }) } },
      problems: [400, 401, 403, 404],
    },
  },
  "/v1/webhooks/{id}/replay": {
    post: {
      summary: "Gửi lại mọi tin chưa gửi được / Send again whatever was given up",
      path: ["id"],
      answers: { 202: { description: "How many", schema: replaySchema } },
      problems: [401, 403, 404],
    },
  },
  "/v1/webhooks/{id}/deliveries/{delivery}/replay": {
    post: {
      summary: "Gửi lại một tin / Send one again",
      path: ["id", "delivery"],
      answers: { 202: { description: "One", schema: replaySchema } },
      problems: [401, 403, 404],
    },
  },
  "/v1/verifications": {
    post: {
      summary: "Kiểm tra một tệp đã ký, không lưu tệp / Verify a signed file; nothing is stored",
      query: verificationParameters,
      body: {
        types: ["application/octet-stream", "multipart/form-data"],
        description:
          "The file; in a form the field `file`, and beside it `content`, what a detached signature (.p7s) is over, and " +
          "`evidenceRecord`, RFC 4998 or RFC 6283 records over the file (20 at most).",
      },
      answers: { 200: { description: "The report, with one sentence for people", type: "application/json" } },
      problems: [400, 413, 429],
      public: true,
    },
  },
  "/healthz": {
    get: {
      summary: "The process lives",
      answers: { 200: { description: "OK", type: "application/json" } },
      problems: [],
      public: true,
    },
  },
  "/readyz": {
    get: {
      summary: "Token, Redis, ledger, store and time stamps really work",
      answers: {
        200: { description: "Ready", schema: readinessSchema },
        503: { description: "Not ready; the checks say why", schema: readinessSchema },
      },
      problems: [],
      public: true,
    },
  },
  "/metrics": {
    get: {
      summary: "Prometheus metrics",
      answers: { 200: { description: "Text", type: "text/plain" } },
      problems: [],
      public: true,
    },
  },
  "/.well-known/jwks.json": {
    get: {
      summary: "Keys that sign receipts",
      answers: { 200: { description: "JWK set", type: "application/json" } },
      problems: [],
      public: true,
    },
  },
};

/** OpenAPI 3.1, made from the schemas the routes themselves parse with. */
export function openApiDocument(config: Config): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [path, methods] of Object.entries(operations)) {
    paths[path] = Object.fromEntries(
      Object.entries(methods).map(([method, operation]) => [method, describe(operation)]),
    );
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Cổng ký số học bạ / Signing gateway for digital school transcripts",
      version: "1",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    ...(config.publicUrl === null ? {} : { servers: [{ url: config.publicUrl }] }),
    paths,
    components: {
      securitySchemes: { apiKey: { type: "http", scheme: "bearer" } },
      schemas: { Problem: schemaOf(problemSchema) },
    },
  };
}

function describe(operation: Operation): Record<string, unknown> {
  const parameters = [
    ...(operation.path ?? []).map((name) => ({ name, in: "path", required: true, schema: { type: "string" } })),
    ...queryParameters(operation.query),
    ...(operation.headers ?? []).map((header) => ({ ...header, in: "header", schema: { type: "string" } })),
  ];
  const responses: Record<string, unknown> = {};
  for (const [status, { description, schema, type }] of Object.entries(operation.answers)) {
    const content = schema === undefined ? {} : { schema: schemaOf(schema) };
    responses[status] = { description, content: { [type ?? "application/json"]: content } };
  }
  const problem = { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } };
  for (const status of operation.problems) responses[status] = { description: "Problem (RFC 9457)", content: problem };
  return {
    summary: operation.summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(operation.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            description: operation.body.description,
            content: Object.fromEntries(
              operation.body.types.map((type) => [type, contentOf(type, operation.body?.schema)]),
            ),
          },
        }),
    responses,
    security: operation.public ? [] : [{ apiKey: [] }],
  };
}

function contentOf(type: string, schema: z.ZodType | undefined): Record<string, unknown> {
  if (schema !== undefined) return { schema: schemaOf(schema) };
  const binary = { type: "string", contentMediaType: "application/octet-stream" };
  if (type !== "multipart/form-data") return { schema: binary };
  return { schema: { type: "object", properties: { file: binary }, required: ["file"] } };
}

function queryParameters(schema: z.ZodObject | undefined): Record<string, unknown>[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemaOf(schema) as {
    properties?: Record<string, { description?: string }>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: "query",
    required: required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}

function schemaOf(schema: z.ZodType): Record<string, unknown> {
  // Inline: `id` metadata would make references that only resolve inside one schema.
  const {
    $schema: _,
    id: __,
    $defs,
    ...rest
  } = z.toJSONSchema(schema, { io: "input", reused: "inline" }) as Record<string, unknown>;
  return $defs === undefined ? rest : (resolve(rest, $defs as Record<string, unknown>) as Record<string, unknown>);
}

/** Puts definitions in the place of their references; our schemas have no cycles. */
function resolve(value: unknown, definitions: Record<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((each) => resolve(each, definitions));
  if (typeof value !== "object" || value === null) return value;
  const reference = (value as { $ref?: unknown }).$ref;
  if (typeof reference === "string") {
    const { id: _, ...target } = definitions[reference.replace("#/$defs/", "")] as Record<string, unknown>;
    return resolve(target, definitions);
  }
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, resolve(each, definitions)]));
}
