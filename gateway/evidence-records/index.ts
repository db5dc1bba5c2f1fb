export { assembleRecord } from "./assemble-record.ts";
export * from "./evidence-keeper.ts";
export * from "./evidence-records.ts";
export { type OpenEvidence, openEvidenceRecords } from "./open-evidence-records.ts";
export { openRecordBook } from "./open-record-book.ts";
export type * from "./record-book.ts";
