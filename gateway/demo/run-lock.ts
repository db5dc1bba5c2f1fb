import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DemoError } from "./errors.ts";

/**
 * Takes the data directory for this process; the answer lets go of it. A lock left by a process that is gone is taken over.
 * @throws DemoError DEMO_ALREADY_RUNNING
 */
export function lockDataDir(dataDir: string): () => void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, "demo.pid");
  for (let attempt = 0; ; attempt++) {
    try {
      const lock = openSync(file, "wx", 0o600);
      writeSync(lock, `${process.pid} ${startOf(process.pid)}`);
      closeSync(lock);
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || attempt > 1) throw error;
    }
    const [pid, started = ""] = readFileSync(file, "utf8").split(" ");
    const owner = Number(pid);
    if (isRunning(owner, started)) {
      throw new DemoError("DEMO_ALREADY_RUNNING", `process ${owner} runs a demo on ${dataDir}`, {
        details: { pid: owner, dataDir },
      });
    }
    rmSync(file, { force: true });
  }
}

/** When a process was started, in the kernel's ticks: after a restart of the machine its number may be another's. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return ""; // no /proc here: the number alone must do
  }
}

function isRunning(pid: number, started: string): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  if (started !== "" && startOf(pid) !== started) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
