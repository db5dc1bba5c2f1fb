import { openSync, readFileSync, writeSync } from "node:fs";
import { makeInput, type Seed } from "./make-input.ts";
import { makeTarget, type SeedKind } from "./targets.ts";

/** What the parent writes for its children: where the seeds lie and whom to trust. */
export interface SeedList {
  readonly seeds: readonly { name: string; kind: SeedKind; path: string; detached: string | null }[];
  readonly roots: readonly string[];
  readonly crls: readonly string[];
  readonly time: number;
}

export interface ChildTask {
  readonly list: string;
  readonly seedNumber: number;
  readonly from: number;
  readonly to: number;
  /** Every so-manieth input is this child's. */
  readonly step: number;
  /** The number of the input at work is written here, so that it is known when the process dies. */
  readonly status: string;
  readonly maximumRss: number;
  readonly maximumMs: number;
}

export interface Finding {
  readonly index: number;
  readonly seed: string;
  readonly what: "throw" | "slow" | "memory" | "hang" | "crash";
  readonly detail: string;
}

export type ChildMessage =
  | { type: "finding"; finding: Finding }
  | { type: "done"; next: number; inputs: number; slowestMs: number; slowestIndex: number; peakRss: number };

Error.stackTraceLimit = 60;
const task = JSON.parse(process.argv[2]!) as ChildTask;
const list = JSON.parse(readFileSync(task.list, "utf8")) as SeedList;
const octets = (path: string) => new Uint8Array(readFileSync(path));
const seeds = new Map<SeedKind, Seed[]>();
for (const { name, kind, path, detached } of list.seeds) {
  const seed = { name, kind, bytes: octets(path), detached: detached ? octets(detached) : null };
  seeds.set(kind, [...(seeds.get(kind) ?? []), seed]);
}
const target = makeTarget({ roots: list.roots.map(octets), crls: list.crls.map(octets), time: list.time });
const status = openSync(task.status, "w");
const send = (message: ChildMessage) => process.send!(message);

let [inputs, slowestMs, slowestIndex, peakRss] = [0, 0, -1, 0];
let index = task.from;
for (; index < task.to; index += task.step) {
  writeSync(status, `${index}`.padEnd(16), 0);
  const { seed, input } = makeInput(seeds, task.seedNumber, index);
  const tell = (what: Finding["what"], detail: string) =>
    send({ type: "finding", finding: { index, seed: seed.name, what, detail } });
  const before = process.cpuUsage();
  try {
    target(seed.kind, input, seed.detached);
  } catch (error) {
    tell("throw", error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  // Of the processor, since others may be using it too.
  const spent = process.cpuUsage(before);
  const ms = (spent.user + spent.system) / 1000;
  if (ms > slowestMs) [slowestMs, slowestIndex] = [ms, index];
  if (ms > task.maximumMs) tell("slow", `${ms.toFixed(0)} ms`);
  inputs++;
  const rss = process.memoryUsage.rss();
  peakRss = Math.max(peakRss, rss);
  if (rss > task.maximumRss) {
    tell("memory", `${(rss / 2 ** 20).toFixed(0)} MiB`);
    index += task.step;
    break;
  }
}
send({ type: "done", next: index, inputs, slowestMs, slowestIndex, peakRss });
process.disconnect();
