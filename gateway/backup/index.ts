export { type BackupOptions, backUp } from "./back-up.ts";
export type { CopiedDocuments } from "./copy-durably.ts";
export { restore } from "./restore.ts";
