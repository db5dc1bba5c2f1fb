/** Work in the background that comes round again and again. */
export interface Turns {
  /** Lets the turn in work end, and begins no other. */
  stop(): Promise<void>;
}

/**
 * Takes a turn at once and, until it is stopped, one after each rest. Turns never overlap.
 * @param turn answers how long to rest, in milliseconds; the signal tells that it is to end
 * @param failed is told of what a turn throws, and answers how long to rest then
 */
export function takeTurns(
  turn: (signal: AbortSignal) => Promise<number>,
  failed: (error: unknown) => number,
  firstRestMs = 0,
): Turns {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const next = async (): Promise<void> => {
    const rest = await turn(stopping.signal).catch(failed);
    if (!stopping.signal.aborted) later(rest);
  };
  const later = (rest: number): void => {
    timer = setTimeout(() => {
      running = next();
    }, rest);
  };
  let running: Promise<void> = Promise.resolve();
  if (firstRestMs > 0) later(firstRestMs);
  else running = next();
  return {
    async stop() {
      stopping.abort(new Error("the process stops"));
      clearTimeout(timer);
      await running;
    },
  };
}
