import { randomBytes } from "node:crypto";
import { readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { StoredBlob } from "./store.ts";

/** Every file of a file store, folder after folder; one that goes meanwhile is left out. */
export async function* listFiles(root: string): AsyncGenerator<StoredBlob> {
  for (const folder of (await readdir(root)).sort()) {
    if (!/^[0-9a-f]{2}$/.test(folder)) continue;
    for (const name of await readdir(join(root, folder))) {
      if (!/^[0-9a-f]{62}$/.test(name)) continue;
      const found = await stat(join(root, folder, name)).catch(ignoreAbsent);
      if (found) yield { sha256: folder + name, size: found.size, putAt: found.mtimeMs };
    }
  }
}

/**
 * Removes a file that was last put before `before`. It is taken out of its place first and judged there: somebody who puts the
 * same content at this moment either made it young, and it goes back, or finds the place empty and fills it.
 */
export async function removeOldFile(path: string, temporary: string, before: number): Promise<boolean> {
  const aside = join(temporary, `${process.pid}-${randomBytes(8).toString("hex")}`);
  const known = await stat(path).catch(ignoreAbsent);
  if (!known || known.mtimeMs >= before) return false;
  try {
    await rename(path, aside);
  } catch (error) {
    ignoreAbsent(error);
    return false;
  }
  if ((await stat(aside)).mtimeMs >= before) {
    await rename(aside, path);
    return false;
  }
  await rm(aside);
  return true;
}

function ignoreAbsent(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
  throw error;
}
