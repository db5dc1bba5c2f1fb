import { createHash } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { readWhole } from "./read-file.ts";
import type { ReceivedBlob } from "./store.ts";

/** Pieces from a socket are small: so many octets go to the disk at once. */
const AT_ONCE = 1024 * 1024;

/** What the file store knows of its folders. */
interface Place {
  /** Flushed once the file is in it. */
  readonly folder: { sync(): Promise<void> };
  readonly path: string;
}

/**
 * Writes pieces to a file beside its place as they come, holding no more than one of `AT_ONCE`. Whatever ends it early removes the file.
 * @throws NodeJS.ErrnoException of the disk, and what `pieces` throws
 */
export async function receiveFile(
  pieces: AsyncIterable<Uint8Array>,
  beside: string,
  placeOf: (sha256: string) => Promise<Place>,
): Promise<ReceivedBlob> {
  const file = await open(beside, "wx+", 0o600);
  const hash = createHash("sha256");
  let size = 0;
  let isOpen = true;
  const drop = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    await file.close().catch(() => {});
    await rm(beside, { force: true });
  };
  try {
    for await (const part of collected(pieces)) {
      hash.update(part);
      for (let at = 0; at < part.length; ) at += (await file.write(part, at, part.length - at, size + at)).bytesWritten;
      size += part.length;
    }
  } catch (error) {
    await drop();
    throw error;
  }
  const sha256 = hash.digest("hex");
  return {
    sha256,
    size,
    content: (place) => readWhole(file, place),
    async keep() {
      const { path, folder } = await placeOf(sha256);
      // It may have waited: it is young from now on, as if it were written now.
      const now = Date.now() / 1000;
      await file.utimes(now, now);
      await file.datasync();
      await rename(beside, path);
      await folder.sync();
      await drop();
    },
    drop,
  };
}

/** The pieces joined to larger ones; each is the receiver's until it asks for the next. */
async function* collected(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(AT_ONCE);
  let held = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + AT_ONCE - held);
      buffer.set(part, held);
      held += part.length;
      at += part.length;
      if (held < AT_ONCE) continue;
      yield buffer;
      held = 0;
    }
  }
  if (held > 0) yield buffer.subarray(0, held);
}
