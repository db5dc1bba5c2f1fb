import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import type { VerifyOptions } from "./verify-files.ts";
import { verifyInThreads } from "./verify-in-threads.ts";

const dir = mkdtempSync(join(tmpdir(), "hocba-threads-"));
afterAll(() => rmSync(dir, { recursive: true }));

/** A verifier whose files say what they do to it. */
const entry = join(dir, "thread.mjs");
writeFileSync(
  entry,
  `import { parentPort } from "node:worker_threads";
  import { basename } from "node:path";
  let seen = 0;
  parentPort.on("message", (file) => {
    const [what] = basename(file).split("-");
    seen++;
    if (what === "exits") process.exit(7);
    if (what === "throws") throw new RangeError("too deep");
    if (what === "worn" && seen > 1) process.exit(7);
    if (what === "fails") return parentPort.postMessage({ kind: "failure", reason: "an error of ours" });
    while (what === "hangs");
    for (const hoard = []; what === "hoards"; ) hoard.push(new Array(100_000).fill(Math.random()));
    parentPort.postMessage({ kind: "outcome", outcome: { stdout: "read " + file + "\\n", stderr: "", code: 0 } });
  });
  parentPort.postMessage({ kind: "ready" });`,
);
const options: VerifyOptions = {
  json: true,
  at: "2026-01-01T00:00:00.000Z",
  policy: "vn-official",
  trust: [],
  certs: [],
  crls: [],
  ocsp: [],
  evidence: [],
  allow: [],
};
const limits = { threads: 2, timeoutMs: 20_000, memoryMb: 64, entry: pathToFileURL(entry) };

function named(...names: string[]): string[] {
  return names.map((name, i) => {
    const file = join(dir, `${name}-${i}`);
    writeFileSync(file, name);
    return file;
  });
}

async function outcomes(files: string[], changed: Partial<typeof limits> = {}) {
  const all = [];
  for await (const outcome of verifyInThreads(files, options, { ...limits, ...changed })) all.push(outcome);
  return all;
}

describe("the threads of hocba verify", { timeout: 60_000 }, () => {
  const stopped = (file: string, name: string) => ({
    file,
    sha256: createHash("sha256").update(name).digest("hex"),
    indication: "INDETERMINATE",
    policy: "vn-official",
    validationTime: options.at,
    signatures: [],
  });

  it("lose one file to a crash and none of the others, and keep the order", async () => {
    const files = named("good", "exits", "good", "throws", "fails", "hoards", ...Array<string>(60).fill("good"));
    const all = await outcomes(files);
    expect(all).toHaveLength(files.length);
    for (const [i, reason] of [
      [1, "its thread has ended"],
      [3, "too deep"],
      [4, "an error of ours"],
      [5, "ERR_WORKER_OUT_OF_MEMORY"],
    ] as const) {
      expect(all[i]!.code).toBe(2);
      const report = JSON.parse(all[i]!.stdout);
      expect(report).toMatchObject(stopped(files[i]!, ["", "exits", "", "throws", "fails", "hoards"][i]!));
      expect(report.findings).toMatchObject([{ code: "VERIFICATION_STOPPED", severity: "error" }]);
      expect(report.findings[0].message.en).toContain(reason);
    }
    expect(all.filter(({ code }) => code === 0).map(({ stdout }) => stdout)).toEqual(
      files.filter((file) => file.includes("good")).map((file) => `read ${file}\n`),
    );
  });

  it("give up a file that takes too long", async () => {
    const files = named("good", "hangs", "good", "good");
    const all = await outcomes(files, { timeoutMs: 300 });
    expect(all.map(({ code }) => code)).toEqual([0, 2, 0, 0]);
    expect(all[1]!.stdout).toContain("it took too long");
  });

  it("try a file again in a fresh thread, in case it was those before that wore the first one out", async () => {
    const all = await outcomes(named("good", "worn", "worn", "good"), { threads: 1 });
    expect(all.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  });

  it("say so when they cannot begin, rather than blame the files", async () => {
    const broken = join(dir, "broken.mjs");
    writeFileSync(broken, "throw new Error('no verifier here');");
    await expect(outcomes(named("good", "good"), { entry: pathToFileURL(broken) })).rejects.toThrow("no verifier here");
  });

  it("end when the reader goes away", async () => {
    for await (const { stdout } of verifyInThreads(named(...Array<string>(600).fill("good")), options, limits)) {
      expect(stdout).toContain("read");
      break;
    }
  });
});
