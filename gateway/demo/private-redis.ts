import { mkdirSync } from "node:fs";
import { connect } from "node:net";
import { type PartProcess, startPart } from "./part-process.ts";

/**
 * A Redis of our own on a Unix socket, append-only with fsync on every write (no TCP port is opened).
 * @throws DemoError PART_FAILED
 */
export async function startPrivateRedis(options: {
  dataDir: string;
  socket: string;
  logFile: string;
}): Promise<PartProcess> {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const settings: Record<string, string> = {
    port: "0",
    unixsocket: options.socket,
    unixsocketperm: "700",
    dir: options.dataDir,
    appendonly: "yes",
    appendfsync: "always",
    "maxmemory-policy": "noeviction",
    daemonize: "no",
  };
  const redis = startPart(
    "redis",
    ["redis-server", ...Object.entries(settings).flatMap(([key, value]) => [`--${key}`, value])],
    { logFile: options.logFile },
  );
  await redis.waitUntil(() => answersPing(options.socket));
  return redis;
}

function answersPing(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    const done = (answer: boolean) => {
      connection.destroy();
      resolve(answer);
    };
    connection.once("error", () => done(false));
    connection.once("data", (data) => done(data.toString().startsWith("+PONG")));
    connection.setTimeout(1000, () => done(false));
    connection.write("PING\r\n");
  });
}
