export * from "./context.ts";
export { FINDING_CODES, type FindingCode } from "./findings.ts";
export * from "./policy.ts";
export * from "./report.ts";
export * from "./sentence.ts";
export * from "./stopped-report.ts";
export * from "./verify-document.ts";
