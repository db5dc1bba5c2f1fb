import { hostname } from "node:os";
import { join } from "node:path";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import type { Config } from "./config/index.ts";
import { appearancesOf, type SharedDeps, signerOf } from "./create-gateway.ts";
import { openPreservation } from "./extension/index.ts";
import { openSqliteLedger } from "./ledger/index.ts";
import { createLogger, createMetrics, type Exposed, exposeMetrics } from "./observability/index.ts";
import {
  createPipeline,
  createRaiser,
  type Pipeline,
  type PipelineParts,
  type Raiser,
  signingFormats,
} from "./pipeline/index.ts";
import { loadProfiles } from "./profiles/index.ts";
import { bullConsumer, bullWorkList, startReconciler, type WorkListConsumer } from "./queue/index.ts";
import { openReceiptIssuer } from "./receipts/index.ts";
import { openFileStore } from "./store/index.ts";
import { createTimestampRouter } from "./timestamps/index.ts";
import { createVerifier, loadTrust, tsaTrust } from "./verification/index.ts";

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
  const clock = deps.clock ?? Date.now;
  const log = deps.log ?? createLogger(config, "worker");
  const trust = loadTrust(config.trust);
  const ledger = deps.ledger ?? openSqliteLedger({ path: join(config.dataDir, "ledger.sqlite"), clock });
  const store = deps.store ?? (await openFileStore(join(config.dataDir, "documents")));
  const list = deps.list ?? bullWorkList(config.redis);
  const signer = deps.signer === undefined ? signerOf(config) : deps.signer;
  const metrics = createMetrics({ ledger, queueDepth: () => list.depth() });
  const stamps = createTimestampRouter(config.timestamps, { trust: tsaTrust(trust), clock, metrics });
  const verifier =
    deps.verifier ?? createVerifier(config.verification, { trust, allowedHosts: config.trust.allowedHosts, clock });
  const profiles = deps.profiles ?? loadProfiles(config.profiles.path);
  const actor = `worker ${hostname()}`;
  const preservation = openPreservation(config, {
    trust,
    timestamps: stamps.router,
    ledger,
    store,
    profiles,
    log,
    clock,
    actor,
  });
  const parts: PipelineParts = {
    ledger,
    store,
    signer,
    timestamps: stamps.router,
    patience: stamps.patience,
    verify: (bytes, profile, fileName, detached) => verifier.verify(bytes, fileName, profile, { detached }),
    receipts: openReceiptIssuer(config.dataDir),
    preservation,
    profiles,
    formats: signingFormats(nodeCrypto, appearancesOf(config)),
    crypto: nodeCrypto,
    clock,
    metrics,
    actor,
  };
  const pipeline = createPipeline(parts, { ...config.worker, log, metrics });
  const { raising } = config.timestamps;
  const raiser = createRaiser(parts, { raising, leaseMs: config.worker.lockMs, log, metrics });
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
      stamps.close();
      preservation.close();
      if (deps.list === undefined) await list.close();
      if (deps.signer === undefined) await signer?.close();
      if (deps.store === undefined) await store.close();
      if (deps.ledger === undefined) await ledger.close();
    },
  };
}
