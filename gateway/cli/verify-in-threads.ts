import { Worker } from "node:worker_threads";
import { type FileOutcome, stoppedOutcome, type VerifyOptions } from "./verify-files.ts";

/** Runs from the built files; a thread cannot load TypeScript. */
const THREAD = new URL("./verify-worker.js", import.meta.url);
/** Outcomes that may wait for an earlier, slower file before the threads pause. */
const WINDOW = 256;
/** A thread that a file has ended may have been worn out by those before it: the file is given a fresh one, once. */
const MOST_TRIES = 2;

export interface ThreadLimits {
  readonly threads: number;
  /** What one file may take; then it is given up and its thread ended. */
  readonly timeoutMs: number;
  /** What a thread may take on V8's heap; the octets of the file do not count. */
  readonly memoryMb: number;
  readonly entry?: URL;
}

/** What a thread says: that it can begin, and then one answer for each name it was given. */
export type ThreadMessage =
  | { kind: "ready" }
  | { kind: "outcome"; outcome: FileOutcome }
  | { kind: "failure"; reason: string };

interface Task {
  readonly index: number;
  readonly tries: number;
}

/**
 * Verifies files in several threads and yields the outcomes in the order of the files; at most `WINDOW` of them wait in memory. A
 * file that ends its thread, or keeps it too long, is told of as undecided; another thread goes on with the others.
 * @throws Error when a thread cannot begin at all
 */
export async function* verifyInThreads(
  files: readonly string[],
  options: VerifyOptions,
  limits: ThreadLimits,
): AsyncGenerator<FileOutcome> {
  const done = new Map<number, FileOutcome>();
  const again: Task[] = [];
  const threads = new Set<VerifyThread>();
  let failure: Error | null = null;
  let next = 0;
  let shown = 0;
  let wake = () => {};

  const take = (): Task | undefined =>
    again.pop() ?? (next < files.length && next - shown < WINDOW ? { index: next++, tries: 1 } : undefined);
  const keep = (index: number, outcome: FileOutcome) => {
    done.set(index, outcome);
    wake();
  };
  const fail = (error: unknown) => {
    failure ??= error as Error;
    wake();
  };
  const giveUp = (index: number, reason: string) =>
    stoppedOutcome(files[index]!, options, reason).then((outcome) => keep(index, outcome), fail);

  function start(): void {
    const thread = new VerifyThread(options, limits, {
      outcome: keep,
      undecided: ({ index }, reason) => void giveUp(index, reason),
      idle: assign,
      ended: (lost, reason) => {
        threads.delete(thread);
        if (!thread.began) return fail(new Error(reason));
        if (lost && (lost.tries === MOST_TRIES || reason === TOO_LONG)) void giveUp(lost.index, reason);
        else if (lost) again.push({ index: lost.index, tries: lost.tries + 1 });
        if (again.length > 0 || next < files.length) start();
      },
    });
    threads.add(thread);
  }
  function assign(): void {
    for (const thread of threads) {
      if (!thread.free) continue;
      const task = take();
      if (!task) return;
      thread.give(task, files[task.index]!);
    }
  }

  for (let n = 0; n < Math.min(limits.threads, files.length); n++) start();
  try {
    while (shown < files.length) {
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
    await Promise.all([...threads].map((thread) => thread.end()));
  }
}

const TOO_LONG = "it took too long";

interface ThreadEvents {
  outcome(index: number, outcome: FileOutcome): void;
  undecided(task: Task, reason: string): void;
  idle(): void;
  /** The thread is gone, and with it what it was working on. */
  ended(lost: Task | null, reason: string): void;
}

/** One thread and what it is working on. */
class VerifyThread {
  began = false;
  private readonly worker: Worker;
  private readonly timeoutMs: number;
  private readonly events: ThreadEvents;
  private task: Task | null = null;
  private timer: NodeJS.Timeout | undefined;
  private reason = "its thread has ended";
  private dismissed = false;

  constructor(options: VerifyOptions, { entry = THREAD, memoryMb, timeoutMs }: ThreadLimits, events: ThreadEvents) {
    this.timeoutMs = timeoutMs;
    this.events = events;
    this.worker = new Worker(entry, {
      workerData: options,
      // Conditions of the parent that lead imports to the sources would lead the thread astray.
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: memoryMb },
      // What there is to say of the options was said once, by the parent; what V8 says of a full heap is no user's.
      stderr: true,
    });
    this.worker.stderr.resume();
    this.worker.on("message", (message: ThreadMessage) => this.hear(message));
    this.worker.on("error", (error: Error & { code?: string }) => {
      this.reason = error.code ?? error.message;
    });
    this.worker.on("exit", () => {
      clearTimeout(this.timer);
      if (!this.dismissed) this.events.ended(this.task, this.reason);
    });
  }

  get free(): boolean {
    return this.began && this.task === null;
  }

  give(task: Task, file: string): void {
    this.task = task;
    this.timer = setTimeout(() => {
      this.reason = TOO_LONG;
      void this.worker.terminate();
    }, this.timeoutMs);
    this.worker.postMessage(file);
  }

  async end(): Promise<void> {
    this.dismissed = true;
    await this.worker.terminate();
  }

  private hear(message: ThreadMessage): void {
    clearTimeout(this.timer);
    const task = this.task;
    this.task = null;
    if (message.kind === "ready") this.began = true;
    else if (task && message.kind === "outcome") this.events.outcome(task.index, message.outcome);
    else if (task && message.kind === "failure") this.events.undecided(task, message.reason);
    this.events.idle();
  }
}
