import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type DevPki, startDevPki } from "@hocba/certs/dev-pki";
import { mintApiKey } from "../access/index.ts";
import type { ConfigInput } from "../config/index.ts";
import { openSqliteLedger } from "../ledger/index.ts";
import { DEMO_TOKEN, enrolStaff } from "./demo-signers.ts";
import { DemoError } from "./errors.ts";
import { type PartProcess, startPart } from "./part-process.ts";
import { startPrivateRedis } from "./private-redis.ts";
import { lockDataDir } from "./run-lock.ts";
import { makeClass, type SampleClass } from "./sample-class/index.ts";

export type DemoStage = "pki" | "token" | "redis" | "token-host" | "gateway" | "worker" | "ready";

export interface DemoOptions {
  dataDir: string;
  /** Port of API and portal; 0 takes any free one. */
  port: number;
  pupils?: number;
  /** Changes to the configuration the parts get. */
  config?: Omit<ConfigInput, "dataDir">;
  /** RSA size of the dev PKI's authorities; default 4096. */
  pkiKeyBits?: 2048 | 3072 | 4096;
  /** How many workers share the work list; default 1. The first is named `worker`, the others `worker-2` and so on. */
  workers?: number;
  /** How long the time stamp authority may take for an answer; default as in the configuration. */
  timestampTimeoutMs?: number;
  onStage?: (stage: DemoStage) => void;
}

export interface Demo {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly sample: SampleClass;
  readonly pki: DevPki;
  readonly configFile: string;
  readonly tokenHostConfigFile: string;
  /** The running parts by name: redis, token-host, gateway, worker, and worker-2 and on if there are more. */
  readonly parts: ReadonlyMap<string, PartProcess>;
  /** Starts a part again with the command it was first started with, after it ended. */
  restart(part: "redis" | "token-host" | "gateway" | `worker${"" | `-${number}`}`): Promise<void>;
  close(): Promise<void>;
}

/** The built command line: parts are processes, and Node runs only what was built. */
const MAIN = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../dist/cli/main.js" : "../cli/main.js", import.meta.url),
);

/** As the launcher gives it: documents are short-lived. */
const YOUNG_GENERATION = "--max-semi-space-size=32";

