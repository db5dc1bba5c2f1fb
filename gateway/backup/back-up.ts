import { randomBytes } from "node:crypto";
import { chmod, copyFile, mkdir, readdir, realpath, rename, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { GatewayError } from "../errors.ts";
import { openDatabase } from "../sqlite/index.ts";
import { openFileStore } from "../store/index.ts";
import { type CopiedDocuments, copyDocuments } from "./copy-documents.ts";
import { DOCUMENTS, MANIFEST, type Manifest, readManifest } from "./manifest.ts";
import { describeFile, flush } from "./state-file.ts";

export interface BackupOptions {
  clock: () => number;
  onProgress?: (done: number, of: number) => void;
}

/**
 * Copies a data folder into `target` while the gateway may go on working. Each database is taken as it stands at one moment, the
 * ledger after those that speak of its documents, and the documents last: so the copy holds every document its ledger knows.
 * A second run into the same target copies only documents it lacks. Interrupted at any point, the target holds the backup before.
 * @throws GatewayError BACKUP_UNREADABLE, STORE_UNAVAILABLE
 */
export async function backUp(dataDir: string, target: string, options: BackupOptions): Promise<CopiedDocuments> {
  try {
    await mkdir(target, { recursive: true, mode: 0o700 });
    await refuseOverlap(dataDir, target);
    const before = await readManifest(target);
    if (before === null && (await readdir(target)).some((name) => name !== DOCUMENTS && !name.startsWith("state-"))) {
      throw new GatewayError("BACKUP_UNREADABLE", `${target} holds something else than a backup`);
    }
    const state = `state-${randomBytes(8).toString("hex")}`;
    await mkdir(join(target, state), { mode: 0o700 });
    const files: Manifest["files"] = {};
    for (const name of await stateFiles(dataDir)) {
      const copy = join(target, state, name);
      if (name.endsWith(".sqlite")) snapshot(join(dataDir, name), copy);
      else await copyFile(join(dataDir, name), copy);
      await chmod(copy, 0o600);
      await flush(copy);
      files[name] = await describeFile(copy);
    }
    const [from, to] = [await openFileStore(join(dataDir, DOCUMENTS)), await openFileStore(join(target, DOCUMENTS))];
    const copied = await copyDocuments(from, to, options.onProgress ?? (() => {})).finally(async () => {
      await from.close();
      await to.close();
    });
    await flush(join(target, state));
    const manifest: Manifest = {
      format: "hocba-backup",
      version: 1,
      at: new Date(options.clock()).toISOString(),
      state,
      files,
    };
    const written = join(target, state, MANIFEST);
    await writeFile(written, `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
    await flush(written);
    await rename(written, join(target, MANIFEST));
    await flush(target);
    for (const name of await readdir(target)) {
      if (name.startsWith("state-") && name !== state) await rm(join(target, name), { recursive: true });
    }
    return copied;
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw new GatewayError("STORE_UNAVAILABLE", `the backup cannot be made: ${(cause as Error).message}`, { cause });
  }
}

/** One moment of a database others are writing to; they are not held up (WAL). */
function snapshot(path: string, copy: string): void {
  const database = openDatabase(path);
  try {
    database.prepare("VACUUM INTO ?").run(copy);
  } finally {
    database.close();
  }
}

/** Databases and secrets at the top of the data folder; the ledger last of the databases. */
async function stateFiles(dataDir: string): Promise<string[]> {
  const entries = await readdir(dataDir, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
  if (!names.includes("ledger.sqlite")) {
    throw new GatewayError(
      "BACKUP_UNREADABLE",
      `${dataDir} is not the data folder of a gateway: it has no ledger.sqlite`,
    );
  }
  const kept = names.filter((name) => /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name) && !/-(wal|shm|journal)$/.test(name));
  const rank = (name: string) => (name === "ledger.sqlite" ? 1 : 0);
  return kept.sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}

async function refuseOverlap(dataDir: string, target: string): Promise<void> {
  const [from, to] = [await realpath(dataDir), await realpath(target)];
  const inside = (a: string, b: string) => !relative(a, b).startsWith("..");
  if (inside(from, to) || inside(to, from)) {
    throw new GatewayError("BACKUP_UNREADABLE", "backup and data folder lie in one another");
  }
}
