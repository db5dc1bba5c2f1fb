import { type AlgorithmUse, algorithmName } from "./algorithm-use.ts";

/** Until when something may be relied on: ISO date (inclusive start of the end), `always`, or `never`. */
export type Until = string | "always" | "never";

/** Which algorithms may be relied on, and how long. Plain data: see `algorithmPolicies` for those shipped. */
export interface AlgorithmPolicy {
  readonly name: string;
  /** Why the rules are as they are, for the reader of a report. */
  readonly explanation: string;
  /** Digests under signatures. One not listed may never be relied on. */
  readonly digests: Readonly<Record<string, Until>>;
  /** Per kind of key: from which size on, until when. The longest admission that fits counts. */
  readonly keys: Readonly<Record<string, readonly { minBits: number; until: Until }[]>>;
}

/** What a policy says about one use at one time. */
export interface AlgorithmVerdict {
  readonly acceptable: boolean;
  readonly algorithm: string;
  /** Milliseconds since 1970; null when never acceptable, Infinity when always. */
  readonly until: number | null;
}

const limit = (until: Until): number | null =>
  until === "always" ? Number.POSITIVE_INFINITY : until === "never" ? null : Date.parse(until);

/**
 * Judges one use.
 * @param time milliseconds since 1970: the instant at which the use had to be trustworthy, a proof of existence or now
 */
export function judgeAlgorithm(policy: AlgorithmPolicy, use: AlgorithmUse, time: number): AlgorithmVerdict {
  const until = use.use === "key" ? keyLimit(policy, use.key.kind, use.key.bits) : digestLimit(policy, use);
  return { acceptable: until !== null && time < until, algorithm: algorithmName(use), until };
}

function digestLimit(policy: AlgorithmPolicy, use: Extract<AlgorithmUse, { use: "signature" }>): number | null {
  // EdDSA brings its own digest; the key's rule decides.
  if (use.algorithm.scheme === "eddsa") return Number.POSITIVE_INFINITY;
  const { digest } = use.algorithm;
  return Object.hasOwn(policy.digests, digest) ? limit(policy.digests[digest]!) : null;
}

function keyLimit(policy: AlgorithmPolicy, kind: string, bits: number): number | null {
  let best: number | null = null;
  for (const rule of Object.hasOwn(policy.keys, kind) ? policy.keys[kind]! : []) {
    if (bits < rule.minBits) continue;
    const until = limit(rule.until);
    if (until !== null && (best === null || until > best)) best = until;
  }
  return best;
}
