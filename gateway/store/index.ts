export { openFileStore } from "./file-store.ts";
export { secretFile } from "./secret-file.ts";
export type { BlobReader, BlobStore, ReceivedBlob, StoredBlob } from "./store.ts";
