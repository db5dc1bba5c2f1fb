import { randomBytes } from "node:crypto";
import type { CryptoProvider } from "@hocba/certs/crypto";
import { SignaturesError } from "@hocba/signatures";
import { buildTimestampRequest, readTimestampResponse } from "@hocba/signatures/timestamps";
import { checkToken, type TrustTsa } from "./check-token.ts";
import { CircuitBreaker } from "./circuit-breaker.ts";
import type { TimestampTransport } from "./http-exchange.ts";
import { Semaphore } from "./semaphore.ts";

export interface EndpointOptions {
  name: string;
  transport: TimestampTransport;
  timeoutMs: number;
  concurrency: number;
  policy: string | null;
  clockToleranceMs: number;
  breaker: { failures: number; restMs: number };
  crypto: CryptoProvider;
  trust: TrustTsa;
  clock: () => number;
  random?: (size: number) => Uint8Array;
  onResult?: (result: { endpoint: string; ms: number; outcome: string; skewMs: number | null }) => void;
}

/** A token that has passed every check. */
export interface Stamp {
  /** TimeStampToken, DER. */
  token: Uint8Array;
  /** Milliseconds since 1970. */
  genTime: number;
  /** Subject of the authority's certificate. */
  tsa: string;
  endpoint: string;
}

/** One time-stamping authority with its own bounds. */
export class TimestampEndpoint {
  readonly name: string;
  readonly #options: EndpointOptions;
  readonly #room: Semaphore;
  readonly #breaker: CircuitBreaker;
  #lastFailure: string | null = null;

  constructor(options: EndpointOptions) {
    this.name = options.name;
    this.#options = options;
    this.#room = new Semaphore(options.concurrency);
    this.#breaker = new CircuitBreaker({ ...options.breaker, clock: options.clock });
  }

  get state(): "closed" | "open" | "half-open" {
    return this.#breaker.state;
  }

  /** What the last failed request ran into; null after a success. While the authority rests, this is why. */
  get lastFailure(): string | null {
    return this.#lastFailure;
  }

  /**
   * A token over a digest of SHA-256, SHA-384 or SHA-512, told by its length; null when the breaker does not let a request through. A token that fails a check, or
   * whose genTime is further from our clock than the tolerance allows, is thrown away.
   * @throws SignaturesError TSP_*, retryable; the reason of `signal`
   */
  async stamp(digest: Uint8Array, signal: AbortSignal): Promise<Stamp | null> {
    if (!this.#breaker.admit()) return null;
    try {
      const stamp = await this.#room.run(() => this.#ask(digest, signal), signal);
      this.#breaker.succeeded();
      this.#lastFailure = null;
      return stamp;
    } catch (error) {
      if (signal.aborted) this.#breaker.abandoned();
      else {
        this.#breaker.failed();
        this.#lastFailure = error instanceof SignaturesError ? `${error.code}: ${error.message}` : "failed";
      }
      throw error;
    }
  }

  async #ask(digest: Uint8Array, signal: AbortSignal): Promise<Stamp> {
    const { transport, timeoutMs, policy, crypto, trust, clock, clockToleranceMs } = this.#options;
    const nonce = (this.#options.random ?? randomBytes)(16);
    const digestAlgorithm = algorithmOfLength(digest);
    const expected = { digestAlgorithm, digest, nonce, policy: policy ?? undefined } as const;
    const request = buildTimestampRequest({ ...expected, certReq: true });
    const started = performance.now();
    const timeout = AbortSignal.timeout(timeoutMs);
    let skewMs: number | null = null;
    let outcome = "ok";
    try {
      const answer = await transport.exchange(request, AbortSignal.any([signal, timeout]));
      const token = readTimestampResponse(answer, expected);
      const certificate = checkToken(token, crypto, trust);
      skewMs = token.genTime - clock();
      // The accuracy the authority states is not held against it; genTime without fractions is up to a second early.
      const beyond = Math.abs(skewMs) - (token.accuracy ?? 0) - 1000;
      if (beyond > clockToleranceMs) {
        throw new SignaturesError("TSP_CLOCK_SKEW", `the authority's clock is off by ${Math.round(skewMs / 1000)} s`, {
          retryable: true,
          details: { endpoint: this.name, skewSeconds: Math.round(skewMs / 1000) },
        });
      }
      return { token: token.raw, genTime: token.genTime, tsa: certificate.subject.toString(), endpoint: this.name };
    } catch (error) {
      if (timeout.aborted && !signal.aborted) {
        outcome = "timeout";
        throw new SignaturesError("TSP_REJECTED", `no answer within ${timeoutMs} ms`, {
          retryable: true,
          details: { endpoint: this.name, reason: "timeout" },
        });
      }
      outcome = signal.aborted ? "abandoned" : error instanceof SignaturesError ? error.code : "error";
      throw error;
    } finally {
      this.#options.onResult?.({ endpoint: this.name, ms: performance.now() - started, outcome, skewMs });
    }
  }
}

function algorithmOfLength({ length }: Uint8Array): "sha256" | "sha384" | "sha512" {
  return length === 64 ? "sha512" : length === 48 ? "sha384" : "sha256";
}
