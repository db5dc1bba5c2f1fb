import { Gauge, type Registry } from "prom-client";

/** What is kept valid over the years: how much, how much should have been renewed, and what fails. */
export function exposeRenewals(
  registry: Registry,
  sources: {
    preservation: { counts(now: number): { kept: number; overdue: number; failing: number } };
    evidence: {
      counts(now: number): { stamped: number; unstamped: number; overdue: number; failing: number };
      waiting(): { documents: number; since: number | null };
    };
    clock: () => number;
  },
): void {
  const { preservation, evidence, clock } = sources;
  const registers = [registry];
  new Gauge({
    name: "hocba_kept",
    help: "What is renewed in time: documents of level LT and LTA, windows of evidence records",
    labelNames: ["kind", "state"],
    registers,
    collect() {
      const now = clock();
      const documents = preservation.counts(now);
      this.set({ kind: "document", state: "kept" }, documents.kept);
      this.set({ kind: "document", state: "overdue" }, documents.overdue);
      this.set({ kind: "document", state: "failing" }, documents.failing);
      const windows = evidence.counts(now);
      this.set({ kind: "evidence-window", state: "kept" }, windows.stamped);
      this.set({ kind: "evidence-window", state: "overdue" }, windows.overdue);
      this.set({ kind: "evidence-window", state: "failing" }, windows.failing);
      this.set({ kind: "evidence-window", state: "unstamped" }, windows.unstamped);
    },
  });
  new Gauge({
    name: "hocba_evidence_waiting_documents",
    help: "Issued documents in no window of evidence records yet",
    registers,
    collect() {
      this.set(evidence.waiting().documents);
    },
  });
  new Gauge({
    name: "hocba_evidence_oldest_waiting_seconds",
    help: "Age of the oldest of them; 0 without any",
    registers,
    collect() {
      const { since } = evidence.waiting();
      this.set(since === null ? 0 : (clock() - since) / 1000);
    },
  });
}
