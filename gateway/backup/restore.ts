import { copyFile, mkdir, readdir, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { GatewayError } from "../errors.ts";
import { openFileStore } from "../store/index.ts";
import { type CopiedDocuments, copyDocuments } from "./copy-documents.ts";
import { DOCUMENTS, readManifest } from "./manifest.ts";
import { describeFile, flush } from "./state-file.ts";

/**
 * Makes a data folder from a backup. Everything is held against its digest; the folder gets its name when it is whole. What the
 * queue held is not in a backup: the ledger knows what is unfinished.
 * @throws GatewayError BACKUP_TARGET_NOT_EMPTY, BACKUP_UNREADABLE, BACKUP_DAMAGED, STORE_UNAVAILABLE
 */
export async function restore(
  backup: string,
  dataDir: string,
  onProgress: (done: number, of: number) => void = () => {},
): Promise<CopiedDocuments & { at: string }> {
  const manifest = await readManifest(backup);
  if (manifest === null) throw new GatewayError("BACKUP_UNREADABLE", `${backup} holds no finished backup`);
  const target = resolve(dataDir);
  try {
    const present = await readdir(target).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return null;
      throw error;
    });
    if (present !== null && present.length > 0) {
      throw new GatewayError("BACKUP_TARGET_NOT_EMPTY", `${dataDir} is not empty: nothing is ever overwritten`);
    }
    const making = `${target}.restoring`;
    await mkdir(making, { recursive: true, mode: 0o700 });
    for (const [name, { sha256, size }] of Object.entries(manifest.files)) {
      const source = join(backup, manifest.state, name);
      const found = await describeFile(source).catch(() => null);
      if (found?.size !== size || found.sha256 !== sha256) {
        throw new GatewayError("BACKUP_DAMAGED", `${source} is not what was written`, { details: { file: name } });
      }
      await rm(join(making, name), { force: true });
      await copyFile(source, join(making, name));
      await flush(join(making, name));
    }
    const [from, to] = [await openFileStore(join(backup, DOCUMENTS)), await openFileStore(join(making, DOCUMENTS))];
    const copied = await copyDocuments(from, to, onProgress, true).finally(async () => {
      await from.close();
      await to.close();
    });
    await flush(making);
    if (present !== null) await rmdir(target);
    await rename(making, target);
    await flush(dirname(target));
    return { ...copied, at: manifest.at };
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw new GatewayError("STORE_UNAVAILABLE", `the backup cannot be restored: ${(cause as Error).message}`, {
      cause,
    });
  }
}
