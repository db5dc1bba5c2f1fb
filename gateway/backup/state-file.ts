import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import type { Manifest } from "./manifest.ts";

/** What the manifest says of a file. */
export async function describeFile(path: string): Promise<Manifest["files"][string]> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return { sha256: hash.digest("hex"), size: (await stat(path)).size };
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
