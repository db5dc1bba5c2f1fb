import { join } from "node:path";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import type { Signer } from "@hocba/hsm-adapters";
import { TokenHostClient } from "@hocba/hsm-adapters/token-host";
import type { Profile } from "@hocba/signatures/profiles";
import { createAppearances } from "./appearance/index.ts";
import { ByteBudget } from "./byte-budget.ts";
import type { Config } from "./config/index.ts";
import { openPreservation } from "./extension/index.ts";
import { type Ledger, openSqliteLedger } from "./ledger/index.ts";
import { createLogger, createMetrics, type Logger } from "./observability/index.ts";
import { type PipelineParts, signingFormats } from "./pipeline/index.ts";
import { loadProfiles } from "./profiles/index.ts";
import { bullWorkList, type WorkList } from "./queue/index.ts";
import { openReceiptIssuer } from "./receipts/index.ts";
import { type BlobStore, openFileStore } from "./store/index.ts";
import { createTimestampRouter } from "./timestamps/index.ts";
import { createVerifier, loadTrust, tsaTrust, type Verifier } from "./verification/index.ts";

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

/**
 * Opens what both the gateway and a worker stand on. `name` is that of the process in the log, `actor` in the audit log.
 * @throws GatewayError CONFIG_INVALID, LEDGER_UNAVAILABLE, STORE_UNAVAILABLE
 */
export async function openParts(config: Config, deps: SharedDeps, name: string, actor: string) {
  const clock = deps.clock ?? Date.now;
  const log = deps.log ?? createLogger(config, name);
  const trust = loadTrust(config.trust);
  const ledger = deps.ledger ?? openSqliteLedger({ path: join(config.dataDir, "ledger.sqlite"), clock });
  const store = deps.store ?? (await openFileStore(join(config.dataDir, "documents")));
  const list = deps.list ?? bullWorkList(config.redis);
  const signer = deps.signer === undefined ? signerOf(config) : deps.signer;
  const metrics = createMetrics({ ledger, queueDepth: () => list.depth() });
  const stamps = createTimestampRouter(config.timestamps, { trust: tsaTrust(trust), clock, metrics });
  const profiles = deps.profiles ?? loadProfiles(config.profiles.path);
  // What is taken in must not fail at the end for being too large to judge; strangers' files are measured when they come.
  const maxBytes = Math.max(config.verification.maxBytes, config.limits.documentBytes * 2);
  const verification = { ...config.verification, maxBytes };
  const verifier =
    deps.verifier ?? createVerifier(verification, { trust, allowedHosts: config.trust.allowedHosts, clock });
  const memory = new ByteBudget(config.limits.bytesInWork);
  const shared = { trust, profiles, ledger, store, log, clock, actor, memory };
  const preservation = openPreservation(
    { ...config, verification },
    {
      ...shared,
      timestamps: stamps.router,
      onRenewal: (outcome) => metrics.renewals.inc({ kind: "document", outcome }),
    },
  );
  const pipeline: PipelineParts = {
    ledger,
    store,
    signer,
    timestamps: stamps.router,
    patience: stamps.patience,
    verify: (bytes, profile, fileName, detached) => verifier.verify(bytes, fileName, profile, { detached }),
    receipts: openReceiptIssuer(config.dataDir),
    preservation,
    profiles,
    formats: signingFormats(
      nodeCrypto,
      createAppearances({ publicUrl: config.publicUrl, images: config.profiles.images }),
    ),
    crypto: nodeCrypto,
    clock,
    metrics,
    actor,
    memory,
  };
  return {
    ...shared,
    list,
    metrics,
    verifier,
    preservation,
    pipeline,
    /** Closes what was opened here, and nothing that was handed in. */
    async close(): Promise<void> {
      stamps.close();
      preservation.close();
      if (deps.list === undefined) await list.close();
      if (deps.signer === undefined) await signer?.close();
      if (deps.store === undefined) await store.close();
      if (deps.ledger === undefined) await ledger.close();
    },
  };
}

/** The token host of the configuration. */
function signerOf(config: Config): Signer | null {
  return config.tokenHost.socket === null ? null : new TokenHostClient(config.tokenHost.socket);
}
