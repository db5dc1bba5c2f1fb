export * from "./pdf-report.ts";
export * from "./write-reports.ts";
