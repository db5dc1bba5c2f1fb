import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "redis";

export interface RedisServer {
  /** Path of the Unix socket; a Redis setting `redis.url` takes it as it is. */
  readonly url: string;
  readonly pid: number;
  /** Ends it at once, as a power cut would, or in good order. */
  stop(signal?: "SIGKILL" | "SIGTERM"): Promise<void>;
  start(): Promise<void>;
  /** While it is stopped: loses all it held. */
  forget(): void;
}

/** A Redis of its own on a Unix socket in `folder`, append-only and flushed at each write. */
export async function startRedisServer(folder: string): Promise<RedisServer> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const socket = join(folder, "redis.sock");
  let child: ChildProcess | null = null;
  const server = {
    url: socket,
    get pid() {
      return child?.pid ?? 0;
    },
    async start() {
      child = spawn(
        "redis-server",
        [
          "--port",
          "0",
          "--unixsocket",
          socket,
          "--unixsocketperm",
          "700",
          "--dir",
          folder,
          "--appendonly",
          "yes",
        ].concat(["--appendfsync", "always", "--save", "", "--maxmemory-policy", "noeviction"]),
        { stdio: "ignore" },
      );
      const failed = once(child, "error").then(([error]) => {
        throw error;
      });
      await Promise.race([answers(socket), failed]);
    },
    forget() {
      rmSync(join(folder, "appendonlydir"), { recursive: true, force: true });
      rmSync(join(folder, "dump.rdb"), { force: true });
    },
    async stop(signal: "SIGKILL" | "SIGTERM" = "SIGTERM") {
      if (child === null || child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill(signal);
      await gone;
    },
  };
  await server.start();
  return server;
}

async function answers(socket: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const client = createClient({ socket: { path: socket, tls: false, reconnectStrategy: false } });
    client.on("error", () => {});
    try {
      await client.connect();
      await client.ping();
      return;
    } catch (error) {
      if (tries > 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    } finally {
      if (client.isOpen) client.destroy();
    }
  }
}
