import { readFileSync, writeFileSync } from "node:fs";
import type { Demo } from "../demo/start-demo.ts";

/** What the parts of a gateway have used: processor time in ms since their start, resident memory in octets. */
export interface PartUsage {
  readonly cpuMs: number;
  readonly rss: number;
}

const MS_PER_TICK = 10;

/** By the part's name; the bench's own process, which is client and time-stamping authority, as `bench`. Empty but for it outside Linux. */
export function usageOf(parts: Demo["parts"]): Map<string, PartUsage> {
  const { user, system } = process.cpuUsage();
  const usage = new Map([["bench", { cpuMs: (user + system) / 1000, rss: process.memoryUsage.rss() }]]);
  for (const [name, { pid }] of parts) {
    const all = [pid, ...childrenOf(pid)].map(usageOfProcess).filter((each) => each !== null);
    if (all.length === 0) continue;
    usage.set(name, {
      cpuMs: all.reduce((sum, each) => sum + each.cpuMs, 0),
      rss: all.reduce((sum, each) => sum + each.rss, 0),
    });
  }
  return usage;
}

/** The token host keeps the PKCS #11 module in a process below its own. */
function childrenOf(pid: number): number[] {
  return (
    orNull(() => readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1"))
      ?.match(/\d+/g)
      ?.map(Number) ?? []
  );
}

/** proc(5): utime and stime are fields 14 and 15 of `stat`, counted in hundredths of a second. */
function usageOfProcess(pid: number): PartUsage | null {
  return orNull(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
    return { cpuMs: (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK, rss: Number(kilobytes) * 1024 };
  });
}

/** null for a process that is gone, and where there is no /proc. */
function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return null;
    throw error;
  }
}

/** Resident memory of a process in octets, now and at its peak (proc(5): VmRSS, VmHWM); null where that is not to be had. */
export function memoryOf(pid: number): { readonly now: number; readonly peak: number } | null {
  const status = orNull(() => readFileSync(`/proc/${pid}/status`, "latin1"));
  if (status === null) return null;
  const octets = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024;
  return { now: octets("VmRSS"), peak: octets("VmHWM") };
}

/** Lets the peak count from now on (proc(5), clear_refs); without effect where there is none. */
export function forgetPeak(pid: number): void {
  orNull(() => writeFileSync(`/proc/${pid}/clear_refs`, "5"));
}
