import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { GatewayClient } from "../demo/gateway-client.ts";
import { type Demo, startDemo } from "../demo/start-demo.ts";
import type { Figure } from "./measure.ts";
import { forgetPeak, memoryOf } from "./part-usage.ts";
import { sealedPdfs, type Workload } from "./workloads.ts";

const MIB = 2 ** 20;
const SIZE = 100 * MIB;
const POLL_MS = 100;
const PATIENCE_MS = 180_000;
const PARTS = ["gateway", "worker"] as const;

/**
 * Documents of 100 MB through the whole gateway as `hocba demo` starts it, first one, then four at the same time: sent over HTTP, signed,
 * stamped, checked, fetched again. What counts is the most memory that gateway and worker ever took, each a process of its own.
 */
export async function benchLargeService(): Promise<Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), "hocba-bench-"));
  const workload = await sealedPdfs(SIZE);
  const profiles = join(directory, "profiles");
  mkdirSync(profiles);
  writeFileSync(join(profiles, "bench.json"), JSON.stringify(workload.profile));
  const demo = await startDemo({
    dataDir: join(directory, "site"),
    port: 0,
    pupils: 1,
    pkiKeyBits: 2048,
    config: {
      log: { level: "warn" },
      profiles: { path: profiles },
      limits: { documentBytes: SIZE + MIB, bytesInFlight: 2 ** 30 },
      verification: { maxBytes: SIZE + 2 * MIB },
    },
  });
  const client = new GatewayClient(demo.baseUrl, demo.apiKey);
  try {
    // Code is compiled, connections are open.
    await through(demo, client, await sealedPdfs(MIB), [0]);
    const figures: Figure[] = [];
    let next = 0;
    for (const count of [1, 4]) {
      const indexes = Array.from({ length: count }, () => next++);
      const base = new Map(PARTS.map((name) => [name, memoryOf(demo.parts.get(name)!.pid)?.now ?? 0]));
      for (const name of PARTS) forgetPeak(demo.parts.get(name)!.pid);
      const from = performance.now();
      const wrong = await through(demo, client, workload, indexes);
      const perSecond = (count / (performance.now() - from)) * 1000;
      const peaks = PARTS.map((name) => {
        const peak = memoryOf(demo.parts.get(name)!.pid)?.peak ?? 0;
        return `${name} ${(peak / SIZE).toFixed(2)} × size (${Math.round(base.get(name)! / MIB)} MiB before)`;
      });
      figures.push({
        name: `${count} × 100 MB through the gateway`,
        perSecond,
        unit: "documents/s",
        goal: "≤ 2 × size + what it takes idle",
        note: [`peak ${peaks.join(", ")}`, ...wrong].join("; "),
      });
    }
    return figures;
  } finally {
    client.close();
    await demo.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @returns what is wrong with the signed documents; a fast wrong answer is no figure */
async function through(
  demo: Demo,
  client: GatewayClient,
  workload: Workload,
  indexes: readonly number[],
): Promise<string[]> {
  const wrong = await Promise.all(
    indexes.map(async (index) => {
      const content = workload.content(index);
      const { id } = await client.submit({
        content,
        format: workload.format,
        profile: workload.profile.name,
        externalId: `large-${index}`,
        idempotencyKey: `large-${content.length}-${index}`,
        className: demo.sample.className,
      });
      const until = performance.now() + PATIENCE_MS;
      let { state, problem } = await client.state(id);
      while (state !== "signed" && problem === null && performance.now() < until) {
        await delay(POLL_MS);
        ({ state, problem } = await client.state(id));
      }
      if (state !== "signed") return [`${id} ${state} ${problem?.code ?? ""}`];
      const signed = await client.content(id);
      // The octets sent are the begin of what comes back.
      const same = digestOf(signed.subarray(0, content.length)) === digestOf(content);
      return same && signed.length > content.length ? [] : [`${id} is not what was sent`];
    }),
  );
  return wrong.flat();
}

function digestOf(octets: Uint8Array): string {
  return createHash("sha256").update(octets).digest("hex");
}
