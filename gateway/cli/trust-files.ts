import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CertsError } from "@hocba/certs";
import type { TrustPin } from "@hocba/certs/trust";

/** The files named and those in the folders named, hidden ones left out; a folder is not searched deeper. */
export function filesIn(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    if (!statSync(path).isDirectory()) return [path];
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => !entry.name.startsWith(".") && !entry.isDirectory())
      .map((entry) => join(path, entry.name))
      .sort();
  });
}

/** What the files hold. One that cannot be read is told of on stderr and left out: it can only make a verdict stricter. */
export function readEach<T>(paths: readonly string[], read: (bytes: Uint8Array) => T[]): T[] {
  return filesIn(paths).flatMap((file) => {
    try {
      return read(readFileSync(file));
    } catch (error) {
      if (!(error instanceof CertsError)) throw error;
      process.stderr.write(`${file}: bỏ qua, không đọc được / left out, cannot be read: ${error.message}\n`);
      return [];
    }
  });
}

/**
 * Writes a pinned certificate under `store`: roots into `anchors`, where `--trust` finds them, the others into
 * `intermediates`, for `--certs`. The file appears whole or not at all. Returns its path.
 */
export function storeCertificate(store: string, pin: TrustPin, der: Uint8Array): string {
  const folder = join(store, pin.kind === "root" ? "anchors" : "intermediates");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${pin.id}.crt`);
  const partial = `${path}.${process.pid}.partial`;
  writeFileSync(partial, der);
  renameSync(partial, path);
  return path;
}
