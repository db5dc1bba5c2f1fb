import { createHash, randomBytes } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Writes a file so that its name never stands for half a content: beside its place, flushed, renamed, folder flushed. */
export async function writeDurably(path: string, content: Uint8Array | string): Promise<void> {
  const written = `${path}.${randomBytes(6).toString("hex")}.part`;
  try {
    const file = await open(written, "wx", 0o600);
    try {
      await file.writeFile(content);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(written, path);
  } catch (error) {
    await rm(written, { force: true }).catch(() => {});
    throw error;
  }
  await flush(dirname(path));
}

/** Brings a file or folder that has been written to the disk. */
export async function flush(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export interface CopiedDocuments {
  documents: number;
  bytes: number;
  /** Those the target did not have. */
  copied: number;
  /** Digests whose content has changed on the disk they were read from. They are not copied. */
  damaged: string[];
}

const FOLDER = /^[0-9a-f]{2}$/;
const REST = /^[0-9a-f]{62}$/;
const AT_ONCE = 8;

/**
 * Copies what a document store holds and `to` lacks. Contents are held against the digest that names them. What `to` has by name
 * and size is left alone, unless `check` wants it read.
 */
export async function copyDocuments(
  from: string,
  to: string,
  onProgress: (folders: number, of: number) => void,
  check = false,
): Promise<CopiedDocuments> {
  const result: CopiedDocuments = { documents: 0, bytes: 0, copied: 0, damaged: [] };
  const folders = (await names(from)).filter((name) => FOLDER.test(name));
  for (const [n, folder] of folders.entries()) {
    const rest = (await names(join(from, folder))).filter((name) => REST.test(name));
    await mkdir(join(to, folder), { recursive: true, mode: 0o700 });
    const copyNext = async (): Promise<void> => {
      for (let name = rest.pop(); name !== undefined; name = rest.pop()) {
        const [source, target] = [join(from, folder, name), join(to, folder, name)];
        const { size } = await stat(source);
        result.documents++;
        result.bytes += size;
        const there = await stat(target).catch(() => null);
        if (there?.size === size && !(check && (await digestOf(target)) !== folder + name)) continue;
        const content = await readFile(source);
        if (createHash("sha256").update(content).digest("hex") !== folder + name) {
          result.damaged.push(folder + name);
          continue;
        }
        await writeDurably(target, content);
        result.copied++;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, copyNext));
    onProgress(n + 1, folders.length);
  }
  if (folders.length === 0) onProgress(0, 0);
  return result;
}

/** SHA-256 of a file in hex. */
export async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  const file = await open(path, "r");
  try {
    for await (const chunk of file.createReadStream()) hash.update(chunk as Uint8Array);
  } finally {
    await file.close();
  }
  return hash.digest("hex");
}

async function names(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
