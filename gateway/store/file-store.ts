import { createHash, randomBytes } from "node:crypto";
import { access, type FileHandle, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { GatewayError } from "../errors.ts";
import { filePieces } from "./file-pieces.ts";
import { readWhole } from "./read-file.ts";
import { receiveFile } from "./receive-file.ts";
import { getSmallFile, putSmallFile, SMALL } from "./small-file.ts";
import type { BlobStore } from "./store.ts";
import { listFiles, removeOldFile } from "./stored-files.ts";

/**
 * Files under `root/ab/cd…`, by their SHA-256. A file is written beside its place, flushed, renamed, and the folder is
 * flushed, in this order: a name never stands for half a content.
 */
export async function openFileStore(root: string): Promise<BlobStore> {
  const temporary = join(root, "tmp");
  await mkdir(temporary, { recursive: true, mode: 0o700 });
  // Left by a process that was killed in the middle of a write; nobody was answered for them.
  for (const name of await readdir(temporary)) {
    if (!name.startsWith(`${process.pid}-`)) await removeOld(join(temporary, name));
  }
  const folders = new Map<string, Promise<FileHandle>>();

  /** Folders stay open: each new file in one is made durable by flushing it. */
  function folderOf(sha256: string): Promise<FileHandle> {
    const folder = join(root, sha256.slice(0, 2));
    let opened = folders.get(folder);
    if (opened === undefined) {
      opened = (async () => {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await flushFolder(root);
        return open(folder, "r");
      })();
      folders.set(folder, opened);
      opened.catch(() => folders.delete(folder));
    }
    return opened;
  }

  return {
    async put(content, sha256 = hashOf(content)) {
      const target = pathOf(root, sha256);
      const written = join(temporary, `${process.pid}-${randomBytes(8).toString("hex")}`);
      try {
        const folder = await folderOf(sha256);
        if (content.length <= SMALL) {
          await putSmallFile(content, written, target, folder.fd);
          return sha256;
        }
        let file: FileHandle | null = await open(written, "wx", 0o600);
        try {
          await file.writeFile(content);
          await file.datasync();
          await file.close();
          file = null;
          await rename(written, target);
          await folder.sync();
        } catch (error) {
          await file?.close().catch(() => {});
          await rm(written, { force: true }).catch(() => {});
          throw error;
        }
        return sha256;
      } catch (error) {
        throw asStoreError(error, "write");
      }
    },

    async get(sha256) {
      let content: Uint8Array;
      try {
        const path = pathOf(root, sha256);
        content = getSmallFile(path) ?? (await readLarge(path));
      } catch (error) {
        throw asReadError(error, sha256);
      }
      if (hashOf(content) !== sha256) throw damaged(sha256);
      return content;
    },

    async receive(pieces) {
      let failure: unknown = null;
      const watched = async function* () {
        try {
          yield* pieces;
        } catch (error) {
          failure = error;
          throw error;
        }
      };
      const beside = join(temporary, `${process.pid}-${randomBytes(8).toString("hex")}`);
      const placeOf = async (sha256: string) => ({ path: pathOf(root, sha256), folder: await folderOf(sha256) });
      try {
        const received = await receiveFile(watched(), beside, placeOf);
        return {
          ...received,
          content: (place) => received.content(place).catch((error) => Promise.reject(asStoreError(error, "read"))),
          keep: () => received.keep().catch((error) => Promise.reject(asStoreError(error, "write"))),
        };
      } catch (error) {
        throw failure ?? asStoreError(error, "write");
      }
    },

    async read(sha256) {
      const path = pathOf(root, sha256);
      async function* pieces() {
        try {
          yield* filePieces(path, sha256, () => damaged(sha256));
        } catch (error) {
          throw asReadError(error, sha256);
        }
      }
      try {
        const small = getSmallFile(path);
        if (small !== null && hashOf(small) !== sha256) throw damaged(sha256);
        if (small !== null) return { size: small.length, pieces: once(small) };
      } catch (error) {
        throw asReadError(error, sha256);
      }
      let size = 0;
      for await (const piece of pieces()) size += piece.length;
      return { size, pieces: pieces() };
    },

    async close() {
      for (const opened of folders.values()) await (await opened.catch(() => null))?.close();
      folders.clear();
    },

    async *list() {
      try {
        yield* listFiles(root);
      } catch (error) {
        throw asStoreError(error, "read");
      }
    },

    async removeOld(sha256, before) {
      try {
        return await removeOldFile(pathOf(root, sha256), temporary, before);
      } catch (error) {
        throw asStoreError(error, "write");
      }
    },

    has: (sha256) => exists(pathOf(root, sha256)),

    async ping() {
      const probe = join(temporary, `${process.pid}-probe-${randomBytes(4).toString("hex")}`);
      try {
        const file = await open(probe, "wx", 0o600);
        try {
          await file.writeFile("ping");
          await file.datasync();
        } finally {
          await file.close();
        }
      } catch (error) {
        throw asStoreError(error, "write");
      } finally {
        await rm(probe, { force: true }).catch(() => {});
      }
    },
  };
}

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  if (content.length > 0) yield content;
}

function damaged(sha256: string): GatewayError {
  return new GatewayError("STORE_DAMAGED", `blob ${sha256} has changed on disk`, { details: { sha256 } });
}

function asReadError(error: unknown, sha256: string): GatewayError {
  if ((error as NodeJS.ErrnoException).code === "ENOENT") {
    return new GatewayError("STORE_MISSING", `blob ${sha256} is not in the store`, { details: { sha256 } });
  }
  return asStoreError(error, "read");
}

async function readLarge(path: string): Promise<Uint8Array> {
  const file = await open(path, "r");
  try {
    return await readWhole(file);
  } finally {
    await file.close();
  }
}

function hashOf(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

function pathOf(root: string, sha256: string): string {
  // The address becomes a path: nothing but a digest may.
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new GatewayError("STORE_MISSING", "not the address of a blob");
  return join(root, sha256.slice(0, 2), sha256.slice(2));
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Another process of the same gateway may be writing: only what is an hour old is certainly left over. */
async function removeOld(path: string): Promise<void> {
  const handle = await open(path, "r").catch(() => null);
  if (handle === null) return;
  const { mtimeMs } = await handle.stat();
  await handle.close();
  const hour = 3_600_000;
  if (performance.timeOrigin + performance.now() - mtimeMs > hour) await rm(path, { force: true });
}

function asStoreError(error: unknown, doing: "read" | "write"): GatewayError {
  if (error instanceof GatewayError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? "unknown";
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new GatewayError("STORE_FULL", "no space left for documents", { retryable: true, cause: error });
  }
  return new GatewayError("STORE_UNAVAILABLE", `store: ${doing}: ${code}`, {
    retryable: true,
    details: { errno: code },
    cause: error,
  });
}
