import type { Logger } from "../observability/index.ts";
import type { WorkList } from "../queue/index.ts";

/** Puts accepted documents on the work list without keeping their senders waiting. */
export interface WorkFeeder {
  /** `rank` as in {@link WorkList.add}. */
  feed(documentId: string, rank?: number): void;
  /** Resolves when nothing is under way. */
  drain(): Promise<void>;
}

/** While Redis is away what is fed is dropped, not kept: the ledger holds it and the reconciler brings it back. */
export function workFeeder(list: WorkList, log: Logger): WorkFeeder {
  let pending = new Map<string, number | undefined>();
  let running: Promise<void> | null = null;
  let failing = false;

  async function run(): Promise<void> {
    while (pending.size > 0) {
      const group = pending;
      pending = new Map();
      try {
        const ranks = [...group].filter((each): each is [string, number] => each[1] !== undefined);
        await list.add([...group.keys()], new Map(ranks));
        failing = false;
      } catch (error) {
        if (!failing) log.warn({ error, documents: group.size }, "work list: not reached; the reconciler will do it");
        failing = true;
      }
    }
    running = null;
  }

  return {
    feed(documentId, rank) {
      pending.set(documentId, rank);
      // What comes in the same turn goes in one command.
      running ??= new Promise<void>((resolve) => setImmediate(resolve)).then(run);
    },
    drain: async () => {
      await running;
    },
  };
}
