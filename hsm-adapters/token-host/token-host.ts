import { createServer, type Socket } from "node:net";
import { type Pkcs11Options, Pkcs11Signer } from "../pkcs11/index.ts";
import { SignerError } from "../signer.ts";
import { FrameReader, frame } from "./frames.ts";
import type { TokenHostConfig } from "./host-config.ts";
import {
  type Hello,
  type HostStatus,
  MAX_REQUEST_OCTETS,
  PROTOCOL_VERSION,
  type Request,
  wireError,
  wireKey,
} from "./messages.ts";
import { listenPrivately } from "./private-socket.ts";

export type TokenHostOptions = Omit<Pkcs11Options, "stateDirectory">;

export interface TokenHost {
  readonly socket: string;
  /** Milliseconds since the oldest call that a module has not answered; 0 when there is none. */
  oldestCallMs(): number;
  close(): Promise<void>;
}

const MAX_CLIENTS = 64;
/** Requests of one client that may be open at the same time. */
const MAX_OPEN_REQUESTS = 4096;
/** A client that asks but does not read is cut off at this many octets. */
const MAX_UNREAD_OCTETS = 128 * 1024 * 1024;

/** Serves one client until it leaves. */
class ClientConnection {
  readonly #socket: Socket;
  readonly #signer: Pkcs11Signer;
  readonly #reader = new FrameReader(MAX_REQUEST_OCTETS);
  readonly #open = new Map<number, AbortController>();

  constructor(socket: Socket, signer: Pkcs11Signer) {
    this.#socket = socket;
    this.#signer = signer;
    this.#send({ hello: PROTOCOL_VERSION } satisfies Hello);
    socket.on("data", (chunk) => this.#receive(chunk as Buffer));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      for (const request of this.#open.values()) request.abort();
    });
  }

  #receive(chunk: Buffer): void {
    let messages: unknown[];
    try {
      messages = this.#reader.push(chunk);
    } catch (error) {
      this.#send({ id: -1, error: wireError(error) });
      this.#socket.end();
      return;
    }
    this.#socket.cork();
    for (const message of messages) this.#accept(message);
    process.nextTick(() => this.#socket.uncork());
  }

  #accept(message: unknown): void {
    const request = message as Request;
    if (typeof message !== "object" || message === null || !Number.isSafeInteger(request.id)) {
      const error = new SignerError("REQUEST_INVALID", "token host protocol: a request without an id");
      this.#send({ id: -1, error: wireError(error) });
      return;
    }
    if (request.op === "cancel") {
      this.#open.get(request.id)?.abort();
      return;
    }
    if (this.#open.has(request.id) || this.#open.size >= MAX_OPEN_REQUESTS) {
      const error = this.#open.has(request.id)
        ? new SignerError("REQUEST_INVALID", "token host protocol: an id that is in use")
        : new SignerError("TOKEN_BUSY", "too many open requests", { retryable: true });
      this.#send({ id: request.id, error: wireError(error) });
      return;
    }
    const control = new AbortController();
    this.#open.set(request.id, control);
    this.#answer(request, control.signal)
      .then(
        (ok) => this.#send({ id: request.id, ok }),
        (error: unknown) => {
          if (!control.signal.aborted) this.#send({ id: request.id, error: wireError(error) });
        },
      )
      .finally(() => this.#open.delete(request.id));
  }

  async #answer(request: Exclude<Request, { op: "cancel" }>, signal: AbortSignal): Promise<unknown> {
    switch (request.op) {
      case "ping":
        await this.#signer.ping();
        return null;
      case "keys":
        if (request.token !== undefined && typeof request.token !== "string") break;
        return (await this.#signer.keys(request.token)).map(wireKey);
      case "status":
        return { pid: process.pid, tokens: await this.#signer.status() } satisfies HostStatus;
      case "sign": {
        const { token, key, algorithm, digest } = request;
        if (typeof token !== "string" || typeof key !== "string" || typeof digest !== "string") break;
        const octets = Buffer.from(digest, "base64");
        const signature = await this.#signer.sign({ token, id: key }, algorithm, octets, signal);
        return Buffer.from(signature).toString("base64");
      }
    }
    throw new SignerError("REQUEST_INVALID", "token host protocol: an unknown request");
  }

  #send(answer: object): void {
    if (this.#socket.destroyed) return;
    this.#socket.write(frame(answer));
    if (this.#socket.writableLength > MAX_UNREAD_OCTETS) this.#socket.destroy();
  }
}

/**
 * Opens the tokens and serves them at the socket. The first login is tried at once; a token that fails does not keep the
 * others from being served, its callers get its error.
 * @throws SignerError CONFIG_INVALID
 */
export async function startTokenHost(config: TokenHostConfig, options: TokenHostOptions = {}): Promise<TokenHost> {
  const signer = new Pkcs11Signer(config.tokens, { ...options, stateDirectory: config.stateDirectory });
  const clients = new Set<Socket>();
  const server = createServer((socket) => {
    if (clients.size >= MAX_CLIENTS) {
      socket.destroy();
      return;
    }
    clients.add(socket);
    socket.on("close", () => clients.delete(socket));
    new ClientConnection(socket, signer);
  });
  await listenPrivately(server, config.socket);
  void signer.status();
  return {
    socket: config.socket,
    oldestCallMs: () => signer.oldestCallMs(),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const client of clients) client.destroy();
      await closed;
      await signer.close();
    },
  };
}
