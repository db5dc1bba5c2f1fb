import { join } from "node:path";
import { type ServerType, serve } from "@hono/node-server";
import type { Hono } from "hono";
import type { Config } from "./config/index.ts";
import { openEvidenceRecords } from "./evidence-records/index.ts";
import { startRenewal, withPreserved } from "./extension/index.ts";
import { BodyBudget, workFeeder } from "./intake/index.ts";
import { exposeRenewals } from "./observability/index.ts";
import { openParts, type SharedDeps } from "./open-parts.ts";
import { createLateSigning } from "./pipeline/index.ts";
import { startReconciler } from "./queue/index.ts";
import { createApp, type GatewayEnv } from "./routes/index.ts";
import { openSqliteWebhooks, openWebhookSecrets, startDispatcher } from "./webhooks/index.ts";

export interface Gateway {
  readonly app: Hono<GatewayEnv>;
  /** Listens; resolves with the port. */
  start(): Promise<number>;
  /** Takes no new request, finishes those in work, closes what it opened. */
  stop(): Promise<void>;
}

/** How long a request may go on after the service was told to stop. */
const DRAIN_MS = 10_000;

/** The HTTP side: API, public verification, portal, and the reconciler that keeps the work list full. */
export async function createGateway(config: Config, deps: SharedDeps = {}): Promise<Gateway> {
  const parts = await openParts(config, deps, "gateway", "gateway");
  const { ledger, store, list, profiles, trust, log, clock, actor, metrics, preservation } = parts;
  const feeder = workFeeder(list, log);
  const webhooks = {
    store: openSqliteWebhooks(join(config.dataDir, "webhooks.sqlite")),
    secrets: openWebhookSecrets(config.dataDir),
  };
  const stopping = new AbortController();
  const evidence = openEvidenceRecords(config, {
    trust,
    profiles,
    timestamps: parts.pipeline.timestamps,
    ledger,
    store,
    log,
    clock,
    actor,
    onRenewal: (kind, outcome, windows) => metrics.renewals.inc({ kind: `evidence-${kind}`, outcome }, windows),
  });
  exposeRenewals(metrics.registry, { preservation: preservation.book, evidence: evidence.book, clock });
  const app = createApp({
    stopping: stopping.signal,
    config,
    ledger: withPreserved(ledger, {
      documentOf: (sha256) => preservation.book.documentOf(sha256) ?? evidence.records.documentOf(sha256),
    }),
    evidence: evidence.records,
    preserved: preservation.book,
    store,
    list,
    feeder,
    budget: new BodyBudget(config.limits.bytesInFlight),
    memory: parts.memory,
    profiles,
    verifier: parts.verifier,
    signer: parts.pipeline.signer,
    timestamps: parts.pipeline.timestamps,
    receipts: parts.pipeline.receipts,
    lateSigning: createLateSigning(parts.pipeline),
    webhooks,
    metrics,
    log,
    clock,
  });
  const dispatcher = startDispatcher({ ledger, ...webhooks, clock, log }, config.webhooks);
  evidence.start();
  const renewal = startRenewal(preservation, { everyMs: config.extension.everyMs, log });
  const reconciler = startReconciler({ ledger, list, everyMs: config.worker.reconcileEveryMs, clock, log });
  let server: ServerType | null = null;
  return {
    app,
    start: () =>
      new Promise((resolve, reject) => {
        const { host: hostname, port } = config.listen;
        server = serve({ fetch: app.fetch, hostname, port }, (info) => {
          log.info({ host: hostname, port: info.port }, "listening");
          resolve(info.port);
        });
        server.once("error", reject);
      }),
    async stop() {
      stopping.abort();
      if (server !== null) await drain(server);
      await feeder.drain();
      await reconciler.stop();
      await evidence.stop();
      await renewal.stop();
      await dispatcher.stop();
      webhooks.store.close();
      await parts.close();
    },
  };
}

function drain(server: ServerType): Promise<void> {
  return new Promise((resolve) => {
    const closing = server as ServerType & { closeIdleConnections?(): void; closeAllConnections?(): void };
    const timer = setTimeout(() => closing.closeAllConnections?.(), DRAIN_MS);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    closing.closeIdleConnections?.();
  });
}
