import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CachedEvidence, type EvidenceCache, MemoryEvidenceCache, sizeOf } from "./evidence-cache.ts";

interface StoredEvidence extends Omit<CachedEvidence, "items"> {
  key: string;
  /** Base64. */
  items: string[];
}

/**
 * Keeps answers in a directory too, so that a restart does not ask everything anew and a school without a line lives on
 * what its issuers still vouch for. One file per answer, put in place by renaming; the oldest leave when it grows too large.
 * Several processes may share the directory. What cannot be read is forgotten: the network has it.
 */
export class FileEvidenceCache implements EvidenceCache {
  private readonly directory: string;
  private readonly maxBytes: number;
  private readonly memory: MemoryEvidenceCache;
  private bytes = 0;

  /** @param maxBytes octets on disk, default 512 MiB; memory holds an eighth of it at most */
  constructor(directory: string, maxBytes = 512 * 1024 * 1024) {
    this.directory = directory;
    this.maxBytes = maxBytes;
    this.memory = new MemoryEvidenceCache(maxBytes / 8);
    mkdirSync(directory, { recursive: true });
    this.prune();
  }

  get(key: string): CachedEvidence | undefined {
    const known = this.memory.get(key);
    if (known) return known;
    const path = this.pathOf(key);
    try {
      const { key: storedKey, items, ...rest } = JSON.parse(readFileSync(path, "utf8")) as StoredEvidence;
      if (storedKey !== key) return undefined;
      const evidence = { ...rest, items: items.map((i) => new Uint8Array(Buffer.from(i, "base64"))) };
      this.memory.set(key, evidence);
      const now = new Date();
      utimesSync(path, now, now);
      return evidence;
    } catch {
      // Absent, cut short by a full disk, or pruned by another process: all mean "not kept".
      return undefined;
    }
  }

  set(key: string, evidence: CachedEvidence): void {
    this.memory.set(key, evidence);
    const { items, ...rest } = evidence;
    const stored: StoredEvidence = { ...rest, key, items: items.map((i) => Buffer.from(i).toString("base64")) };
    const path = this.pathOf(key);
    const temporary = `${path}.${process.pid}.new`;
    try {
      writeFileSync(temporary, JSON.stringify(stored));
      renameSync(temporary, path);
    } catch {
      // A full or read-only disk costs the copy, not the answer, which is in memory.
      rmSync(temporary, { force: true });
      return;
    }
    this.bytes += sizeOf(evidence) * (4 / 3);
    if (this.bytes > this.maxBytes) this.prune();
  }

  private pathOf(key: string): string {
    return join(this.directory, `${createHash("sha256").update(key).digest("hex")}.json`);
  }

  private prune(): void {
    const files = readdirSync(this.directory)
      .filter((name) => name.endsWith(".json") || name.endsWith(".new"))
      .flatMap((name) => {
        const stat = statSync(join(this.directory, name), { throwIfNoEntry: false });
        return stat ? [{ path: join(this.directory, name), size: stat.size, time: stat.mtimeMs }] : [];
      })
      .sort((a, b) => a.time - b.time);
    this.bytes = files.reduce((sum, f) => sum + f.size, 0);
    for (const file of files) {
      // Room for a fifth more, so that a full cache is not read through at every answer.
      if (this.bytes <= this.maxBytes * 0.8) break;
      rmSync(file.path, { force: true });
      this.bytes -= file.size;
    }
  }
}
