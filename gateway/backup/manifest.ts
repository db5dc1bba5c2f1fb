import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { GatewayError } from "../errors.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** What stands in `manifest.json`, which is written last: a backup without it, or with an older one, is the older one. */
const manifestSchema = z.strictObject({
  format: z.literal("hocba-backup"),
  version: z.literal(1),
  /** ISO 8601. */
  at: z.string(),
  /** Folder of the databases and secrets of this run. */
  state: z.string().regex(/^state-[0-9a-f]{16}$/),
  /** By file name: databases as they stood at one moment each, and the installation's secrets. */
  files: z.record(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/), z.strictObject({ sha256, size: z.number() })),
});

export type Manifest = z.output<typeof manifestSchema>;

export const MANIFEST = "manifest.json";
export const DOCUMENTS = "documents";

/** The manifest of a backup; null when the folder has none. @throws GatewayError BACKUP_UNREADABLE */
export async function readManifest(folder: string): Promise<Manifest | null> {
  let text: string;
  try {
    text = await readFile(join(folder, MANIFEST), "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new GatewayError("BACKUP_UNREADABLE", `${folder} cannot be read`, { cause });
  }
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new GatewayError("BACKUP_UNREADABLE", `${join(folder, MANIFEST)} is not the manifest of a backup`, { cause });
  }
}
