import type { TimestampCandidate } from "./candidate.ts";
import { type ValidatedTimestamp, validateTimestamp } from "./time-stamp-validation.ts";
import type { ValidationProcess } from "./validation-process.ts";

export interface ProofsOfExistence {
  readonly timestamps: readonly ValidatedTimestamp[];
  /** Earliest proven time of the signature value (ms since 1970); null when nothing proves one. */
  readonly bestSignatureTime: number | null;
  /** Latest time before which the signature cannot have existed, from content time stamps; null when none is proven. */
  readonly notBefore: number | null;
}

/** Later proofs cover earlier ones: archive and document time stamps cover the signature's. */
const COVERS_OTHERS = new Set<TimestampCandidate["type"]>(["archive", "document", "evidence-record"]);

/**
 * Proofs of existence, from the outermost inwards (EN 319 102-1 §5.6.2.3 and §5.6.3): the latest archive time stamp is judged
 * now, each earlier one at the time at which the later one proves it existed. So a chain that has expired since still
 * counts, and one that breaks anywhere proves nothing beyond.
 */
export function proofsOfExistence(
  candidates: readonly TimestampCandidate[],
  process: ValidationProcess,
): ProofsOfExistence {
  const byTime = [...candidates].sort((a, b) => rank(a) - rank(b) || (b.token?.genTime ?? 0) - (a.token?.genTime ?? 0));
  const validated = new Map<TimestampCandidate, ValidatedTimestamp>();
  let proven = process.time;
  let bestSignatureTime: number | null = null;
  let notBefore: number | null = null;
  for (const candidate of byTime) {
    const result = validateTimestamp(candidate, proven, process);
    validated.set(candidate, result);
    if (result.conclusion.indication !== "PASSED" || !candidate.token) continue;
    const { genTime } = candidate.token;
    if (candidate.type === "content") {
      notBefore = Math.max(notBefore ?? genTime, genTime);
      continue;
    }
    bestSignatureTime = Math.min(bestSignatureTime ?? genTime, genTime);
    if (COVERS_OTHERS.has(candidate.type)) proven = Math.min(proven, genTime);
  }
  return { timestamps: candidates.map((c) => validated.get(c)!), bestSignatureTime, notBefore };
}

function rank(candidate: TimestampCandidate): number {
  return COVERS_OTHERS.has(candidate.type) ? 0 : candidate.type === "signature" ? 1 : 2;
}
