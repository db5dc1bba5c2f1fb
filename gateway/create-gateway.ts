import { join } from "node:path";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import type { Signer } from "@hocba/hsm-adapters";
import { TokenHostClient } from "@hocba/hsm-adapters/token-host";
import type { Profile } from "@hocba/signatures/profiles";
import { type ServerType, serve } from "@hono/node-server";
import type { Hono } from "hono";
import { type Appearances, createAppearances } from "./appearance/index.ts";
import type { Config } from "./config/index.ts";
import { openEvidenceRecords } from "./evidence-records/index.ts";
import { openPreservation, startRenewal, withPreserved } from "./extension/index.ts";
import { BodyBudget, workFeeder } from "./intake/index.ts";
import { type Ledger, openSqliteLedger } from "./ledger/index.ts";
import { createLogger, createMetrics, exposeRenewals, type Logger } from "./observability/index.ts";
import { createLateSigning, signingFormats } from "./pipeline/index.ts";
import { loadProfiles } from "./profiles/index.ts";
import { bullWorkList, startReconciler, type WorkList } from "./queue/index.ts";
import { openReceiptIssuer } from "./receipts/index.ts";
import { createApp, type GatewayEnv } from "./routes/index.ts";
import { type BlobStore, openFileStore } from "./store/index.ts";
import { createTimestampRouter } from "./timestamps/index.ts";
import { createVerifier, loadTrust, tsaTrust, type Verifier } from "./verification/index.ts";
import { openSqliteWebhooks, openWebhookSecrets, startDispatcher } from "./webhooks/index.ts";

/** What the embedder may put in the place of what the configuration would open. Parts that are handed in are not closed. */
export interface SharedDeps {
  ledger?: Ledger;
  store?: BlobStore;
  list?: WorkList;
  /** null: no token. */
  signer?: Signer | null;
  profiles?: ReadonlyMap<string, Profile>;
  verifier?: Verifier;
  clock?: () => number;
  log?: Logger;
}

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
  const clock = deps.clock ?? Date.now;
  const log = deps.log ?? createLogger(config, "gateway");
  const trust = loadTrust(config.trust);
  const ledger = deps.ledger ?? openSqliteLedger({ path: join(config.dataDir, "ledger.sqlite"), clock });
  const store = deps.store ?? (await openFileStore(join(config.dataDir, "documents")));
  const list = deps.list ?? bullWorkList(config.redis);
  const signer = deps.signer === undefined ? signerOf(config) : deps.signer;
  const metrics = createMetrics({ ledger, queueDepth: () => list.depth() });
  const stamps = createTimestampRouter(config.timestamps, { trust: tsaTrust(trust), clock, metrics });
  const feeder = workFeeder(list, log);
  const profiles = deps.profiles ?? loadProfiles(config.profiles.path);
  const receipts = openReceiptIssuer(config.dataDir);
  const verifier =
    deps.verifier ?? createVerifier(config.verification, { trust, allowedHosts: config.trust.allowedHosts, clock });
  const webhooks = {
    store: openSqliteWebhooks(join(config.dataDir, "webhooks.sqlite")),
    secrets: openWebhookSecrets(config.dataDir),
  };
  const stopping = new AbortController();
  const preservation = openPreservation(config, {
    trust,
    timestamps: stamps.router,
    ledger,
    store,
    profiles,
    log,
    clock,
    actor: "gateway",
    onRenewal: (outcome) => metrics.renewals.inc({ kind: "document", outcome }),
  });
  const evidence = openEvidenceRecords(config, {
    trust,
    profiles,
    timestamps: stamps.router,
    ledger,
    store,
    log,
    clock,
    actor: "gateway",
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
    profiles,
    verifier,
    signer,
    timestamps: stamps.router,
    receipts,
    lateSigning: createLateSigning({
      ledger,
      store,
      signer,
      timestamps: stamps.router,
      patience: stamps.patience,
      verify: (bytes, profile, fileName, detached) => verifier.verify(bytes, fileName, profile, { detached }),
      receipts,
      profiles,
      formats: signingFormats(nodeCrypto, appearancesOf(config)),
      crypto: nodeCrypto,
      clock,
      actor: "gateway",
    }),
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
      preservation.close();
      await dispatcher.stop();
      webhooks.store.close();
      stamps.close();
      if (deps.list === undefined) await list.close();
      if (deps.signer === undefined) await signer?.close();
      if (deps.store === undefined) await store.close();
      if (deps.ledger === undefined) await ledger.close();
    },
  };
}

/** The token host of the configuration. */
export function signerOf(config: Config): Signer | null {
  return config.tokenHost.socket === null ? null : new TokenHostClient(config.tokenHost.socket);
}

/** How signatures look, by the configuration: gateway and worker must draw the same. */
export function appearancesOf(config: Config): Appearances {
  return createAppearances({ publicUrl: config.publicUrl, images: config.profiles.images });
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
