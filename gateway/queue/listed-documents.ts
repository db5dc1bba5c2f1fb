import { Queue } from "bullmq";
import type { Config } from "../config/index.ts";
import { GatewayError } from "../errors.ts";
import { type DocumentJob, queueName } from "./bull-work-list.ts";
import { CONNECTING, redisClient } from "./redis-client.ts";

const PAGE = 1000;
const PATIENCE_MS = 10_000;

/** Ids of the documents on the work list now, waiting, delayed or in work. @throws GatewayError QUEUE_UNAVAILABLE */
export async function listedDocuments(config: Config["redis"]): Promise<Set<string>> {
  const client = redisClient(config, { failFast: false });
  const queue = new Queue<DocumentJob>(queueName, { ...CONNECTING, connection: client, prefix: config.prefix });
  queue.on("error", () => {});
  const found = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer in time")), PATIENCE_MS);
  });
  const read = async () => {
    for (const type of ["waiting", "prioritized", "delayed", "active"] as const) {
      for (let start = 0; ; start += PAGE) {
        const jobs = await queue.getJobs([type], start, start + PAGE - 1);
        for (const job of jobs) if (job?.data !== undefined) found.add(job.data.documentId);
        if (jobs.length < PAGE) break;
      }
    }
    return found;
  };
  try {
    return await Promise.race([read(), patience]);
  } catch (error) {
    throw new GatewayError("QUEUE_UNAVAILABLE", "Redis does not answer", { retryable: true, cause: error });
  } finally {
    clearTimeout(timer);
    await queue.close().catch(() => {});
    if (client.isOpen) client.destroy();
  }
}
