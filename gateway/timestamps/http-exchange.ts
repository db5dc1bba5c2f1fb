import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { SignaturesError } from "@hocba/signatures";

/** Genuine tokens have 3 to 4 KB; nothing sensible comes near this. */
const LARGEST_ANSWER = 256 * 1024;

/** Sends a TimeStampReq and gives the octets of the answer (RFC 3161 §3.4). Connections are kept open. */
export interface TimestampTransport {
  /** @throws SignaturesError TSP_REJECTED or TSP_MALFORMED (both retryable); the reason of `signal` when it aborts */
  exchange(request: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  close(): void;
}

export function httpTransport(url: string, connections: number): TimestampTransport {
  const secure = url.startsWith("https:");
  const options = { keepAlive: true, maxSockets: connections, keepAliveMsecs: 10_000 };
  const agent = secure ? new HttpsAgent(options) : new HttpAgent(options);
  const send = secure ? httpsRequest : httpRequest;
  const target = new URL(url);

  function once(body: Uint8Array, signal: AbortSignal): Promise<{ answer: Uint8Array; reused: boolean }> {
    return new Promise((resolve, reject) => {
      const request = send(
        target,
        {
          method: "POST",
          agent,
          signal,
          headers: {
            "content-type": "application/timestamp-query",
            "content-length": body.length,
            accept: "application/timestamp-reply",
          },
        },
        (response) => {
          readAnswer(response).then((answer) => resolve({ answer, reused: request.reusedSocket }), reject);
        },
      );
      request.on("error", (error) => reject(Object.assign(error, { reused: request.reusedSocket })));
      request.end(body);
    });
  }

  return {
    async exchange(request, signal) {
      try {
        return (await once(request, signal)).answer;
      } catch (error) {
        // The other side may close a kept connection in the moment we use it; that says nothing about its health.
        const { code, reused } = error as { code?: string; reused?: boolean };
        if (!signal.aborted && reused === true && (code === "ECONNRESET" || code === "EPIPE")) {
          return (await once(request, signal).catch((again: unknown) => fail(again, signal))).answer;
        }
        return fail(error, signal);
      }
    },
    close: () => agent.destroy(),
  };
}

function fail(error: unknown, signal: AbortSignal): never {
  if (signal.aborted) throw signal.reason;
  if (error instanceof SignaturesError) throw error;
  const code = (error as { code?: string }).code ?? "unknown";
  throw new SignaturesError("TSP_REJECTED", `no answer: ${code}`, {
    retryable: true,
    details: { reason: code },
    cause: error,
  });
}

async function readAnswer(response: IncomingMessage): Promise<Uint8Array> {
  if (response.statusCode !== 200) {
    response.resume();
    throw new SignaturesError("TSP_REJECTED", `HTTP status ${response.statusCode}`, {
      retryable: true,
      details: { httpStatus: response.statusCode },
    });
  }
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > LARGEST_ANSWER) {
      response.destroy();
      throw new SignaturesError("TSP_MALFORMED", "the answer is too long", { retryable: true });
    }
    parts.push(part);
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}
