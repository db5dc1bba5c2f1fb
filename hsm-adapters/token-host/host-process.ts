import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { pinSource } from "../pkcs11/pin-source.ts";
import { SignerError } from "../signer.ts";
import type { TokenHostConfig } from "./host-config.ts";

/** Exit codes of the host's process, after sysexits.h: EX_CONFIG and EX_UNAVAILABLE. */
export const EXIT_CONFIG = 78;
export const EXIT_MODULE = 69;

/** What the host's process tells its supervisor. */
export type HostMessage = { readonly type: "ready" } | { readonly type: "beat"; readonly oldestCallMs: number };

export interface SpawnTokenHostOptions {
  /** Environment of the host; SOFTHSM2_CONF and the like belong here. Default: this process's own. */
  readonly env?: NodeJS.ProcessEnv;
  /** A host whose module owes an answer, or whose event loop stands still, for longer is killed. Default 30 000 ms. */
  readonly hangLimitMs?: number;
  /** Shortest and longest pause before a restart in milliseconds. Default 100 and 10 000. */
  readonly restartDelayMs?: readonly [number, number];
  /** Lines the host writes to standard error, JSON mostly. Default: they go to this process's standard error. */
  readonly onLog?: (line: string) => void;
  readonly onEvent?: (event: HostProcessEvent) => void;
  /** Built entry of the host; for tests. */
  readonly entry?: string;
}

export type HostProcessEvent =
  | { readonly event: "host-started"; readonly pid: number }
  | { readonly event: "host-ready"; readonly pid: number }
  | { readonly event: "host-hung"; readonly pid: number; readonly silentMs: number; readonly oldestCallMs: number }
  | {
      readonly event: "host-ended";
      readonly pid: number;
      readonly exitCode: number | null;
      readonly signal: string | null;
    };

/** A host that runs, is watched, and is started again when it dies. */
export interface TokenHostProcess {
  readonly socket: string;
  /** Null between two lives. */
  readonly pid: number | null;
  readonly restarts: number;
  /** SIGTERM, and SIGKILL if that is not heeded within 5 s. */
  stop(): Promise<void>;
}

const WATCH_MS = 200;
/** A host that lived this long is taken to be sound again: its next restart comes without a long pause. */
const SOUND_AFTER_MS = 30_000;
/** A host may take this long to load its modules before its silence counts as a hang. */
const START_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 5_000;

const builtEntry = (): string =>
  fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "../dist/token-host/main.js" : "./main.js", import.meta.url));

/** PINs from descriptors can be read once only, so the supervisor reads them and hands them on at every start. */
function pinsFromDescriptors(config: TokenHostConfig): Record<string, string> {
  const given = config.tokens.filter((token) => token.pinFd !== undefined);
  return Object.fromEntries(given.map((token) => [token.name, pinSource(token)()]));
}

/**
 * Starts a token host as a process of its own and keeps it alive. Resolves once it listens.
 * @throws SignerError CONFIG_INVALID, MODULE_UNUSABLE when the first start fails for good; see the host's log
 */
export async function spawnTokenHost(
  config: TokenHostConfig,
  options: SpawnTokenHostOptions = {},
): Promise<TokenHostProcess> {
  const supervisor = new Supervisor(config, options);
  await supervisor.started;
  return supervisor;
}

class Supervisor implements TokenHostProcess {
  readonly socket: string;
  readonly started: Promise<void>;
  restarts = 0;
  readonly #options: SpawnTokenHostOptions;
  readonly #input: string;
  readonly #hangLimitMs: number;
  #child: ChildProcess | null = null;
  #stopping = false;
  #failuresInARow = 0;
  #restart: NodeJS.Timeout | null = null;
  #resolveStarted!: () => void;
  #rejectStarted!: (error: unknown) => void;
  #wasReady = false;

