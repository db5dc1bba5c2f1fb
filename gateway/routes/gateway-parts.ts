import type { Signer } from "@hocba/hsm-adapters";
import type { Profile } from "@hocba/signatures/profiles";
import type { ByteBudget } from "../byte-budget.ts";
import type { Config } from "../config/index.ts";
import type { EvidenceRecords } from "../evidence-records/index.ts";
import type { PreservationBook } from "../extension/index.ts";
import type { BodyBudget, WorkFeeder } from "../intake/index.ts";
import type { ApiKey, Ledger } from "../ledger/index.ts";
import type { Logger, Metrics } from "../observability/index.ts";
import type { LateSigning } from "../pipeline/index.ts";
import type { WorkList } from "../queue/index.ts";
import type { ReceiptIssuer } from "../receipts/index.ts";
import type { BlobStore } from "../store/index.ts";
import type { TimestampRouter } from "../timestamps/index.ts";
import type { Verifier } from "../verification/index.ts";
import type { WebhookSecrets, WebhookStore } from "../webhooks/index.ts";

/** What the routes stand on. */
export interface GatewayParts {
  config: Config;
  ledger: Ledger;
  store: BlobStore;
  list: WorkList;
  feeder: WorkFeeder;
  budget: BodyBudget;
  memory: ByteBudget;
  profiles: ReadonlyMap<string, Profile>;
  verifier: Verifier;
  signer: Signer | null;
  timestamps: TimestampRouter;
  receipts: ReceiptIssuer;
  metrics: Metrics;
  log: Logger;
  lateSigning: LateSigning;
  /** Which revisions of issued documents are kept valid. */
  preserved: Pick<PreservationBook, "get">;
  /** Evidence records of issued documents. */
  evidence: EvidenceRecords;
  webhooks: { store: WebhookStore; secrets: WebhookSecrets };
  clock: () => number;
  /** Aborts when the service is told to stop: streams that could go on for hours end then. */
  stopping: AbortSignal;
}

/** Hono's typed context. */
export interface GatewayEnv {
  Variables: { key: ApiKey; requestId: string };
}
