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
      limits: { documentBytes: SIZE + MIB },
      verification: { maxBytes: SIZE + 2 * MIB },
    },
  });
  const client = new GatewayClient(demo.baseUrl, demo.apiKey);
  try {
    // Code is compiled, connections are open.
    const warmUp = await sealedPdfs(MIB);
    await through(demo, client, warmUp, [0]);
    const figures: Figure[] = [];
    const measure = async (name: string, count: number, work: () => Promise<string[]>) => {
      const idle = PARTS.map((part) => memoryOf(demo.parts.get(part)!.pid)?.now ?? 0);
      for (const part of PARTS) forgetPeak(demo.parts.get(part)!.pid);
      const from = performance.now();
      const wrong = await work();
      const perSecond = (count / (performance.now() - from)) * 1000;
      const peaks = PARTS.map((part, i) => {
        const peak = memoryOf(demo.parts.get(part)!.pid)?.peak ?? 0;
        return `${part} ${(peak / SIZE).toFixed(2)} × size (${(idle[i]! / SIZE).toFixed(2)} before)`;
      });
      figures.push({
        name,
        perSecond,
        unit: "documents/s",
        goal: "≤ 2 × size + what it took before",
        note: [`peak ${peaks.join(", ")}`, ...wrong].join("; "),
      });
    };
    await measure("1 × 100 MB through the gateway", 1, () => through(demo, client, workload, [0]));
    await measure("4 × 100 MB through the gateway", 4, () => through(demo, client, workload, [1, 2, 3, 4]));
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
