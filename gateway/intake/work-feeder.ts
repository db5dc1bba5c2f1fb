import type { Logger } from "../observability/index.ts";
import type { WorkList } from "../queue/index.ts";

/** Puts accepted documents on the work list without keeping their senders waiting. */
export interface WorkFeeder {
  feed(documentId: string): void;
  /** Resolves when nothing is under way. */
  drain(): Promise<void>;
}

/** While Redis is away what is fed is dropped, not kept: the ledger holds it and the reconciler brings it back. */
export function workFeeder(list: WorkList, log: Logger): WorkFeeder {
  let pending: string[] = [];
  let running: Promise<void> | null = null;
  let failing = false;

  async function run(): Promise<void> {
    while (pending.length > 0) {
      const group = pending;
      pending = [];
      try {
        await list.add(group);
        failing = false;
      } catch (error) {
        if (!failing) log.warn({ error, documents: group.length }, "work list: not reached; the reconciler will do it");
        failing = true;
      }
    }
    running = null;
  }

  return {
    feed(documentId) {
      pending.push(documentId);
      // What comes in the same turn goes in one command.
      running ??= new Promise<void>((resolve) => setImmediate(resolve)).then(run);
    },
    drain: async () => {
      await running;
    },
  };
}
