import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Ledger } from "../ledger/index.ts";

const seconds = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300];

/** What the gateway tells Prometheus about itself. */
export interface Metrics {
  readonly registry: Registry;
  /** Work per state of the pipeline. */
  readonly stepSeconds: Histogram<"state" | "outcome">;
  readonly tokenSeconds: Histogram<"outcome">;
  readonly tsaSeconds: Histogram<"endpoint" | "outcome">;
  /** genTime minus our clock at the answer. */
  readonly tsaSkewSeconds: Gauge<"endpoint">;
  readonly requests: Counter<"method" | "route" | "status">;
  readonly requestSeconds: Histogram<"method" | "route">;
  readonly verifications: Counter<"indication">;
  readonly postponed: Counter<"code">;
  readonly raised: Counter<"outcome">;
  /** Renewals of time stamps that keep documents valid; `kind`: document, evidence-timestamp, evidence-hash-tree. */
  readonly renewals: Counter<"kind" | "outcome">;
}

export function createMetrics(sources: { ledger: Ledger; queueDepth: () => Promise<number> }): Metrics {
  const registry = new Registry();
  const registers = [registry];
  new Gauge({
    name: "hocba_documents",
    help: "Documents by state, from the ledger",
    labelNames: ["state"],
    registers,
    async collect() {
      this.reset();
      for (const [state, n] of await sources.ledger.documents.countByState()) this.set({ state }, n);
    },
  });
  new Gauge({
    name: "hocba_documents_waiting",
    help: "Issued documents that wait for a late time stamp",
    registers,
    async collect() {
      this.set((await sources.ledger.documents.waiting()).documents);
    },
  });
  new Gauge({
    name: "hocba_oldest_waiting_seconds",
    help: "How long the oldest issued document has been waiting for its time stamp",
    registers,
    async collect() {
      const { since } = await sources.ledger.documents.waiting();
      this.set(since === null ? 0 : Math.max(0, Date.now() - since) / 1000);
    },
  });
  new Gauge({
    name: "hocba_queue_jobs",
    help: "Jobs waiting in Redis; -1 when Redis does not answer",
    registers,
    async collect() {
      this.set(await sources.queueDepth().catch(() => -1));
    },
  });
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Resident memory of this process",
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  return {
    registry,
    stepSeconds: new Histogram({
      name: "hocba_step_seconds",
      help: "Time a document spends being worked on, by state it was in",
      labelNames: ["state", "outcome"],
      buckets: seconds,
      registers,
    }),
    tokenSeconds: new Histogram({
      name: "hocba_token_sign_seconds",
      help: "Time of one signature by the token host",
      labelNames: ["outcome"],
      buckets: seconds,
      registers,
    }),
    tsaSeconds: new Histogram({
      name: "hocba_tsa_seconds",
      help: "Time of one request to a time-stamping authority",
      labelNames: ["endpoint", "outcome"],
      buckets: seconds,
      registers,
    }),
    tsaSkewSeconds: new Gauge({
      name: "hocba_tsa_skew_seconds",
      help: "genTime of the last token minus our clock",
      labelNames: ["endpoint"],
      registers,
    }),
    requests: new Counter({
      name: "hocba_http_requests_total",
      help: "Requests answered",
      labelNames: ["method", "route", "status"],
      registers,
    }),
    requestSeconds: new Histogram({
      name: "hocba_http_request_seconds",
      help: "Time until the answer begins",
      labelNames: ["method", "route"],
      buckets: seconds,
      registers,
    }),
    verifications: new Counter({
      name: "hocba_verifications_total",
      help: "Public verifications by their result",
      labelNames: ["indication"],
      registers,
    }),
    renewals: new Counter({
      name: "hocba_renewals_total",
      help: "Renewed time stamps of documents and of windows of evidence records, by outcome (ok, or the code of the failure)",
      labelNames: ["kind", "outcome"],
      registers,
    }),
    postponed: new Counter({
      name: "hocba_documents_postponed_total",
      help: "Tries that will be repeated, by cause",
      labelNames: ["code"],
      registers,
    }),
    raised: new Counter({
      name: "hocba_documents_raised_total",
      help: "Tries to raise an issued document to the level it waits for, by outcome",
      labelNames: ["outcome"],
      registers,
    }),
  };
}
