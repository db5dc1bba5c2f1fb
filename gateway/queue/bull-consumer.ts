import { DelayedError, Worker } from "bullmq";
import type { Config } from "../config/index.ts";
import type { Logger } from "../observability/index.ts";
import { type DocumentJob, queueName } from "./bull-work-list.ts";
import { CONNECTING, redisClient } from "./redis-client.ts";
import type { Outcome, WorkListConsumer } from "./work-list.ts";

/** After a failed fetch of the next job. Milliseconds. */
const FETCH_REST_MS = 200;

/**
 * BullMQ asks for the next job again at once after any failure but a lost connection, be it a Redis that refuses to write or a client
 * that can no longer be used: that would take a whole processor, and in the second case leave it to nothing else. Here each is followed
 * by a rest.
 */
class RestingWorker<T> extends Worker<T> {
  override async moveToActive(...asked: Parameters<Worker<T>["moveToActive"]>) {
    try {
      return await super.moveToActive(...asked);
    } catch (error) {
      await new Promise((resolve) => setTimeout(resolve, FETCH_REST_MS));
      throw error;
    }
  }
}

/**
 * Looks at documents, `concurrency` at a time. While a job is in work its lock is renewed; when a worker dies its jobs go
 * back on the list after the lock has run out. Whether the same document is then looked at twice does not matter: the
 * ledger lets only one of two move it.
 */
export function bullConsumer(
  config: Config["redis"],
  options: { concurrency: number; lockMs?: number; log: Logger },
  look: (documentId: string) => Promise<Outcome>,
): WorkListConsumer {
  const client = redisClient(config, { failFast: false });
  const lockDuration = options.lockMs ?? 10_000;
  const worker = new RestingWorker<DocumentJob>(
    queueName,
    async (job, token) => {
      const outcome = await look(job.data.documentId);
      if (outcome.kind === "done") return;
      await job.moveToDelayed(outcome.at, token);
      throw new DelayedError();
    },
    {
      ...CONNECTING,
      connection: client,
      prefix: config.prefix,
      concurrency: options.concurrency,
      lockDuration,
      // With the lock this bounds how long a document of a killed worker rests: 15 seconds.
      stalledInterval: lockDuration / 2,
      // How often a document was in the hands of a worker that died is for the ledger to judge, not for Redis.
      maxStalledCount: 1000,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
      drainDelay: 2,
    },
  );
  let lastError = "";
  worker.on("error", (error) => {
    // One line per outage, not one per try.
    if (error.message === lastError) return;
    lastError = error.message;
    options.log.warn({ error }, "work list: connection to Redis failed");
  });
  worker.on("ready", () => {
    lastError = "";
  });
  worker.on("failed", (job, error) => {
    options.log.error({ documentId: job?.data.documentId, error }, "looking at a document failed unexpectedly");
  });
  return {
    async close() {
      await worker.close();
      if (client.isOpen) client.destroy();
    },
  };
}
