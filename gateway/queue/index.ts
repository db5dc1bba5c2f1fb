export { bullConsumer } from "./bull-consumer.ts";
export { bullWorkList } from "./bull-work-list.ts";
export { listedDocuments } from "./listed-documents.ts";
export { reconcile, startReconciler } from "./reconciler.ts";
export type { Outcome, WorkList, WorkListConsumer } from "./work-list.ts";
