/** One fetched answer, as kept. */
export interface CachedEvidence {
  readonly items: readonly Uint8Array[];
  readonly fetchedAt: number;
  /** May be used without asking again until then. Milliseconds since 1970. */
  readonly freshUntil: number;
  /** What its issuer vouches for; null when nothing says. */
  readonly nextUpdate: number | null;
  readonly etag: string | null;
  readonly lastModified: string | null;
}

/** Where the fetcher keeps answers. Keys are opaque; an implementation may forget anything at any time. */
export interface EvidenceCache {
  get(key: string): CachedEvidence | undefined;
  set(key: string, evidence: CachedEvidence): void;
}

export const sizeOf = (evidence: CachedEvidence): number =>
  evidence.items.reduce((sum, item) => sum + item.length, 512);

/** Keeps answers in memory, the least recently used ones leave first. */
export class MemoryEvidenceCache implements EvidenceCache {
  private readonly entries = new Map<string, CachedEvidence>();
  private readonly maxBytes: number;
  private bytes = 0;

  /** @param maxBytes octets of evidence kept, default 64 MiB */
  constructor(maxBytes = 64 * 1024 * 1024) {
    this.maxBytes = maxBytes;
  }

  get(key: string): CachedEvidence | undefined {
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry;
  }

  set(key: string, evidence: CachedEvidence): void {
    const size = sizeOf(evidence);
    const known = this.entries.get(key);
    if (known) {
      this.bytes -= sizeOf(known);
      this.entries.delete(key);
    }
    if (size > this.maxBytes) return;
    for (const [oldest, entry] of this.entries) {
      if (this.bytes + size <= this.maxBytes) break;
      this.entries.delete(oldest);
      this.bytes -= sizeOf(entry);
    }
    this.entries.set(key, evidence);
    this.bytes += size;
  }
}
