import type pkcs11js from "pkcs11js";
import { SignerError } from "../signer.ts";

interface Waiter {
  give(session: pkcs11js.Handle): void;
  fail(error: unknown): void;
}

/** Sessions lent one caller at a time, in the order of asking, with a bounded queue. */
export class SessionPool {
  readonly size: number;
  readonly #token: string;
  readonly #idle: pkcs11js.Handle[];
  readonly #waiting = new Set<Waiter>();
  readonly #queueLimit: number;
  #closed: SignerError | null = null;

  constructor(token: string, sessions: readonly pkcs11js.Handle[], queueLimit: number) {
    this.#token = token;
    this.#idle = [...sessions];
    this.size = sessions.length;
    this.#queueLimit = queueLimit;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * A session, to be given back with `release`.
   * @throws SignerError TOKEN_BUSY when the queue is full, TOKEN_TIMEOUT after `timeoutMs`; the signal's reason
   */
  acquire(timeoutMs: number, signal?: AbortSignal): Promise<pkcs11js.Handle> {
    if (this.#closed) return Promise.reject(this.#closed);
    const session = this.#idle.pop();
    if (session) return Promise.resolve(session);
    if (this.#waiting.size >= this.#queueLimit) {
      return Promise.reject(
        new SignerError("TOKEN_BUSY", `token ${this.#token}: all sessions busy and the queue full`, {
          retryable: true,
          details: { token: this.#token, sessions: this.size, queueLimit: this.#queueLimit },
        }),
      );
    }
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        this.#waiting.delete(waiter);
      };
      const waiter: Waiter = {
        give: (session) => {
          settle();
          resolve(session);
        },
        fail: (error) => {
          settle();
          reject(error);
        },
      };
      const onAbort = (): void => waiter.fail(signal!.reason);
      const timer = setTimeout(
        () =>
          waiter.fail(
            new SignerError("TOKEN_TIMEOUT", `token ${this.#token}: no session became free in time`, {
              retryable: true,
              details: { token: this.#token, waitedMs: timeoutMs },
            }),
          ),
        timeoutMs,
      );
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#waiting.add(waiter);
    });
  }

  release(session: pkcs11js.Handle): void {
    if (this.#closed) return;
    const next = this.#waiting.values().next();
    if (next.done) this.#idle.push(session);
    else next.value.give(session);
  }

  /** Fails everybody who waits, and everybody who will ask, with this error. */
  close(error: SignerError): void {
    this.#closed = error;
    this.#idle.length = 0;
    for (const waiter of [...this.#waiting]) waiter.fail(error);
  }
}
