import { Agent, request as httpRequest } from "node:http";
import type { VerificationReport } from "@hocba/signatures/verify";
import { DemoError } from "./errors.ts";

/** What the demo reads of a document's resource (see /openapi.json for all of it). */
export interface DocumentState {
  readonly id: string;
  readonly state: string;
  readonly problem: { readonly code: string } | null;
}

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** A school system's side of the HTTP API, with connections kept open. @throws DemoError PART_FAILED on a refusal */
export class GatewayClient {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 16 });
  private readonly baseUrl: string;
  private readonly apiKey: string;

  constructor(baseUrl: string, apiKey: string) {
    this.baseUrl = baseUrl;
    this.apiKey = apiKey;
  }

  /** Submits an unsigned document. The same idempotency key with the same bytes answers with the same document. */
  submit(document: {
    content: Uint8Array;
    format: "xml" | "pdf";
    profile: string;
    externalId: string;
    idempotencyKey: string;
    className?: string;
  }): Promise<DocumentState> {
    const query = new URLSearchParams({ profile: document.profile, externalId: document.externalId });
    if (document.className !== undefined) query.set("className", document.className);
    return this.json("POST", `/v1/documents?${query}`, document.content, {
      "content-type": document.format === "pdf" ? "application/pdf" : "application/xml",
      "idempotency-key": document.idempotencyKey,
    });
  }

  state(id: string): Promise<DocumentState> {
    return this.json("GET", `/v1/documents/${id}`);
  }

  async content(id: string): Promise<Uint8Array> {
    return (await this.send("GET", `/v1/documents/${id}/content`)).body;
  }

  /** Asks as anybody may, without the key. */
  verify(content: Uint8Array): Promise<VerificationReport> {
    return this.json("POST", "/v1/verifications", content, { "content-type": "application/octet-stream" });
  }

  close(): void {
    this.agent.destroy();
  }

  private async json<T>(method: string, path: string, body?: Uint8Array, headers?: Record<string, string>): Promise<T> {
    return JSON.parse((await this.send(method, path, body, headers)).body.toString()) as T;
  }

  private async send(
    method: string,
    path: string,
    body?: Uint8Array,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const isPublic = path.startsWith("/v1/verifications");
    const answer = await new Promise<Answer>((resolve, reject) => {
      const outgoing = httpRequest(
        `${this.baseUrl}${path}`,
        {
          method,
          agent: this.agent,
          headers: {
            ...headers,
            ...(isPublic ? {} : { authorization: `Bearer ${this.apiKey}` }),
            ...(body ? { "content-length": String(body.length) } : {}),
          },
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
          incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks) }));
          incoming.on("error", reject);
        },
      );
      outgoing.on("error", reject);
      outgoing.end(body);
    });
    if (answer.status >= 300) {
      throw new DemoError(
        "PART_FAILED",
        `${method} ${path}: ${answer.status} ${answer.body.toString().slice(0, 500)}`,
        {
          details: { status: answer.status },
        },
      );
    }
    return answer;
  }
}
