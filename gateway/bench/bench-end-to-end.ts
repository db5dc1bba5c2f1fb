import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { GatewayClient } from "../demo/gateway-client.ts";
import { type Demo, startDemo } from "../demo/start-demo.ts";
import type { Figure } from "./measure.ts";
import { type PartUsage, usageOf } from "./part-usage.ts";
import type { Workload } from "./workloads.ts";

const LANES = 16;
const POLL_MS = 250;
/** No document got on for so long: the run is given up and told as it is. */
const PATIENCE_MS = 60_000;
/**
 * Before the clock starts caches fill and code gets compiled, which takes thousands of documents and is over in the first minute of a
 * campaign of weeks: half as many documents more, and not fewer than this.
 */
const LEAST_WARM_UP = 200;
/** Signed documents that are fetched and verified by the public endpoint: a fast wrong answer is no figure. */
const CHECKED = 5;

/**
 * The whole gateway as `hocba demo` starts it, client and time-stamping authority on the same machine: documents go in over HTTP until
 * all are signed, stamped and checked by the gateway itself. With `queued` all are accepted while no worker runs, and the rate is
 * that of the workers with so long a queue. Everything is kept in a new folder of `directory` and left there: a file system is slow to make
 * files for half a minute after thousands were removed, which the next measurement would be charged with.
 */
export async function benchEndToEnd(
  workload: Workload,
  options: { documents: number; workers: number; directory: string; queued?: boolean },
  rawSignRate: number | null,
): Promise<Figure> {
  const warmUp = Math.max(LEAST_WARM_UP, Math.ceil(options.documents / 2));
  const dataDir = mkdtempSync(join(options.directory, "site-"));
  const profiles = join(dataDir, "profiles");
  mkdirSync(profiles);
  const own = workload.profile.name.startsWith("bench-");
  if (own) writeFileSync(join(profiles, "bench.json"), JSON.stringify(workload.profile));
  const demo = await startDemo({
    dataDir,
    port: 0,
    pupils: 1,
    pkiKeyBits: 2048,
    workers: options.workers,
    config: { log: { level: "warn" }, ...(own ? { profiles: { path: profiles } } : {}) },
  });
  const client = new GatewayClient(demo.baseUrl, demo.apiKey);
  try {
    const ids: string[] = [];
    const submit = async (index: number) => {
      const { id } = await client.submit({
        content: workload.content(index),
        format: workload.format,
        profile: workload.profile.name,
        externalId: `bench-${index}`,
        idempotencyKey: `bench-${index}`,
        className: demo.sample.className,
      });
      ids.push(id);
    };
    await inLanes(warmUp, submit);
    await untilDone(demo, warmUp);
    if (options.queued === true) {
      const workers = [...demo.parts.keys()].filter(isWorker);
      for (const name of workers) await demo.parts.get(name)!.stop();
      await inLanes(options.documents, (i) => submit(warmUp + i));
      for (const name of workers) await demo.restart(name);
    }
    const before = usageOf(demo.parts);
    const from = performance.now();
    const done = untilDone(demo, warmUp + options.documents);
    if (options.queued !== true) await inLanes(options.documents, (i) => submit(warmUp + i));
    const { signed, halfway } = await done;
    const perSecond = ((signed - warmUp) / (performance.now() - from)) * 1000;
    const after = usageOf(demo.parts);
    const wrong: string[] = [];
    for (let i = 0; i < CHECKED; i++) {
      const id = ids[Math.floor((i / CHECKED) * ids.length)]!;
      const report = await client.verify(await client.content(id));
      if (report.indication !== "TOTAL-PASSED" || report.signatures.length < workload.signatures) {
        wrong.push(`${report.indication} ${report.findings.map((finding) => finding.code).join(" ")}`);
      }
    }
    const lacking = warmUp + options.documents - signed;
    return {
      name: `${options.queued === true ? `${options.documents} queued` : "end to end"}: ${workload.name}`,
      perSecond,
      unit: "documents/s",
      ...(rawSignRate === null
        ? {}
        : { ratio: { to: "C_Sign", value: (perSecond * workload.signatures) / rawSignRate } }),
      ...(workload.goal !== undefined ? { goal: workload.goal } : {}),
      note: [
        costOf(before, after, options.documents),
        memoryOf(halfway, after),
        ...(lacking > 0 ? [`${lacking} NOT SIGNED`] : []),
        ...(wrong.length > 0 ? [`${wrong.length} of ${CHECKED} WRONG: ${wrong[0]}`] : []),
      ].join("; "),
    };
  } finally {
    client.close();
    await demo.close();
  }
}

function isWorker(part: string): part is `worker-${number}` | "worker" {
  return part.startsWith("worker");
}

async function inLanes(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

/** Waits until so many are signed, or nothing moves any more. */
async function untilDone(
  demo: Demo,
  wanted: number,
): Promise<{ signed: number; halfway: ReadonlyMap<string, PartUsage> }> {
  let halfway: ReadonlyMap<string, PartUsage> | null = null;
  let most = 0;
  for (let movedAt = performance.now(); ; await delay(POLL_MS)) {
    const text = await (await fetch(`${demo.baseUrl}/metrics`)).text();
    const signed = Number(/^hocba_documents\{state="signed"\} (\d+)/m.exec(text)?.[1] ?? 0);
    if (signed > most) {
      most = signed;
      movedAt = performance.now();
    }
    if (halfway === null && signed >= wanted / 2) halfway = usageOf(demo.parts);
    const over = signed >= wanted || performance.now() - movedAt > PATIENCE_MS;
    if (over) return { signed, halfway: halfway ?? usageOf(demo.parts) };
  }
}

/** Processor time of each part for a document: what remains true on a machine that others use as well. */
function costOf(
  before: ReadonlyMap<string, PartUsage>,
  after: ReadonlyMap<string, PartUsage>,
  documents: number,
): string {
  const parts = [...after].map(([name, { cpuMs }]) => {
    const spent = (cpuMs - (before.get(name)?.cpuMs ?? 0)) / documents;
    return { name, spent };
  });
  const total = parts.reduce((sum, { spent }) => sum + spent, 0);
  return `CPU ${total.toFixed(1)} ms/document (${parts.map(({ name, spent }) => `${name} ${spent.toFixed(2)}`).join(", ")})`;
}

function memoryOf(halfway: ReadonlyMap<string, PartUsage>, end: ReadonlyMap<string, PartUsage>): string {
  const mib = (usage: PartUsage | undefined) => Math.round((usage?.rss ?? 0) / 2 ** 20);
  const of = (name: string) => `${name} ${mib(halfway.get(name))}→${mib(end.get(name))}`;
  return `MiB half way→end: ${of("gateway")}, ${of("worker")}`;
}
