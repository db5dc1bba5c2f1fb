/** One line of `hocba bench`. */
export interface Figure {
  readonly name: string;
  readonly perSecond: number;
  /** What the rate counts. */
  readonly unit: string;
  /** The rate as a part of another one measured in the same run. */
  readonly ratio?: { readonly to: string; readonly value: number };
  readonly goal?: string;
  readonly note?: string;
}

/** Calls `work` in so many lanes for `seconds`, a first tenth uncounted. @returns calls per second */
export async function rateOf(
  work: (index: number) => Promise<unknown> | unknown,
  options: { seconds: number; lanes: number },
): Promise<number> {
  let index = 0;
  const run = async (ms: number) => {
    const begin = performance.now();
    let count = 0;
    const lane = async () => {
      while (performance.now() - begin < ms) {
        await work(index++);
        count++;
      }
    };
    await Promise.all(Array.from({ length: options.lanes }, lane));
    return (count / (performance.now() - begin)) * 1000;
  };
  await run(options.seconds * 100);
  return run(options.seconds * 1000);
}
