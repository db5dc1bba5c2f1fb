import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { GatewayError } from "../errors.ts";

/**
 * Reads a secret of this installation, making it at the first start: readable by its owner alone, on the disk before it is used,
 * never replaced. Two processes may start at once on an empty folder: whoever links first has made it.
 * @throws GatewayError STORE_UNAVAILABLE, also when `read` refuses what the file holds
 */
export function secretFile<T>(path: string, make: () => Uint8Array | string, read: (content: Buffer) => T): T {
  try {
    if (!existsSync(path)) create(path, make());
    return read(readFileSync(path));
  } catch (cause) {
    throw new GatewayError("STORE_UNAVAILABLE", `the secret ${path} cannot be read or made`, { cause });
  }
}

function create(path: string, content: Uint8Array | string): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const written = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    synced(openSync(written, "wx", 0o600), (file) => writeFileSync(file, content));
    linkSync(written, path);
    synced(openSync(folder, "r"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(written, { force: true });
  }
}

function synced(file: number, write?: (file: number) => void): void {
  try {
    write?.(file);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
