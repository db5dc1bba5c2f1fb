import { join } from "node:path";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import type { Config } from "../config/index.ts";
import { GatewayError } from "../errors.ts";
import { digestReliedOnUntil, tokenReliedOnUntil } from "../extension/index.ts";
import type { TrustMaterial } from "../verification/index.ts";
import {
  createEvidenceKeeper,
  type EvidenceKeeper,
  type EvidenceKeeperParts,
  startEvidenceKeeper,
} from "./evidence-keeper.ts";
import { type EvidenceRecords, evidenceRecords } from "./evidence-records.ts";
import { openRecordBook } from "./open-record-book.ts";
import type { RecordBook } from "./record-book.ts";

type Given = "book" | "crypto" | "tokenReliedOnUntil" | "digestReliedOnUntil";

export interface OpenEvidence {
  readonly book: RecordBook;
  readonly records: EvidenceRecords;
  readonly keeper: EvidenceKeeper;
  /** Begins to take turns, where the configuration names profiles; what was proven before is renewed in any case. */
  start(): void;
  stop(): Promise<void>;
}

/** Evidence records by the configuration. @throws GatewayError CONFIG_INVALID naming a profile that does not exist */
export function openEvidenceRecords(
  config: Config,
  deps: Omit<EvidenceKeeperParts, Given | "store"> & {
    store: Parameters<typeof evidenceRecords>[1];
    trust: TrustMaterial;
    profiles: ReadonlyMap<string, unknown>;
  },
): OpenEvidence {
  const { profiles: wanted, everyMs, ...options } = config.evidenceRecords;
  for (const name of wanted === "all" ? [] : wanted) {
    if (!deps.profiles.has(name)) {
      throw new GatewayError("CONFIG_INVALID", `evidenceRecords.profiles: there is no profile ${name}`);
    }
  }
  const book = openRecordBook(join(config.dataDir, "evidence-records.sqlite"));
  const keeper = createEvidenceKeeper(
    {
      ...deps,
      book,
      crypto: nodeCrypto,
      tokenReliedOnUntil: (token) => tokenReliedOnUntil(token, deps.trust),
      digestReliedOnUntil,
    },
    {
      ...options,
      renewBeforeDays: config.extension.renewBeforeDays,
      isWanted: (profile) => wanted === "all" || wanted.includes(profile),
    },
  );
  // A gateway that makes none and never made one has nothing to look at.
  const idle = wanted.length === 0 && book.cursor() === 0;
  let running: { stop(): Promise<void> } | null = null;
  return {
    book,
    records: evidenceRecords(book, deps.store),
    keeper,
    start() {
      if (idle) return;
      book.want(wanted);
      running ??= startEvidenceKeeper(keeper, { everyMs, log: deps.log });
    },
    async stop() {
      await running?.stop();
      book.dispose();
    },
  };
}
