export { openFileStore } from "./file-store.ts";
export { secretFile } from "./secret-file.ts";
export type { BlobStore, StoredBlob } from "./store.ts";
