import { join } from "node:path";
import { AllowList, EvidenceFetcher } from "@hocba/certs/online";
import type { Config } from "../config/index.ts";
import type { TrustMaterial } from "../verification/index.ts";
import { createPreservation, type Preservation, type PreservationDeps } from "./preservation.ts";
import { openPreservationBook, type PreservationBook } from "./preservation-book.ts";

/** The keeping of documents by the configuration; `close` closes its book. */
export function openPreservation(
  config: Config,
  deps: Omit<PreservationDeps, "parts" | "book"> & {
    trust: TrustMaterial;
    timestamps: PreservationDeps["parts"]["timestamps"];
  },
): Preservation & { book: PreservationBook; close(): void } {
  const book = openPreservationBook(join(config.dataDir, "preservation.sqlite"));
  const parts = {
    ...deps.trust,
    fetcher: new EvidenceFetcher({ allow: new AllowList(config.trust.allowedHosts), clock: deps.clock }),
    timestamps: deps.timestamps,
    policy: config.verification.policy,
    clock: deps.clock,
    maximumSize: config.verification.maxBytes,
  };
  return { ...createPreservation({ ...deps, parts, book }, config.extension), book, close: () => book.close() };
}
