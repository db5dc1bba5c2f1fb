import { HocbaError } from "@hocba/certs";
import type { Stamp } from "./timestamp-endpoint.ts";
import type { TimestampRouter } from "./timestamp-router.ts";

export interface PatienceOptions {
  /** How long the signatures of a document wait for their stamps together. */
  patienceMs: number;
  /** Refusals in a row after which nobody waits. */
  failures: number;
  /** How long nobody waits then; doubled each time the authorities prove too slow again soon after, ten minutes at most. */
  restMs: number;
  clock: () => number;
}

/** What signing asks for time stamps: it takes what comes soon, and goes on without the rest. */
export interface StampPatience {
  /**
   * Tokens over SHA-256 digests, each null that was not to be had within the patience left to it. A digest of null asks for none.
   * While stamping lags behind no request is made at all, but for a trial now and then.
   * @throws GatewayError what waiting cannot mend, as TSA_UNAVAILABLE when no authority is configured
   */
  soon(digests: readonly (Uint8Array | null)[]): Promise<(Stamp | null)[]>;
  /** A token however long the router takes; what signing left out is stamped so. @throws GatewayError as the router */
  whenever(digest: Uint8Array, signal?: AbortSignal): Promise<Stamp>;
  /** True while signing does not wait for stamps. */
  readonly lagging: boolean;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_REST_MS = 600_000;

/**
 * Keeps slow or dead authorities from holding up signing. A refusal is asked again within the patience, so that a hiccup costs no
 * level; refusals in a row, or patience that ran out, end the waiting for every document, so that workers are never all
 * occupied by it. A refusing authority is believed again as soon as one late stamp comes; one that was too slow only after its rest
 * and a trial, since a stamp now and then says nothing of how many it can give.
 */
export function stampPatience(router: TimestampRouter, options: PatienceOptions): StampPatience {
  const { patienceMs, clock } = options;
  let refusals = 0;
  let resting: { cause: "refused" | "slow"; until: number } | null = null;
  let lastSlow = { at: Number.NEGATIVE_INFINITY, restMs: 0 };
  let trial = false;
  /** Those who wait now. */
  const waiting = new Set<AbortController>();

  function rest(cause: "refused" | "slow", ms: number): void {
    resting = { cause, until: clock() + ms };
    for (const each of waiting) each.abort();
  }
  function refused(): void {
    if (++refusals >= options.failures) rest("refused", options.restMs);
  }
  function tooSlow(): void {
    const now = clock();
    // Well for as long as it rested: then the last time counts no more.
    const again = now - lastSlow.at < 2 * lastSlow.restMs + options.patienceMs;
    lastSlow = { at: now, restMs: again ? Math.min(2 * lastSlow.restMs, LONGEST_REST_MS) : options.restMs };
    rest("slow", lastSlow.restMs);
  }
  function came(): void {
    refusals = 0;
    resting = null;
  }

  async function round(digests: readonly (Uint8Array | null)[], stamps: (Stamp | null)[], signal: AbortSignal) {
    let failed = false;
    await Promise.all(
      digests.map(async (digest, i) => {
        if (digest === null || stamps[i]) return;
        try {
          stamps[i] = await router.stamp(digest, signal);
        } catch (error) {
          if (signal.aborted) return;
          if (!(error instanceof HocbaError) || !error.retryable) throw error;
          failed = true;
        }
      }),
    );
    return failed;
  }

  return {
    get lagging() {
      return resting !== null;
    },
    async soon(digests) {
      const stamps: (Stamp | null)[] = digests.map(() => null);
      const complete = () => digests.every((digest, i) => digest === null || stamps[i] !== null);
      if (complete() || (resting !== null && (trial || clock() < resting.until))) return stamps;
      const mine = resting !== null;
      trial ||= mine;
      const stop = new AbortController();
      let impatient = false;
      const timer = setTimeout(() => {
        impatient = true;
        stop.abort();
      }, patienceMs);
      // A trial is not ended by what ended the waiting of others.
      if (!mine) waiting.add(stop);
      try {
        for (let pause = FIRST_PAUSE_MS; !stop.signal.aborted; pause *= 2) {
          const failed = await round(digests, stamps, stop.signal);
          if (complete()) {
            if (mine || resting === null) came();
            break;
          }
          if (failed && !stop.signal.aborted) {
            refused();
            if (mine) break;
            await until(pause, stop.signal);
          }
        }
        if (impatient && !complete()) tooSlow();
        return stamps;
      } finally {
        clearTimeout(timer);
        stop.abort();
        waiting.delete(stop);
        if (mine) trial = false;
      }
    },
    async whenever(digest, signal) {
      const stamp = await router.stamp(digest, signal);
      if (resting?.cause !== "slow") came();
      return stamp;
    },
  };
}

/** Resolves after `ms`, or when `signal` aborts. */
function until(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
