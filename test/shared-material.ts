import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../../shared/", import.meta.url);
const told = new Set<string>();

/**
 * Path of test material with known answers that lies beside the checkout, or null where it is absent; then it says once
 * which suite is skipped. None of that material belongs to the repository.
 */
export function sharedPath(relative: string): string | null {
  const path = fileURLToPath(new URL(relative, root));
  if (existsSync(path)) return path;
  if (!told.has(relative)) console.warn(`test material absent, suite skipped: shared/${relative}`);
  told.add(relative);
  return null;
}
