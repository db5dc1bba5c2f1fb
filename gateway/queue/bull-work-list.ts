import { type Job, Queue } from "bullmq";
import type { Config } from "../config/index.ts";
import { GatewayError } from "../errors.ts";
import { CONNECTING, redisClient } from "./redis-client.ts";
import type { WorkList } from "./work-list.ts";

/** The job's id is the document's id: a document stands on the list once. The job holds nothing else. */
export interface DocumentJob {
  documentId: string;
}

export const queueName = "documents";
const LARGEST_GROUP = 1000;
/** BullMQ's own bound. */
const LOWEST_PRIORITY = 2_097_151;
/** A hung connection must not hold up the answer to a document that is safe in the ledger already. */
const PATIENCE_MS = 3000;

export function bullWorkList(config: Config["redis"]): WorkList {
  const client = redisClient(config, { failFast: true });
  const queue = new Queue<DocumentJob>(queueName, {
    ...CONNECTING,
    connection: client,
    prefix: config.prefix,
    // A finished job gives its id free at once; what became of the document stands in the ledger.
    defaultJobOptions: { removeOnComplete: true, removeOnFail: true, attempts: 1 },
  });
  queue.on("error", () => {});

  async function guarded<T>(work: () => Promise<T>): Promise<T> {
    if (!client.isReady && !(await becomesReady(client))) {
      throw new GatewayError("QUEUE_UNAVAILABLE", "Redis does not answer", { retryable: true });
    }
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("no answer in time")), PATIENCE_MS);
    });
    try {
      return await Promise.race([work(), patience]);
    } catch (error) {
      throw new GatewayError("QUEUE_UNAVAILABLE", "Redis does not answer", { retryable: true, cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    add: (documentIds, ranks) =>
      guarded(async () => {
        for (let at = 0; at < documentIds.length; at += LARGEST_GROUP) {
          // Not addBulk: it runs its script in MULTI, and a Redis that was restarted does not know the script there.
          // Commands asked for together go out together all the same.
          await Promise.all(
            documentIds.slice(at, at + LARGEST_GROUP).map((documentId) => {
              const rank = ranks?.get(documentId);
              const priority = rank === undefined ? {} : { priority: Math.min(Math.max(rank, 1), LOWEST_PRIORITY) };
              return queue.add("advance", { documentId }, { jobId: documentId, ...priority });
            }),
          );
        }
      }),
    promote: (documentIds) =>
      guarded(async () => {
        const jobs = await Promise.all(documentIds.map((documentId) => queue.getJob(documentId)));
        await Promise.all(
          jobs.map(async (job) => {
            if (job === undefined || job.priority <= 1) return;
            // Meanwhile it may have been taken, or done: then there is nothing to promote.
            await job.changePriority({ priority: 1 }).catch(() => {});
          }),
        );
      }),
    depth: () => guarded(async () => queue.getJobCountByTypes("waiting", "delayed", "prioritized", "active")),
    ping: () => guarded(async () => void (await client.ping())),
    async close() {
      await queue.close().catch(() => {});
      if (client.isOpen) client.destroy();
    },
  };
}

async function becomesReady(client: ReturnType<typeof redisClient>): Promise<boolean> {
  // The first moments after the start: the connection is being made.
  for (let tries = 0; tries < 10 && !client.isReady; tries++) await new Promise((resolve) => setTimeout(resolve, 20));
  return client.isReady;
}

export type { Job };
