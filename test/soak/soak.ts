import { execFile } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { openRecordBook } from "@hocba/gateway/evidence-records";
import { MAIN, startDemoSite } from "../end-to-end/demo-site.ts";

export interface SoakOptions {
  documents: number;
  /** Time between two kills, at most; the shortest is a quarter of it. Milliseconds. */
  killEveryMs: number;
  /** Kills there will be at least: the sending waits for its share of them, however fast the gateway is. */
  leastKills: number;
  /** The same seed kills the same processes after the same rests. */
  seed: number;
  onProgress?: (line: string) => void;
}

export interface SoakResult {
  documents: number;
  /** How often each was killed. */
  kills: Record<Victim, number>;
  seconds: number;
  /** Requests that got no answer, and were sent again with the same idempotency key. */
  unanswered: number;
  /** What the ledger holds at the end. */
  states: Record<string, number>;
  /** Documents with an evidence record, and the time stamps that took. */
  evidence: { proven: number; windows: number };
  doctor: { exitCode: number; summary: { documents: number; errors: number; warnings: number; problems: object } };
}

const victims = ["worker", "token-host", "token-module", "redis", "redis-wiped", "gateway"] as const;
export type Victim = (typeof victims)[number];

const SENDERS = 8;
/** One document in so many is XML, with a signature of each teacher, or a package; the others are PDF with three signatures. */
const XML_EVERY = 4;
const PACKAGE_EVERY = 10;
/** Many windows, and a lease that a killed gateway does not hold for long. */
const evidenceRecords = {
  profiles: "all" as const,
  window: { documents: 200, seconds: 5 },
  everyMs: 200,
  retryMs: 500,
  leaseMs: 5000,
};
const PATIENCE_MS = 180_000;

/**
 * Sends documents while processes are killed at random with SIGKILL and started again, waits until each document is done,
 * and has the doctor prove that nothing was lost and nothing signed twice.
 */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const say = options.onProgress ?? (() => {});
  const random = mulberry32(options.seed);
  const site = await startDemoSite({ pupils: 4, config: { evidenceRecords } });
  const kills = Object.fromEntries(victims.map((victim) => [victim, 0])) as Record<Victim, number>;
  const done = new AbortController();
  const result = { documents: options.documents, unanswered: 0 };
  const ids = new Set<string>();
  const started = performance.now();
  try {
    const pdfs = await Promise.all(site.sample.pupils.map((_, i) => site.pdf(i)));
    const xmls = site.sample.pupils.map((_, i) => site.xml(i));
    let next = 0;
    const killed = () => Object.values(kills).reduce((sum, n) => sum + n, 0);
    const sender = async () => {
      while (next < options.documents) {
        const n = next++;
        while (killed() < Math.floor((n * options.leastKills) / options.documents)) {
          if (done.signal.aborted) return;
          await delay(20);
        }
        const key = `soak-${n}`;
        if (n % PACKAGE_EVERY === 1) ids.add(await insist(key, Buffer.from(`package ${n}`), "detached"));
        else if (n % XML_EVERY === 0) ids.add(await insist(key, xmls[n % xmls.length]!, "hocba-xml"));
        else ids.add(await insist(key, pdfs[n % pdfs.length]!, "hocba-pdf"));
      }
    };
    const insist = async (key: string, content: Uint8Array, profile: string): Promise<string> => {
      for (const end = Date.now() + PATIENCE_MS; ; await delay(100)) {
        const answer = await site.submit({ content, profile, idempotencyKey: key, externalId: key }).catch(() => null);
        if (answer?.status === 202 || answer?.status === 200) return answer.body.id;
        result.unanswered++;
        if (Date.now() > end) throw new Error(`${key} is not taken: ${JSON.stringify(answer?.body)}`);
      }
    };

    const killer = async () => {
      while (!done.signal.aborted) {
        await delay(options.killEveryMs * (0.25 + 0.75 * random()), null, { signal: done.signal }).catch(() => {});
        if (done.signal.aborted) return;
        const victim = victims[Math.floor(random() * victims.length)]!;
        kills[victim]++;
        await strike(victim);
      }
    };
    const strike = async (victim: Victim): Promise<void> => {
      const name = victim === "redis-wiped" ? "redis" : victim === "token-module" ? "token-host" : victim;
      const part = site.demo.parts.get(name)!;
      if (victim === "token-module") {
        // The process inside: its parent starts it again.
        const inside = readFileSync(`/proc/${part.pid}/task/${part.pid}/children`, "utf8").trim().split(" ")[0];
        if (inside) process.kill(Number(inside), "SIGKILL");
        return;
      }
      process.kill(part.pid, "SIGKILL");
      await part.exited;
      if (victim === "redis-wiped") rmSync(join(site.root, "redis", "appendonlydir"), { recursive: true, force: true });
      await site.demo.restart(name);
    };

    const finished = async () => {
      let best = -1;
      for (let movedAt = Date.now(); ; await delay(500)) {
        const states = await site.ledger.documents.countByState();
        const signed = states.get("signed") ?? 0;
        if (signed > best) {
          if (Math.floor(signed / 500) > Math.floor(best / 500)) {
            const rate = signed / ((performance.now() - started) / 1000);
            say(`${signed} signed, ${rate.toFixed(1)} a second, kills ${JSON.stringify(kills)}`);
          }
          best = signed;
          movedAt = Date.now();
        }
        const ended = signed + (states.get("failed") ?? 0) + (states.get("rejected") ?? 0);
        if (ended >= options.documents) return;
        if (Date.now() - movedAt > PATIENCE_MS) {
          throw new Error(`nothing moves: ${JSON.stringify([...states])}; logs in ${site.root}/logs`);
        }
      }
    };
    let seconds = 0;
    const watch = finished().finally(() => {
      seconds = (performance.now() - started) / 1000;
      done.abort();
    });
    await Promise.all([watch, killer(), ...Array.from({ length: SENDERS }, sender)]);
    if (ids.size !== options.documents) throw new Error(`${ids.size} documents for ${options.documents} keys`);
    const states = Object.fromEntries(await site.ledger.documents.countByState());
    const evidence = await everyRecord(join(site.root, "gateway", "evidence-records.sqlite"), ids);
    return { ...result, kills, seconds, states, evidence, doctor: await doctor(site.demo.configFile) };
  } finally {
    done.abort();
    await site.close();
  }
}

/** Waits until every document has its evidence record. Whether it holds is for the doctor to say. */
async function everyRecord(path: string, ids: ReadonlySet<string>): Promise<SoakResult["evidence"]> {
  const book = openRecordBook(path);
  try {
    for (const end = Date.now() + PATIENCE_MS; ; await delay(500)) {
      const proven = [...ids].filter((id) => {
        const leaf = book.ofDocument(id);
        return leaf !== null && book.chainsOf(leaf).length > 0;
      }).length;
      if (proven === ids.size || Date.now() > end) return { proven, windows: book.counts(Date.now()).stamped };
    }
  } finally {
    book.dispose();
  }
}

async function doctor(configFile: string): Promise<SoakResult["doctor"]> {
  const run = promisify(execFile)(process.execPath, [MAIN, "doctor", "--json", "--config", configFile], {
    maxBuffer: 1 << 26,
  });
  const { stdout, code } = await run.then(
    ({ stdout }) => ({ stdout, code: 0 }),
    (error: { stdout: string; code: number }) => error,
  );
  const last = stdout.trim().split("\n").at(-1) ?? "{}";
  return { exitCode: code, summary: (JSON.parse(last) as SoakResult["doctor"]).summary };
}

function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