  constructor(config: TokenHostConfig, options: SpawnTokenHostOptions) {
    this.socket = config.socket;
    this.#options = options;
    this.#hangLimitMs = options.hangLimitMs ?? 30_000;
    const handed = config.tokens.map(({ pinFd, ...token }) =>
      pinFd === undefined ? token : { ...token, pinFile: "/dev/null" },
    );
    this.#input = JSON.stringify({ config: { ...config, tokens: handed }, pins: pinsFromDescriptors(config) });
    this.started = new Promise((resolve, reject) => {
      this.#resolveStarted = resolve;
      this.#rejectStarted = reject;
    });
    this.#threads = String(4 + config.tokens.reduce((sum, token) => sum + (token.sessions ?? 4), 0));
    this.#start();
  }

  /** C_Sign runs on libuv's threads: each session needs one, or sessions would wait for each other. */
  readonly #threads: string;

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  #start(): void {
    const env = { ...(this.#options.env ?? process.env), UV_THREADPOOL_SIZE: this.#threads };
    const child = spawn(process.execPath, [this.#options.entry ?? builtEntry(), "--config", "-"], {
      env,
      stdio: ["pipe", "ignore", this.#options.onLog ? "pipe" : "inherit", "ipc"],
    });
    this.#child = child;
    const pid = child.pid ?? -1;
    const born = Date.now();
    let lastWord = born;
    let oldestCallMs = 0;
    let ready = false;
    this.#tell({ event: "host-started", pid });
    child.stdin?.on("error", () => {}); // a host that dies before reading is reported by its exit
    child.stdin?.end(this.#input);
    this.#forwardLog(child);

    child.on("message", (message: HostMessage) => {
      lastWord = Date.now();
      if (message.type === "beat") oldestCallMs = message.oldestCallMs;
      else {
        ready = true;
        this.#wasReady = true;
        this.#tell({ event: "host-ready", pid });
        this.#resolveStarted();
      }
    });
    const watch = setInterval(() => {
      const silentMs = Date.now() - lastWord;
      const silenceAllowedMs = ready ? this.#hangLimitMs : Math.max(this.#hangLimitMs, START_WITHIN_MS);
      if (silentMs <= silenceAllowedMs && oldestCallMs <= this.#hangLimitMs) return;
      clearInterval(watch);
      this.#tell({ event: "host-hung", pid, silentMs, oldestCallMs });
      child.kill("SIGKILL");
    }, WATCH_MS);

    let over = false;
    const ended = (exitCode: number | null, signal: string | null): void => {
      if (over) return;
      over = true;
      clearInterval(watch);
      this.#child = null;
      this.#tell({ event: "host-ended", pid, exitCode, signal });
      this.#afterEnd(exitCode, Date.now() - born);
    };
    child.on("error", () => ended(EXIT_MODULE, null));
    child.on("exit", ended);
  }

  #afterEnd(exitCode: number | null, livedMs: number): void {
    if (this.#stopping) return;
    if (!this.#wasReady && (exitCode === EXIT_CONFIG || exitCode === EXIT_MODULE)) {
      this.#stopping = true;
      const code = exitCode === EXIT_CONFIG ? "CONFIG_INVALID" : "MODULE_UNUSABLE";
      this.#rejectStarted(
        new SignerError(code, "the token host does not start; its log says why", { details: { exitCode } }),
      );
      return;
    }
    this.#failuresInARow = livedMs >= SOUND_AFTER_MS ? 0 : this.#failuresInARow + 1;
    const [shortest, longest] = this.#options.restartDelayMs ?? [100, 10_000];
    const pause = Math.min(longest, shortest * 2 ** Math.min(20, Math.max(0, this.#failuresInARow - 1)));
    this.#restart = setTimeout(() => {
      this.restarts++;
      this.#start();
    }, pause);
  }

  #forwardLog(child: ChildProcess): void {
    const { onLog } = this.#options;
    if (!onLog || !child.stderr) return;
    let rest = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!.slice(-65_536);
      for (const line of lines) if (line !== "") onLog(line);
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#restart) clearTimeout(this.#restart);
    const child = this.#child;
    if (!child) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    const last = setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN_MS);
    await ended;
    clearTimeout(last);
  }

  #tell(event: HostProcessEvent): void {
    this.#options.onEvent?.(event);
  }
}
