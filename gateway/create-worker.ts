import { hostname } from "node:os";
import type { Config } from "./config/index.ts";
import { type Exposed, exposeMetrics } from "./observability/index.ts";
import { openParts, type SharedDeps } from "./open-parts.ts";
import { createPipeline, createRaiser, type Pipeline, type Raiser } from "./pipeline/index.ts";
import { bullConsumer, startReconciler, type WorkListConsumer } from "./queue/index.ts";

export interface SigningWorker {
  readonly pipeline: Pipeline;
  /** Brings issued documents to the level they wait for, beside the signing. */
  readonly raiser: Raiser;
  /** Begins to take documents from the work list; resolves with the port of its metrics, if it has one. */
  start(): Promise<number | null>;
  /** Finishes the documents in work and closes what it opened. */
  stop(): Promise<void>;
}

/** The signing side: takes documents from the work list and leads each as far as it goes. Any number may run. */
export async function createWorker(config: Config, deps: SharedDeps = {}): Promise<SigningWorker> {
  const parts = await openParts(config, deps, "worker", `worker ${hostname()}`);
  const { ledger, list, log, clock, metrics } = parts;
  const pipeline = createPipeline(parts.pipeline, { ...config.worker, log, metrics });
  const { raising } = config.timestamps;
  const raiser = createRaiser(parts.pipeline, { raising, leaseMs: config.worker.lockMs, log, metrics });
  let consumer: WorkListConsumer | null = null;
  let reconciler: { stop(): Promise<void> } | null = null;
  let exposed: Exposed | null = null;
  return {
    pipeline,
    raiser,
    async start() {
      consumer ??= bullConsumer(
        config.redis,
        { concurrency: config.worker.concurrency, lockMs: config.worker.lockMs, log },
        pipeline.advance,
      );
      // A worker does not rely on a gateway being up: what an earlier one left is taken up at the start.
      reconciler ??= startReconciler({ ledger, list, everyMs: config.worker.reconcileEveryMs, clock, log });
      raiser.start();
      if (config.worker.metrics !== null) exposed ??= await exposeMetrics(metrics.registry, config.worker.metrics);
      return exposed?.port ?? null;
    },
    async stop() {
      await exposed?.close();
      await reconciler?.stop();
      await raiser.stop();
      await consumer?.close();
      await parts.close();
    },
  };
}
