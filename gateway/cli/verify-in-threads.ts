import { Worker } from "node:worker_threads";
import type { FileOutcome, VerifyOptions } from "./verify-files.ts";

/** Runs from the built files; a thread cannot load TypeScript. */
const WORKER = new URL("./verify-worker.js", import.meta.url);
/** Outcomes that may wait for an earlier, slower file before the threads pause. */
const WINDOW = 256;

/**
 * Verifies files in several threads and yields the outcomes in the order of the files. At most `WINDOW` of them wait in memory.
 * @throws Error when a thread ends by itself: then nothing is known of its file
 */
export async function* verifyInThreads(
  files: readonly string[],
  options: VerifyOptions,
  threads: number,
): AsyncGenerator<FileOutcome> {
  const done = new Map<number, FileOutcome>();
  const idle: Worker[] = [];
  let failure: Error | null = null;
  let next = 0;
  let shown = 0;
  let wake = () => {};
  const assign = () => {
    while (idle.length > 0 && next < files.length && next - shown < WINDOW) {
      idle.pop()!.postMessage({ index: next, file: files[next] });
      next++;
    }
  };
  const workers = Array.from({ length: threads }, () => {
    const worker = new Worker(WORKER, { workerData: options });
    worker.on("message", ({ index, outcome }: { index: number; outcome: FileOutcome }) => {
      done.set(index, outcome);
      idle.push(worker);
      assign();
      wake();
    });
    worker.on("error", (error) => {
      failure = error as Error;
      wake();
    });
    return worker;
  });
  idle.push(...workers);
  try {
    for (assign(); shown < files.length; ) {
      const outcome = done.get(shown);
      if (outcome) {
        done.delete(shown++);
        assign();
        yield outcome;
        continue;
      }
      if (failure) throw failure;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
