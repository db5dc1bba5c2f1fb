import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { Profile } from "@hocba/signatures/profiles";
import type { VerificationReport } from "@hocba/signatures/verify";
import type { Config } from "../config/index.ts";
import { GatewayError } from "../errors.ts";
import type { BesideFile, Verifier } from "./verifier.ts";

export interface ThreadTask {
  document: Uint8Array;
  fileName: string;
  profile: Profile | undefined;
  beside: BesideFile | undefined;
}

export interface ThreadConfig extends Pick<Config, "verification" | "trust"> {
  /** File of the ledger whose schools' signers are held against its bindings. */
  ledger: string;
}

export type ThreadAnswer = { ok: true; report: VerificationReport } | { ok: false; code: string; message: string };

export interface VerifierInThreads extends Verifier {
  close(): Promise<void>;
}

/** Runs from the built files; a thread cannot load TypeScript. */
const THREAD = new URL("./verification-thread.js", import.meta.url);
/** What one file may take of memory, beside its own octets. */
const MEMORY_MB = 512;

interface Job {
  task: ThreadTask;
  resolve(report: VerificationReport): void;
  reject(error: GatewayError): void;
}

/**
 * A verifier for files of strangers: each is judged in a thread, `verification.concurrency` at once, so that the service answers
 * others meanwhile. A file that takes longer than `verification.timeoutMs`, or too much memory, ends its thread and nothing else.
 * Threads start when they are needed. Signers of the gateway's own schools are held against its ledger.
 */
export function createVerifierInThreads(
  config: Pick<Config, "verification" | "trust" | "dataDir">,
  entry: URL = THREAD,
): VerifierInThreads {
  const idle: Worker[] = [];
  const all = new Set<Worker>();
  const waiting: Job[] = [];
  let closed = false;

  function next(): void {
    while (waiting.length > 0 && (idle.length > 0 || all.size < config.verification.concurrency)) {
      run(idle.pop() ?? start(), waiting.shift()!);
    }
  }

  function start(): Worker {
    const worker = new Worker(entry, {
      workerData: {
        verification: config.verification,
        trust: config.trust,
        ledger: join(config.dataDir, "ledger.sqlite"),
      } satisfies ThreadConfig,
      // Conditions of the parent that lead imports to the sources would lead the thread astray.
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
    });
    all.add(worker);
    worker.once("exit", () => {
      all.delete(worker);
      const at = idle.indexOf(worker);
      if (at >= 0) idle.splice(at, 1);
    });
    // An error is told to whoever waits for the thread; between two files nobody does, and its exit says enough.
    worker.on("error", () => {});
    worker.unref();
    return worker;
  }

  function run(worker: Worker, { task, resolve, reject }: Job): void {
    worker.ref();
    const settle = (usable: boolean, then: () => void): void => {
      clearTimeout(timer);
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
      worker.unref();
      if (usable && !closed) idle.push(worker);
      else {
        all.delete(worker);
        void worker.terminate();
      }
      then();
      next();
    };
    const stopped = (reason: string): GatewayError =>
      new GatewayError("VERIFICATION_STOPPED", `the verification was stopped: ${reason}`);
    const timer = setTimeout(
      () => settle(false, () => reject(stopped("it took too long"))),
      config.verification.timeoutMs,
    );
    const onMessage = (answer: ThreadAnswer): void =>
      settle(true, () => {
        if (answer.ok) resolve(answer.report);
        else reject(new GatewayError("VERIFICATION_STOPPED", answer.message, { details: { code: answer.code } }));
      });
    const onError = (error: Error & { code?: string }): void =>
      settle(false, () => reject(stopped(error.code ?? error.name)));
    const onExit = (): void => settle(false, () => reject(stopped("its thread has ended")));
    worker.on("message", onMessage).on("error", onError).on("exit", onExit);
    worker.postMessage(task);
  }

  return {
    verify: (document, fileName, profile, beside) =>
      new Promise((resolve, reject) => {
        if (closed) reject(new GatewayError("VERIFICATION_STOPPED", "the service is stopping", { retryable: true }));
        else waiting.push({ task: { document, fileName, profile, beside }, resolve, reject });
        next();
      }),
    async close() {
      closed = true;
      for (const { reject } of waiting.splice(0)) {
        reject(new GatewayError("VERIFICATION_STOPPED", "the service is stopping", { retryable: true }));
      }
      await Promise.all([...all].map((worker) => worker.terminate()));
    },
  };
}
