export { openFileStore } from "./file-store.ts";
export type { BlobStore } from "./store.ts";
