import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { MAIN } from "./demo-site.ts";
import { run } from "./referees.ts";

vi.setConfig({ testTimeout: 60_000 });

const root = mkdtempSync(join(tmpdir(), "hocba-demo-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const hocba = (...args: string[]) => run(process.execPath, [MAIN, ...args]);

/** Processes below one, at any depth, as /proc tells. */
function descendants(pid: number): number[] {
  const children: number[] = [];
  for (const task of tasksOf(pid)) {
    const list = readOr(`/proc/${pid}/task/${task}/children`);
    children.push(...list.split(" ").filter(Boolean).map(Number));
  }
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function tasksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // it has ended
  }
}

function readOr(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** Running and not a zombie. */
const isAlive = (pid: number): boolean => /^\d+ \(.*\) [^ZX]/s.test(readOr(`/proc/${pid}/stat`));

async function untilGone(pids: readonly number[], timeoutMs = 25_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; pids.some(isAlive); await delay(50)) {
    if (Date.now() > end) {
      const left = pids.filter(isAlive).map((pid) => readOr(`/proc/${pid}/cmdline`).replaceAll("\0", " "));
      throw new Error(`still running: ${left.join("; ")}`);
    }
  }
}

/** A demo that serves, its output so far, and every process below it. */
interface Serving {
  child: ChildProcess;
  ended: Promise<number | null>;
  output(): string;
  pids: number[];
}

const started: ChildProcess[] = [];
afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("exit", resolve));
  }
});

