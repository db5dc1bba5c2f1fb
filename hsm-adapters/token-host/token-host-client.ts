import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { checkSignRequest } from "../pkcs11/mechanisms.ts";
import { type KeyRef, type Signer, SignerError, type SigningAlgorithm, type TokenKey } from "../signer.ts";
import { FrameReader, frame } from "./frames.ts";
import {
  type Answer,
  type Hello,
  type HostStatus,
  MAX_ANSWER_OCTETS,
  PROTOCOL_VERSION,
  type Request,
  signerError,
  tokenKey,
  type WireKey,
} from "./messages.ts";

export interface TokenHostClientOptions {
  /** How long a call waits for a host that is not there, such as one being restarted, in milliseconds. Default 5 000. */
  readonly connectTimeoutMs?: number;
  /** Longest wait for an answer in milliseconds; the host's own limits are shorter. Default 60 000. */
  readonly answerTimeoutMs?: number;
}

const MAX_HELLO_OCTETS = 256;

interface Pending {
  settle(outcome: { ok: unknown } | { error: unknown }): void;
}

type Ask = Request extends infer R ? (R extends { id: number } ? Omit<R, "id"> : never) : never;

/** The Signer of a token host, over its socket. Connects when first used and again whenever the host has gone. */
export class TokenHostClient implements Signer {
  readonly #path: string;
  readonly #connectTimeoutMs: number;
  readonly #answerTimeoutMs: number;
  readonly #pending = new Map<number, Pending>();
  #socket: Socket | null = null;
  #connecting: Promise<Socket> | null = null;
  #nextId = 1;
  #closed = false;

  /** @param socket path of the host's Unix domain socket */
  constructor(socket: string, options: TokenHostClientOptions = {}) {
    this.#path = socket;
    this.#connectTimeoutMs = options.connectTimeoutMs ?? 5_000;
    this.#answerTimeoutMs = options.answerTimeoutMs ?? 60_000;
  }

  /** Keys of all tokens, or of one. Fails when one of the asked does. @throws SignerError */
  async keys(token?: string): Promise<TokenKey[]> {
    const request: Ask = token === undefined ? { op: "keys" } : { op: "keys", token };
    return ((await this.#ask(request)) as WireKey[]).map(tokenKey);
  }

  async sign(key: KeyRef, algorithm: SigningAlgorithm, digest: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    checkSignRequest(algorithm, digest);
    const text = Buffer.from(digest.buffer, digest.byteOffset, digest.length).toString("base64");
    const signature = await this.#ask({ op: "sign", token: key.token, key: key.id, algorithm, digest: text }, signal);
    return Uint8Array.from(Buffer.from(signature as string, "base64"));
  }

  async ping(): Promise<void> {
    await this.#ask({ op: "ping" });
  }

  /** Each token of the host by itself, failing ones with their error. @throws SignerError when the host is not there */
  async status(): Promise<HostStatus> {
    return (await this.#ask({ op: "status" })) as HostStatus;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#lose(this.#absent("the client is closed"));
  }

  async #ask(request: Ask, signal?: AbortSignal): Promise<unknown> {
    signal?.throwIfAborted();
    const socket = await this.#connected();
    signal?.throwIfAborted();
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#pending.get(id)?.settle({ error: signal!.reason });
        socket.write(frame({ id, op: "cancel" }));
      };
      const timer = setTimeout(() => {
        const error = new SignerError("TOKEN_TIMEOUT", `no answer from the token host in ${this.#answerTimeoutMs} ms`, {
          retryable: true,
          details: { socket: this.#path, limitMs: this.#answerTimeoutMs },
        });
        this.#pending.get(id)?.settle({ error });
        socket.write(frame({ id, op: "cancel" }));
      }, this.#answerTimeoutMs);
      this.#pending.set(id, {
        settle: (outcome) => {
          clearTimeout(timer);
          signal?.removeEventListener("abort", onAbort);
          this.#pending.delete(id);
          if ("ok" in outcome) resolve(outcome.ok);
          else reject(outcome.error);
        },
      });
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#write(socket, frame({ id, ...request }));
    });
  }

  #corked = false;

  /** Requests made in one turn of the event loop leave in one write. */
  #write(socket: Socket, data: Buffer): void {
    if (!this.#corked) {
      this.#corked = true;
      socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        socket.uncork();
      });
    }
    socket.write(data);
  }

  #connected(): Promise<Socket> {
    if (this.#closed) return Promise.reject(this.#absent("the client is closed"));
    if (this.#socket) return Promise.resolve(this.#socket);
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = null;
    });
    return this.#connecting;
  }

  async #connect(): Promise<Socket> {
    const until = Date.now() + this.#connectTimeoutMs;
    for (let wait = 10; ; wait = Math.min(wait * 2, 250)) {
      try {
        const socket = await dial(this.#path, Math.max(1, until - Date.now()));
        if (this.#closed) {
          socket.destroy();
          throw this.#absent("the client is closed");
        }
        if (socket.destroyed) throw new Error("closed after the hello");
        this.#adopt(socket);
        return socket;
      } catch (cause) {
        if (this.#closed || Date.now() + wait >= until) throw this.#absent("the token host is not there", cause);
        await delay(wait);
      }
    }
  }

  #adopt(socket: Socket): void {
    const reader = new FrameReader(MAX_ANSWER_OCTETS);
    this.#socket = socket;
    socket.on("data", (chunk) => {
      try {
        for (const message of reader.push(chunk as Buffer)) this.#take(message as Answer);
      } catch {
        socket.destroy(); // then "close" fails what is pending
      }
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      if (this.#socket !== socket) return;
      this.#lose(
        new SignerError("TOKEN_FAILED", "the token host went away in the middle of the call", {
          retryable: true,
          details: { socket: this.#path },
        }),
      );
    });
  }

  #take(answer: Answer): void {
    // An answer nobody waits for any more was given up by its caller.
    const pending = this.#pending.get(answer.id);
    pending?.settle("error" in answer ? { error: signerError(answer.error) } : { ok: answer.ok });
  }

  #lose(error: SignerError): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#corked = false;
    socket?.destroy();
    for (const pending of [...this.#pending.values()]) pending.settle({ error });
  }

  #absent(why: string, cause?: unknown): SignerError {
    return new SignerError("TOKEN_ABSENT", why, { retryable: !this.#closed, details: { socket: this.#path }, cause });
  }
}

/** Connects and waits until the host says hello. Rejects when nothing served the connection. */
function dial(path: string, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const reader = new FrameReader(MAX_HELLO_OCTETS);
    const timer = setTimeout(() => fail(new Error("no hello in time")), timeoutMs);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    socket.on("error", fail);
    socket.on("close", () => fail(new Error("closed before the hello")));
    socket.on("data", (chunk: Buffer) => {
      try {
        const [first] = reader.push(chunk);
        if (first === undefined) return;
        if ((first as Partial<Hello> | null)?.hello !== PROTOCOL_VERSION) {
          fail(new Error("another version of the token host"));
          return;
        }
      } catch (error) {
        fail(error as Error);
        return;
      }
      clearTimeout(timer);
      socket.removeAllListeners();
      resolve(socket);
    });
  });
}
