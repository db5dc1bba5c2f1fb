export { type BackupOptions, backUp } from "./back-up.ts";
export type { CopiedDocuments } from "./copy-documents.ts";
export { restore } from "./restore.ts";
