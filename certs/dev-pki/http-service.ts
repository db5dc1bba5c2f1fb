import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Faults, ServiceName } from "./faults.ts";

/** No request of OCSP or RFC 3161 comes near this many octets. */
const MAX_BODY = 64 * 1024;

export interface ServiceRequest {
  method: string;
  /** Path and query as sent. */
  path: string;
  contentType: string;
  ifNoneMatch: string;
  body: Uint8Array;
}

export interface ServiceResponse {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array | string;
}

/** The protocol behind one path prefix. Gets the faults that are its own business; those of transport are played here. */
export interface Service {
  name: ServiceName;
  /** Path prefix: `/tsa` serves `/tsa` and `/tsa/…`. */
  prefix: string;
  answer: (request: ServiceRequest, faults: Record<string, unknown>) => Promise<ServiceResponse>;
  /** The answer once a quota is spent, when it is not a plain 429. */
  overQuota?: (faults: Record<string, unknown>) => ServiceResponse | null;
}

export interface RunningServer {
  host: string;
  port: number;
  /** Ends at once, connections and answers still waiting included. */
  close(): Promise<void>;
}

export const derResponse = (body: Uint8Array, type: string, headers: Record<string, string> = {}): ServiceResponse => ({
  status: 200,
  headers: { "content-type": type, ...headers },
  body,
});

export const textResponse = (status: number, text: string): ServiceResponse => ({
  status,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body: text,
});

/** Serves the given protocols over HTTP on one port, playing the faults on order. */
export function serve(
  options: { host: string; port: number; faults: Faults },
  services: readonly Service[],
): Promise<RunningServer> {
  const waiting = new Set<NodeJS.Timeout>();
  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        waiting.delete(timer);
        resolve();
      }, ms);
      waiting.add(timer);
    });

  async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const path = req.url ?? "/";
    const service = services.find((s) => path === s.prefix || path.startsWith(`${s.prefix}/`));
    const body = await readBody(req);
    if (!service) return send(res, textResponse(404, "nothing is served here"));
    if (!body) return send(res, textResponse(413, "request too large"));
    const { faults, overQuota } = options.faults.strike(service.name);
    const own = faults as Record<string, unknown>;
    if (own.refuse || own.down) return void req.socket.destroy();
    if (faults.hang) return;
    const latency = faults.latencyMs ?? (own.slow ? 5_000 : 0);
    if (latency > 0) await pause(latency);
    if (overQuota) return send(res, service.overQuota?.(own) ?? textResponse(429, "quota spent"));
    if (faults.http500) return send(res, textResponse(500, "fault on order"));
    const request = {
      method: req.method ?? "GET",
      path,
      contentType: req.headers["content-type"] ?? "",
      ifNoneMatch: req.headers["if-none-match"] ?? "",
      body,
    };
    const response = await service.answer(request, own);
    if (faults.html) {
      response.headers["content-type"] = "text/html";
      response.body = "<!doctype html><title>Đăng nhập mạng</title><p>Vui lòng đăng nhập.";
    }
    if (faults.garbage) response.body = randomBytes(Math.max(64, response.body.length));
    send(res, response, faults.truncate ?? false);
  }

  const server = createServer((req, res) => {
    handle(req, res).catch((error: unknown) => {
      if (!res.headersSent) send(res, textResponse(500, error instanceof Error ? error.message : "failed"));
      else res.destroy();
    });
  });
  // A client that reuses a connection just as it is closed for idleness sees a reset.
  server.keepAliveTimeout = 120_000;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, () => {
      server.off("error", reject);
      resolve({
        host: options.host,
        port: (server.address() as AddressInfo).port,
        close: () =>
          new Promise((closed) => {
            for (const timer of waiting) clearTimeout(timer);
            server.close(() => closed());
            server.closeAllConnections();
          }),
      });
    });
  });
}

function send(res: ServerResponse, response: ServiceResponse, truncate = false): void {
  if (res.destroyed) return;
  const body = typeof response.body === "string" ? Buffer.from(response.body) : response.body;
  const sent = truncate ? body.subarray(0, body.length >> 1) : body;
  res.writeHead(response.status, { ...response.headers, "content-length": String(sent.length) });
  res.end(sent);
}

async function readBody(req: IncomingMessage): Promise<Uint8Array | null> {
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    total += chunk.length;
    if (total <= MAX_BODY) chunks.push(chunk);
  }
  return total > MAX_BODY ? null : Buffer.concat(chunks);
}