/**
 * The whole gateway on embedded defaults: dev PKI (in this process), SoftHSM token, private Redis, token host, gateway and
 * worker, each a process of its own. Everything lives under `dataDir`; sockets in a directory of their own, since their
 * paths must be short. @throws DemoError, SignerError
 */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const { dataDir } = options;
  const stage = options.onStage ?? (() => {});
  const unlock = lockDataDir(dataDir);
  const runDir = mkdtempSync(join(tmpdir(), "hocba-"));
  const parts = new Map<string, PartProcess>();
  const starters = new Map<string, () => Promise<PartProcess>>();
  let pki: DevPki | null = null;

  const workers = Array.from({ length: options.workers ?? 1 }, (_, i) => (i === 0 ? "worker" : `worker-${i + 1}`));

  const close = async () => {
    for (const name of ["gateway", ...workers, "token-host", "redis"]) await parts.get(name)?.stop();
    await pki?.close();
    rmSync(runDir, { recursive: true, force: true });
    unlock();
  };
  const start = async (name: string, starter: () => Promise<PartProcess>) => {
    if (!name.startsWith("worker-")) stage(name as DemoStage);
    starters.set(name, starter);
    parts.set(name, await starter());
  };

  try {
    const logs = join(dataDir, "logs");
    mkdirSync(logs, { recursive: true, mode: 0o700 });
    const logFile = (name: string) => join(logs, `${name}.log`);
    const redisSocket = join(runDir, "redis.sock");
    const tokenSocket = join(runDir, "token-host.sock");
    const sample = makeClass(options.pupils === undefined ? {} : { pupils: options.pupils });

    const port = await freePort(options.port);

    stage("pki");
    pki = await startDevPki({
      dataDir: join(dataDir, "dev-pki"),
      ...(options.pkiKeyBits === undefined ? {} : { keyBits: options.pkiKeyBits }),
    });
    const anchorFile = join(dataDir, "anchor.crt");
    writeFileSync(anchorFile, pki.root.certificate);

    stage("token");
    const gatewayDir = join(dataDir, "gateway");
    mkdirSync(gatewayDir, { recursive: true, mode: 0o700 });
    const ledger = openSqliteLedger({ path: join(gatewayDir, "ledger.sqlite"), clock: Date.now });
    const signers = await enrolStaff(sample, pki, ledger, dataDir);
    const { secret } = await mintApiKey(ledger, {
      school: sample.school.code,
      scopes: ["documents:write", "documents:read"],
      label: "demo",
      actor: "demo",
      now: Date.now(),
    });
    await ledger.close();

    await start("redis", () =>
      startPrivateRedis({ dataDir: join(dataDir, "redis"), socket: redisSocket, logFile: logFile("redis") }),
    );

    const tokenHostConfigFile = writeConfig(dataDir, "token-host.json", {
      socket: tokenSocket,
      stateDirectory: dataDir,
      tokens: [signers.token.tokenConfig(DEMO_TOKEN, { pinFile: signers.pinFile, sessions: 4 })],
    });
    const configFile = writeConfig(dataDir, "gateway.json", {
      ...options.config,
      dataDir: gatewayDir,
      listen: { host: "127.0.0.1", port },
      publicUrl: `http://127.0.0.1:${port}`,
      redis: { url: redisSocket, ...options.config?.redis },
      tokenHost: { socket: tokenSocket },
      timestamps: {
        endpoints: [
          {
            name: "demo",
            url: pki.tsa.url,
            concurrency: 16,
            policy: pki.tsa.policy,
            ...(options.timestampTimeoutMs === undefined ? {} : { timeoutMs: options.timestampTimeoutMs }),
          },
        ],
        ...options.config?.timestamps,
      },
      trust: {
        anchors: [anchorFile],
        allowedHosts: [new URL(pki.baseUrl).host],
        ...options.config?.trust,
      },
      // The demo's own client checks every document through the public endpoint.
      verification: { perMinute: 10_000, ...options.config?.verification },
    } satisfies ConfigInput);

    const run = (name: string, command: string, file: string, isReady: () => Promise<boolean>) =>
      start(name, async () => {
        const part = startPart(name, [process.execPath, YOUNG_GENERATION, MAIN, command, "--config", file], {
          logFile: logFile(name),
          env: signers.token.env,
        });
        await part.waitUntil(isReady);
        return part;
      });
    const baseUrl = `http://127.0.0.1:${port}`;
    await run("token-host", "token-host", tokenHostConfigFile, async () => existsSync(tokenSocket));
    await run("gateway", "serve", configFile, async () => (await fetch(`${baseUrl}/healthz`)).ok);
    for (const name of workers) {
      await run(name, "worker", configFile, async () => (await fetch(`${baseUrl}/readyz`)).ok);
    }
    stage("ready");

    return {
      baseUrl,
      apiKey: secret,
      sample,
      pki,
      configFile,
      tokenHostConfigFile,
      parts,
      async restart(part) {
        await parts.get(part)?.exited;
        await start(part, starters.get(part)!);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function writeConfig(dataDir: string, name: string, content: unknown): string {
  const file = join(dataDir, name);
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  return file;
}

/** The port asked for, or for 0 one nobody listens on now. @throws DemoError PORT_IN_USE */
function freePort(wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EADDRINUSE" && error.code !== "EACCES") return reject(error);
      const why = error.code === "EACCES" ? "may not be used without privileges" : "is in use";
      reject(new DemoError("PORT_IN_USE", `port ${wanted} ${why}`, { details: { port: wanted, reason: error.code } }));
    });
    server.listen(wanted, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
