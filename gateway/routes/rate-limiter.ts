import { GatewayError } from "../errors.ts";

interface Bucket {
  tokens: number;
  at: number;
}

/** Callers remembered at once; beyond it the oldest are forgotten, which favours them a little. */
const MOST_CALLERS = 50_000;

/** A token bucket for each caller: bursts of a minute's worth, then evenly. */
export class RateLimiter {
  readonly #perMinute: number;
  readonly #clock: () => number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(perMinute: number, clock: () => number) {
    this.#perMinute = perMinute;
    this.#clock = clock;
  }

  /** @throws GatewayError RATE_LIMITED with the seconds to wait */
  take(caller: string): void {
    const now = this.#clock();
    const perMs = this.#perMinute / 60_000;
    const bucket = this.#buckets.get(caller) ?? { tokens: this.#perMinute, at: now };
    bucket.tokens = Math.min(this.#perMinute, bucket.tokens + (now - bucket.at) * perMs);
    bucket.at = now;
    this.#buckets.delete(caller);
    this.#buckets.set(caller, bucket);
    if (this.#buckets.size > MOST_CALLERS) this.#buckets.delete(this.#buckets.keys().next().value!);
    if (bucket.tokens < 1) {
      throw new GatewayError("RATE_LIMITED", "too many requests from this address", {
        retryable: true,
        details: { retryAfter: Math.ceil((1 - bucket.tokens) / perMs / 1000) },
      });
    }
    bucket.tokens -= 1;
  }
}
