export * from "./etsi-validation-report.ts";
