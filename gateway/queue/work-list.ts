/**
 * The list of documents somebody should look at. It may forget everything and may name a document twice: the ledger is
 * the truth, and the reconciler puts back what is missing.
 */
export interface WorkList {
  /**
   * Names a document, once while it is on the list. Those of low rank are looked at first; without one, before all others.
   * With the number of a school's unfinished documents for its rank, schools take turns: ten documents of a small school do
   * not wait for ten thousand of a large one. @throws GatewayError QUEUE_UNAVAILABLE (retryable)
   */
  add(documentIds: readonly string[], ranks?: ReadonlyMap<string, number>): Promise<void>;
  /** Puts documents that have waited long before all others of a rank. @throws GatewayError QUEUE_UNAVAILABLE */
  promote(documentIds: readonly string[]): Promise<void>;
  /** Waiting and delayed entries. @throws GatewayError QUEUE_UNAVAILABLE */
  depth(): Promise<number>;
  /** @throws GatewayError QUEUE_UNAVAILABLE */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** What became of a document that was looked at. */
export type Outcome = { kind: "done" } | { kind: "again"; at: number };

/** Takes documents from the list until closed. */
export interface WorkListConsumer {
  /** Waits for what is in work, takes nothing new. */
  close(): Promise<void>;
}
