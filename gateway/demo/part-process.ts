import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { DemoError } from "./errors.ts";

export interface PartProcess {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Resolves when `isReady` first says so. @throws DemoError PART_FAILED when the process ends before, or time runs out */
  waitUntil(isReady: () => Promise<boolean>, timeoutMs?: number): Promise<void>;
  /** Asks it to stop and waits; after `graceMs` it is killed. */
  stop(graceMs?: number): Promise<void>;
  readonly exited: Promise<number | null>;
}

const SETPRIV = "/usr/bin/setpriv";

/**
 * Starts one part of the gateway with its output in a log file. It runs in a process group of its own, so that Ctrl-C
 * reaches only the parent, which stops the parts in order; should the parent be killed, the kernel ends the part too.
 */
export function startPart(
  name: string,
  command: readonly string[],
  options: { logFile: string; env?: Readonly<Record<string, string>> },
): PartProcess {
  const log = openSync(options.logFile, "a", 0o600);
  const [file, ...args] = existsSync(SETPRIV) ? [SETPRIV, "--pdeathsig", "TERM", "--", ...command] : command;
  const child: ChildProcess = spawn(file!, args, {
    stdio: ["ignore", log, log],
    env: { ...process.env, ...options.env },
    detached: true,
  });
  const exited = new Promise<number | null>((resolve) => {
    child.once("exit", (code) => resolve(code));
    child.once("error", () => resolve(null));
  });
  let ended = false;
  void exited.then(() => {
    ended = true;
  });
  const failed = async (why: string) => {
    const tail = (await readFile(options.logFile, "utf8").catch(() => "")).trimEnd().split("\n").slice(-5).join("\n");
    return new DemoError("PART_FAILED", `${name}: ${why}; its log ${options.logFile} ends with:\n${tail}`);
  };
  return {
    name,
    pid: child.pid ?? -1,
    logFile: options.logFile,
    exited,
    async waitUntil(isReady, timeoutMs = 60_000) {
      for (const until = Date.now() + timeoutMs; Date.now() < until; await delay(50)) {
        if (ended) throw await failed("ended before it was ready");
        if (await isReady().catch(() => false)) return;
      }
      throw await failed(`not ready after ${timeoutMs / 1000} s`);
    },
    async stop(graceMs = 15_000) {
      if (ended) return;
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}
