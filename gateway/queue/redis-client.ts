import { createClient } from "redis";
import type { Config } from "../config/index.ts";

/** What BullMQ needs of a connection. */
export type RedisClient = ReturnType<typeof createClient>;

/**
 * For every Queue and Worker. BullMQ asks a new connection for the version of Redis; should Redis die at that moment it keeps the failure
 * for good, and the queue or worker never works again. No command is sent while connecting without that question.
 */
export const CONNECTING = { skipVersionCheck: true } as const;

/**
 * A node-redis client that reconnects for ever, at most a second apart. With `failFast` a command asked for while Redis is
 * away is refused at once instead of kept in memory.
 */
export function redisClient(config: Config["redis"], options: { failFast: boolean }): RedisClient {
  const reconnectStrategy = (tries: number): number => Math.min(50 * 2 ** Math.min(tries, 6), 1000);
  const path = config.url.startsWith("/") ? config.url : config.url.startsWith("unix:") ? config.url.slice(5) : null;
  const shared = { disableOfflineQueue: options.failFast, commandsQueueMaxLength: 100_000 };
  const client =
    path !== null
      ? createClient({ ...shared, socket: { path, tls: false, reconnectStrategy } })
      : createClient({ ...shared, url: config.url, socket: { reconnectStrategy, connectTimeout: 3000 } });
  // Reconnecting is the strategy's business; without a listener the event would end the process.
  client.on("error", () => {});
  return client as RedisClient;
}
