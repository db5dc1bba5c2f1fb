export * from "./build-evidence-record.ts";
export * from "./data-object.ts";
export type * from "./evidence-record.ts";
export * from "./group-tree.ts";
export * from "./hash-tree.ts";
export * from "./parse-asn1-record.ts";
export * from "./parse-evidence-record.ts";
export * from "./parse-xml-record.ts";
export * from "./verify-evidence-record.ts";
