import type { FileHandle } from "node:fs/promises";
import { octetsWithRoom } from "@hocba/signatures/pdf";

/** One read takes no more: the answer to another document need not wait for all of a large one. */
const AT_ONCE = 8 * 1024 * 1024;

/**
 * A file from its begin to its end as it is now: into `place`, which it must fill, or with room for revisions that are appended.
 * @throws NodeJS.ErrnoException
 */
export async function readWhole(file: FileHandle, place?: Uint8Array): Promise<Uint8Array> {
  const size = place?.length ?? (await file.stat()).size;
  const content = place ?? octetsWithRoom(size);
  let at = 0;
  while (at < size) {
    const { bytesRead } = await file.read(content, at, Math.min(size - at, AT_ONCE), at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return at === size ? content : content.subarray(0, at);
}