/** Starts a demo and waits until its output says `said`. */
async function serve(data: string, said = "Ctrl-C", pupils = 1): Promise<Serving> {
  const child = spawn(process.execPath, [MAIN, "demo", "--pupils", String(pupils), "--port", "0", "--data", data], {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  started.push(child);
  let text = "";
  child.stdout!.on("data", (chunk: Buffer) => (text += chunk.toString()));
  child.stderr!.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  for (const end = Date.now() + 90_000; !text.includes(said); await delay(50)) {
    if (Date.now() > end || child.exitCode !== null) throw new Error(`the demo does not serve:\n${text}`);
  }
  return { child, ended, output: () => text, pids: descendants(child.pid!) };
}

describe("hocba demo", () => {
  const data = join(root, "data");

  it.each(["fresh", "used before"])(
    "--once signs and verifies a class on a %s data directory and exits 0",
    async () => {
      const { status, stdout, stderr } = await hocba("demo", "--once", "--pupils", "2", "--port", "0", "--data", data);
      expect(stderr + stdout).not.toContain("✘");
      expect(status).toBe(0);
      const rows = stdout.split("\n").filter((line) => / (XML|PDF) /.test(line));
      expect(rows.length).toBe(4);
      for (const row of rows) {
        const [steps, level] = row.includes(" XML ") ? ["15/15", "15×T"] : ["3/3", "3×T"];
        expect(row).toContain(steps);
        expect(row).toContain(level);
        expect(row).toMatch(/\d\d:\d\d:\d\d/);
        expect(row).toContain("✔ hợp lệ / valid");
      }
      expect(stdout).toContain("4 of 4 documents signed and verified, 36 signatures");
      expect(stdout).toMatch(/portal: http:\/\/127\.0\.0\.1:\d+\//);
    },
    90_000,
  );

  it("ends on Ctrl-C with every process it started; a second one on its directory is refused with exit 3", async () => {
    const demo = await serve(data);
    // redis, token host and its child, gateway, worker.
    expect(demo.pids.length).toBeGreaterThanOrEqual(5);
    const url = /portal: (http\S+)/.exec(demo.output())![1]!;
    expect((await fetch(`${url}healthz`)).status).toBe(200);

    const second = await hocba("demo", "--once", "--port", "0", "--data", data);
    expect(second.status).toBe(3);
    expect(second.stderr).toMatch(/thư mục.*\/ another demo uses this directory/);
    expect((await fetch(`${url}healthz`)).status, "the first goes on").toBe(200);

    demo.child.kill("SIGINT");
    expect(await demo.ended).toBe(0);
    await untilGone(demo.pids);
  }, 120_000);

  it("leaves no process behind when it is killed, and starts again on the same directory", async () => {
    const demo = await serve(data);
    process.kill(demo.child.pid!, "SIGKILL");
    await demo.ended;
    await untilGone(demo.pids);
    const again = await serve(data);
    again.child.kill("SIGTERM");
    expect(await again.ended).toBe(0);
    await untilGone(again.pids);
  }, 120_000);

  it.each([
    ["the parts are being started", "gateway", 1],
    ["a class is being signed", "submitting: 10/", 20],
  ] as const)(
    "ends on Ctrl-C while %s, with every process it started",
    async (_, said, pupils) => {
      const demo = await serve(data, said, pupils);
      demo.child.kill("SIGINT");
      const below = new Set(demo.pids);
      for (const end = Date.now() + 30_000; isAlive(demo.child.pid!) && Date.now() < end; await delay(20)) {
        for (const pid of descendants(demo.child.pid!)) below.add(pid);
      }
      expect(await demo.ended).toBe(130);
      expect(below.size).toBeGreaterThan(0);
      expect(demo.output()).not.toMatch(/Error|✘/);
      await untilGone([...below]);
    },
    60_000,
  );

  it("names a port that is in use and starts nothing", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    try {
      const { status, stderr } = await hocba("demo", "--once", "--port", String(port), "--data", join(root, "port"));
      expect(status).toBe(3);
      expect(stderr).toContain(`cổng ${port} đang có chương trình khác dùng`);
      expect(stderr).toContain(`port ${port} is in use`);
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
  }, 30_000);
});

describe("the command line explains itself", () => {
  const vietnamese = /[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]/;

  it("without arguments: every command in both languages, exit 0", async () => {
    const { status, stdout } = await hocba();
    expect(status).toBe(0);
    for (const name of [
      "demo",
      "verify",
      "serve",
      "worker",
      "token-host",
      "registry",
      "keys",
      "certs",
      "audit",
      "bench",
    ]) {
      expect(stdout).toMatch(new RegExp(`^ +${name}\\b`, "m"));
    }
    expect(stdout).toMatch(vietnamese);
    expect(stdout).toContain("sign and verify a sample class");
  });

  it("--help of every command and of the commands below it: both languages, exit 0", async () => {
    const commands = subcommands((await hocba("--help")).stdout);
    expect(commands.length).toBeGreaterThanOrEqual(10);
    const seen: string[] = [];
    const visit = async (path: readonly string[]): Promise<void> => {
      const name = path.join(" ");
      const { status, stdout, stderr } = await hocba(...path, "--help");
      expect(`${name}: ${status} ${stderr}`).toBe(`${name}: 0 `);
      expect(stdout, name).toMatch(new RegExp(`^Usage: .*${path.at(-1)}`));
      expect(stdout, name).toMatch(vietnamese);
      expect(stdout, name).toMatch(/\b(the|of|and|a|list|show|run|check|keys?|verify)\b/i);
      seen.push(name);
      for (const below of subcommands(stdout)) await visit([...path, below]);
    };
    for (const command of commands) await visit([command]);
    console.log(`demo.test.ts: ${seen.length} commands explain themselves`);
  }, 60_000);

  it("an unknown command is named, exit 3", async () => {
    const { status, stderr } = await hocba("sign-everything");
    expect(status).toBe(3);
    expect(stderr).toContain("sign-everything");
  });
});

/** The names under "Commands:" of a help text. */
function subcommands(help: string): string[] {
  const section = /^Commands:\n((?: .*\n|\n)*)/m.exec(help)?.[1] ?? "";
  return [...section.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map((match) => match[1]!).filter((name) => name !== "help");
}
