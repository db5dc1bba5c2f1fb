/**
 * Lets an endpoint rest after failures in a row, so that a dead one costs a document nothing but its turn. After the rest
 * one request goes through as a trial; its success closes the breaker, its failure begins another rest.
 */
export class CircuitBreaker {
  readonly #failuresToOpen: number;
  readonly #restMs: number;
  readonly #clock: () => number;
  #failures = 0;
  #restUntil = 0;
  #trial = false;

  constructor(options: { failures: number; restMs: number; clock: () => number }) {
    this.#failuresToOpen = options.failures;
    this.#restMs = options.restMs;
    this.#clock = options.clock;
  }

  get state(): "closed" | "open" | "half-open" {
    if (this.#failures < this.#failuresToOpen) return "closed";
    return this.#clock() < this.#restUntil ? "open" : "half-open";
  }

  /** True when a request may go out now; in the half-open state only one at a time may. */
  admit(): boolean {
    const { state } = this;
    if (state === "closed") return true;
    if (state === "open" || this.#trial) return false;
    this.#trial = true;
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#trial = false;
  }

  failed(): void {
    this.#failures++;
    this.#trial = false;
    if (this.#failures >= this.#failuresToOpen) this.#restUntil = this.#clock() + this.#restMs;
  }

  /** The request was given up by us: that says nothing about the endpoint. */
  abandoned(): void {
    this.#trial = false;
  }
}
