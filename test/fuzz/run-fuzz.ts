import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ChildMessage, ChildTask, Finding } from "./fuzz-child.ts";

export interface FuzzResult {
  readonly inputs: number;
  readonly findings: readonly Finding[];
  /** Processor time of the slowest input, and which it was. */
  readonly slowestMs: number;
  readonly slowestIndex: number;
  readonly peakRss: number;
}

export interface FuzzOptions {
  /** The bundle of fuzz-child.ts. */
  readonly child: string;
  readonly list: string;
  readonly folder: string;
  readonly seedNumber: number;
  readonly from?: number;
  readonly count: number;
  readonly processes: number;
  readonly onFinding?: (finding: Finding) => void;
}

const MAXIMUM_RSS = 512 * 2 ** 20;
const MAXIMUM_MS = 2000;
/** Of the clock on the wall, for a process that others may keep from running. */
const HANG_MS = 30_000;
const PORTION = 2000;

/**
 * Leads mutants through child processes: one that throws, takes longer than two seconds or 512 MiB, or takes its process along
 * is a finding. A finding of time or memory counts only if it occurs again with the input alone.
 */
export async function runFuzz(options: FuzzOptions): Promise<FuzzResult> {
  const from = options.from ?? 0;
  const to = from + options.count;
  const findings: Finding[] = [];
  const total = { inputs: 0, slowestMs: 0, slowestIndex: -1, peakRss: 0 };

  const lane = async (number: number): Promise<void> => {
    let next = from + number;
    while (next < to) {
      const end = Math.min(to, next + PORTION * options.processes);
      const outcome = await runChild(options, { from: next, to: end, step: options.processes }, `${number}`);
      for (const finding of outcome.findings) {
        if (!(await holds(options, finding, number))) continue;
        findings.push(finding);
        options.onFinding?.(finding);
      }
      total.inputs += outcome.inputs;
      total.peakRss = Math.max(total.peakRss, outcome.peakRss);
      if (outcome.slowestMs > total.slowestMs) {
        total.slowestMs = outcome.slowestMs;
        total.slowestIndex = outcome.slowestIndex;
      }
      next = outcome.next;
    }
  };
  await Promise.all(Array.from({ length: options.processes }, (_, number) => lane(number)));
  return { ...total, findings };
}

async function holds(options: FuzzOptions, finding: Finding, number: number): Promise<boolean> {
  if (finding.what === "throw") return true;
  const { index } = finding;
  const alone = await runChild(options, { from: index, to: index + 1, step: 1 }, `${number}-again`);
  return alone.findings.length > 0;
}

interface ChildOutcome {
  readonly findings: Finding[];
  readonly inputs: number;
  readonly next: number;
  readonly slowestMs: number;
  readonly slowestIndex: number;
  readonly peakRss: number;
}

function runChild(
  options: FuzzOptions,
  range: { from: number; to: number; step: number },
  name: string,
): Promise<ChildOutcome> {
  const status = join(options.folder, `status-${name}`);
  const task: ChildTask = {
    ...range,
    list: options.list,
    seedNumber: options.seedNumber,
    status,
    maximumRss: MAXIMUM_RSS,
    maximumMs: MAXIMUM_MS,
  };
  const child = fork(options.child, [JSON.stringify(task)], {
    execArgv: ["--max-old-space-size=400"],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let stderr = "";
  child.stderr!.on("data", (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-2000);
  });
  const findings: Finding[] = [];
  let done: Extract<ChildMessage, { type: "done" }> | null = null;
  child.on("message", (message: ChildMessage) => {
    if (message.type === "finding") findings.push(message.finding);
    else done = message;
  });
  const atWork = () => {
    try {
      return Number.parseInt(readFileSync(status, "utf8"), 10);
    } catch {
      return range.from;
    }
  };
  let [last, since, hung] = [-1, performance.now(), false];
  const watchdog = setInterval(() => {
    const now = atWork();
    if (now !== last) [last, since] = [now, performance.now()];
    else if (performance.now() - since > HANG_MS) {
      hung = true;
      child.kill("SIGKILL");
    }
  }, 500);
  return new Promise((resolve) => {
    child.on("close", (code, signal) => {
      clearInterval(watchdog);
      if (done) return resolve({ ...done, findings });
      const index = atWork();
      const what = hung ? "hang" : "crash";
      findings.push({ index, seed: "?", what, detail: hung ? `${HANG_MS} ms` : `${code ?? signal} ${stderr}` });
      const inputs = Math.floor((index - range.from) / range.step) + 1;
      const next = Math.max(index, range.from) + range.step;
      resolve({ findings, inputs, next, slowestMs: 0, slowestIndex: -1, peakRss: 0 });
    });
  });
}
