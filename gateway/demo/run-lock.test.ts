import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { lockDataDir } from "./run-lock.ts";

describe("the lock on a demo's data directory", () => {
  const folder = mkdtempSync(join(tmpdir(), "hocba-lock-"));
  const file = join(folder, "demo.pid");
  const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  afterAll(() => {
    other.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

  it("is let go of when the demo ends", () => {
    const unlock = lockDataDir(folder);
    expect(readFileSync(file, "utf8")).toMatch(new RegExp(`^${process.pid} \\d*$`));
    unlock();
    expect(existsSync(file)).toBe(false);
  });

  it("is held while its owner runs", () => {
    writeFileSync(file, String(other.pid));
    expect(() => lockDataDir(folder)).toThrow(expect.objectContaining({ code: "DEMO_ALREADY_RUNNING" }));
  });

  it("is taken over from an owner that is gone, and when its number is another's by now", () => {
    for (const left of ["999999999 1", "not a number", `${other.pid} 1`]) {
      writeFileSync(file, left);
      lockDataDir(folder)();
    }
  });
});
