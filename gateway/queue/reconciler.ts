import { HocbaError } from "@hocba/certs";
import type { Ledger, UnfinishedDocument } from "../ledger/index.ts";
import type { Logger } from "../observability/index.ts";
import { type Turns, takeTurns } from "../take-turns.ts";
import type { WorkList } from "./work-list.ts";

const PAGE = 1000;
/** Documents that go before all others at each turn, once they have waited so long: taking turns must starve nobody. */
const PROMOTED = 100;
const LONG_MS = 60_000;

/**
 * Puts every document the ledger calls unfinished and due on the work list, ranked so that schools take turns.
 * @returns how many @throws GatewayError
 */
export async function reconcile(ledger: Ledger, list: WorkList, now: number): Promise<number> {
  let cursor: string | null = null;
  let count = 0;
  const ofSchool = new Map<string, number>();
  for (;;) {
    const page: UnfinishedDocument[] = await ledger.documents.unfinished(now, PAGE, cursor);
    const ranks = new Map<string, number>();
    for (const { id, school } of page) {
      const rank = (ofSchool.get(school) ?? 0) + 1;
      ofSchool.set(school, rank);
      ranks.set(id, rank);
    }
    if (page.length > 0) await list.add([...ranks.keys()], ranks);
    if (count === 0) {
      const long = page.slice(0, PROMOTED).filter((document) => now - document.createdAt > LONG_MS);
      if (long.length > 0) await list.promote(long.map(({ id }) => id));
    }
    count += page.length;
    if (page.length < PAGE) return count;
    cursor = page.at(-1)!.id;
  }
}

/** Reconciles at the start and every `everyMs`; a failure is said once and tried again at the next turn, sooner. */
export function startReconciler(options: {
  ledger: Ledger;
  list: WorkList;
  everyMs: number;
  clock: () => number;
  log: Logger;
}): Turns {
  const { everyMs, log } = options;
  let failing = false;
  return takeTurns(
    async () => {
      await reconcile(options.ledger, options.list, options.clock());
      if (failing) log.info("work list: back again, unfinished documents are on it");
      failing = false;
      return everyMs;
    },
    (error) => {
      if (!(error instanceof HocbaError)) {
        log.error({ error }, "the reconciler failed");
        return everyMs;
      }
      if (!failing) log.warn({ error }, "work list: cannot put unfinished documents on it");
      failing = true;
      return Math.min(everyMs, 1000);
    },
  );
}
