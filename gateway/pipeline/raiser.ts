import { HocbaError } from "@hocba/certs";
import type { Config } from "../config/index.ts";
import type { WaitingDocument } from "../ledger/index.ts";
import type { Logger, Metrics } from "../observability/index.ts";
import { type Turns, takeTurns } from "../take-turns.ts";
import { DocumentWork, type PipelineParts } from "./document-work.ts";
import { isLateStamp } from "./issue-level.ts";
import { memoryOf } from "./memory-of.ts";
import { raiseDocument } from "./raise-document.ts";

export interface RaiserOptions {
  raising: Config["timestamps"]["raising"];
  /** A worker that shows no sign of life for so long has given its documents back. */
  leaseMs: number;
  log: Logger;
  metrics?: Pick<Metrics, "raised">;
  random?: () => number;
}

export interface Raiser {
  /** Raises what is due now. @returns after how many ms to come again; 0 when there is more */
  turn(): Promise<number>;
  /** Takes a turn now and then until stopped. */
  start(): void;
  /** Gives up what waits for a time stamp, finishes the rest. */
  stop(): Promise<void>;
}

const BATCH = 50;
const LONGEST_REST_MS = 3_600_000;

/** What became of one document. `starved`: no authority gave a time stamp, so that no other need be tried now. */
type Outcome = "raised" | "starved" | "left" | { failed: string };

/**
 * Raises issued documents whose time stamp was late. It works from the ledger alone, a few at a time beside the signing: a wiped
 * work list takes nothing from it, and what a killed worker had in hand is due again when its lease is over. While no stamp is to be
 * had one document asks for all, ever more rarely, with a spread.
 */
export function createRaiser(parts: PipelineParts, options: RaiserOptions): Raiser {
  const { ledger, clock } = parts;
  const { raising, leaseMs, log } = options;
  const random = options.random ?? Math.random;
  const stopping = new AbortController();
  const timestamps = { stamp: (digest: Uint8Array) => parts.patience.whenever(digest, stopping.signal) };
  let vain = 0;

  async function raise({ id, attempts }: WaitingDocument): Promise<Outcome> {
    const document = await ledger.documents.get(id);
    if (document === null) return "left";
    return parts.memory.within(memoryOf(document), () => raiseHeld(id, attempts));
  }

  async function raiseHeld(id: string, attempts: number): Promise<Outcome> {
    const dossier = await ledger.documents.dossier(id);
    if (dossier === null || dossier.document.waitingFor === null) return "left";
    try {
      const after = await raiseDocument(new DocumentWork(parts, dossier), timestamps, attempts > 0);
      const { level, waitingFor } = after;
      log.info({ documentId: id, level, waitingFor }, "document raised");
      if (waitingFor !== null) await ledger.documents.postponeWaiting(id, clock() + rest(attempts), null);
      return "raised";
    } catch (error) {
      if (stopping.signal.aborted) return "left";
      if (isLateStamp(error)) {
        log.warn({ documentId: id, error }, "no late time stamp is to be had");
        return "starved";
      }
      const code = error instanceof HocbaError ? error.code : "INTERNAL";
      // Withdrawn, replaced, or raised by another worker.
      if (code === "LEDGER_CONFLICT" || code === "LEDGER_TRANSITION_FORBIDDEN") return "left";
      log.error({ documentId: id, code, attempts: attempts + 1, error }, "raising postponed");
      return { failed: code };
    }
  }

  /** Doubled with each try, spread so that what failed together does not come back together. */
  function rest(tries: number, longest = LONGEST_REST_MS): number {
    const wait = Math.min(raising.retryInitialMs * 2 ** Math.min(tries, 20), longest);
    return Math.ceil(wait * (0.5 + random() / 2));
  }

  async function turn(): Promise<number> {
    const limit = vain > 0 ? 1 : BATCH;
    const now = clock();
    const claimed = await ledger.documents.claimWaiting(now, now + leaseMs, limit);
    if (claimed.length === 0) return raising.everyMs;
    const held = new Set(claimed.map(({ id }) => id));
    const hold = setInterval(() => {
      // Should it fail, another worker may do the same work: the ledger takes one.
      ledger.documents
        .holdWaiting([...held], clock() + leaseMs)
        .catch((error) => log.warn({ error }, "lease not held"));
    }, leaseMs / 3);
    let starved = false;
    try {
      const next = claimed.values();
      const work = async () => {
        while (!starved && !stopping.signal.aborted) {
          const { value: document, done } = next.next();
          if (done) return;
          const outcome = await raise(document);
          options.metrics?.raised.inc({ outcome: typeof outcome === "string" ? outcome : outcome.failed });
          if (outcome === "raised") vain = 0;
          if (outcome === "starved") {
            starved = true;
            continue;
          }
          // Given back at once, for another worker.
          if (outcome === "left" && stopping.signal.aborted) continue;
          held.delete(document.id);
          if (typeof outcome === "object") {
            await ledger.documents.postponeWaiting(document.id, clock() + rest(document.attempts), outcome.failed);
          }
        }
      };
      await Promise.all(Array.from({ length: raising.concurrency }, work));
    } finally {
      clearInterval(hold);
    }
    const wait = starved ? rest(vain++, raising.retryMaxMs) : claimed.length === limit ? 0 : raising.everyMs;
    for (const id of held) await ledger.documents.postponeWaiting(id, clock() + wait, null);
    return wait;
  }

  let turns: Turns | null = null;
  return {
    turn,
    start() {
      turns ??= takeTurns(turn, (error) => {
        log.error({ error }, "raising cannot go on; tried again later");
        return raising.everyMs;
      });
    },
    async stop() {
      stopping.abort(new Error("the worker is stopping"));
      await turns?.stop();
    },
  };
}
