import { closeSync, fdatasync, fstatSync, fsync, openSync, readSync, renameSync, rmSync, writeSync } from "node:fs";

/**
 * Up to this many octets a file goes to and from the page cache in less time than a thread is woken in; only flushing waits for the disk,
 * and that is done beside the event loop.
 */
export const SMALL = 1024 * 1024;

/** Writes beside the place, flushes, renames, flushes the folder, as for files of any size. @throws NodeJS.ErrnoException */
export async function putSmallFile(content: Uint8Array, beside: string, target: string, folder: number): Promise<void> {
  let file: number | null = openSync(beside, "wx", 0o600);
  try {
    for (let at = 0; at < content.length; ) at += writeSync(file, content, at);
    await flushed(fdatasync, file);
    closeSync(file);
    file = null;
    renameSync(beside, target);
    await flushed(fsync, folder);
  } catch (error) {
    if (file !== null) closeSync(file);
    rmSync(beside, { force: true });
    throw error;
  }
}

/** null: not small. @throws NodeJS.ErrnoException */
export function getSmallFile(path: string): Uint8Array | null {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    if (size > SMALL) return null;
    const content = new Uint8Array(size);
    let at = 0;
    while (at < size) {
      const read = readSync(file, content, at, size - at, at);
      if (read === 0) break;
      at += read;
    }
    return content.subarray(0, at);
  } finally {
    closeSync(file);
  }
}

function flushed(flush: typeof fsync, file: number): Promise<void> {
  return new Promise((resolve, reject) => {
    flush(file, (error) => (error ? reject(error) : resolve()));
  });
}
