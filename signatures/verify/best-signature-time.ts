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

/**
 * Who covers whom, from the outermost inwards. What stands in one layer is taken to cover the layers below it, and within the
 * layer what came before it; evidence records stand beside each other and cover none of their own.
 */
const LAYERS = ["evidence-record", "document", "archive", "references", "signature", "content"] as const;
type Layer = (typeof LAYERS)[number];

function layerOf(candidate: TimestampCandidate): Layer {
  return candidate.type === "archive" && !candidate.archival ? "references" : candidate.type;
}

/**
 * Proofs of existence, from the outermost inwards (EN 319 102-1 §5.6.2.3 and §5.6.3): the latest archive time stamp is judged
 * now, each earlier one at the time at which the later one proves it existed. So a chain that has expired since still
 * counts, and one that breaks anywhere proves nothing beyond.
 */
export function proofsOfExistence(
  candidates: readonly TimestampCandidate[],
  process: ValidationProcess,
): ProofsOfExistence {
  const validated = new Map<TimestampCandidate, ValidatedTimestamp>();
  let proven = process.time;
  let bestSignatureTime: number | null = null;
  let notBefore: number | null = null;
  for (const layer of LAYERS) {
    let inLayer = proven;
    for (const candidate of inOrder(candidates, layer)) {
      const result = validateTimestamp(candidate, layer === "evidence-record" ? proven : inLayer, process);
      validated.set(candidate, result);
      if (result.conclusion.indication !== "PASSED" || !candidate.token) continue;
      const { genTime } = candidate.token;
      if (layer === "content") {
        notBefore = Math.max(notBefore ?? genTime, genTime);
        continue;
      }
      if (!candidate.referencesOnly) bestSignatureTime = Math.min(bestSignatureTime ?? genTime, genTime);
      // Time stamps over references or the signature value do not cover each other.
      if (layer === "evidence-record" || layer === "document" || layer === "archive")
        inLayer = Math.min(inLayer, genTime);
    }
    proven = inLayer;
  }
  return { timestamps: candidates.map((c) => validated.get(c)!), bestSignatureTime, notBefore };
}

/** Document time stamps by their place in the file, last first; the others, which have none, by their time. */
function inOrder(candidates: readonly TimestampCandidate[], layer: Layer): TimestampCandidate[] {
  const members = candidates.filter((c) => layerOf(c) === layer);
  if (layer === "document") return members.reverse();
  return members.sort((a, b) => (b.token?.genTime ?? 0) - (a.token?.genTime ?? 0));
}
