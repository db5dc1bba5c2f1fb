import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RevocationReason, RevokedEntry } from "./crl.ts";

export type AuthorityName = "root" | "issuing";

type IndexLine =
  | { type: "issued"; authority: AuthorityName; serial: string }
  | {
      type: "revoked";
      authority: AuthorityName;
      serial: string;
      when: string;
      reason: RevocationReason;
      invalidityDate?: string;
    };

/**
 * What the dev PKI remembers: which serials each authority issued and which it revoked, and named files beside them.
 * With a directory it lasts: `index.jsonl` grows by appending, files are put in place by renaming, private keys get mode
 * 0600. Without one it lives in memory.
 */
export class PkiStore {
  private readonly directory: string | null;
  private readonly files = new Map<string, string>();
  private readonly issued: Record<AuthorityName, Set<string>> = { root: new Set(), issuing: new Set() };
  private readonly revoked: Record<AuthorityName, Map<string, RevokedEntry>> = { root: new Map(), issuing: new Map() };

  constructor(directory: string | null) {
    this.directory = directory;
    if (!directory) return;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const index = join(directory, "index.jsonl");
    if (!existsSync(index)) return;
    const lines = readFileSync(index, "utf8").split("\n");
    // A last line without its end was being written when the process died: it was never acknowledged.
    lines.pop();
    for (const line of lines) this.apply(JSON.parse(line) as IndexLine);
  }

  read(name: string): string | null {
    if (!this.directory) return this.files.get(name) ?? null;
    const path = join(this.directory, name);
    return existsSync(path) ? readFileSync(path, "utf8") : null;
  }

  write(name: string, content: string, options: { secret?: boolean } = {}): void {
    if (!this.directory) {
      this.files.set(name, content);
      return;
    }
    const path = join(this.directory, name);
    const mode = options.secret ? 0o600 : 0o644;
    writeFileSync(`${path}.new`, content, { mode });
    chmodSync(`${path}.new`, mode);
    renameSync(`${path}.new`, path);
  }

  recordIssued(authority: AuthorityName, serial: string): void {
    this.append({ type: "issued", authority, serial });
  }

  recordRevoked(authority: AuthorityName, entry: RevokedEntry): void {
    this.append({
      type: "revoked",
      authority,
      serial: entry.serial,
      when: entry.when.toISOString(),
      reason: entry.reason,
      ...(entry.invalidityDate ? { invalidityDate: entry.invalidityDate.toISOString() } : {}),
    });
  }

  authorityOf(serial: string): AuthorityName | null {
    if (this.issued.issuing.has(serial)) return "issuing";
    return this.issued.root.has(serial) ? "root" : null;
  }

  status(authority: AuthorityName, serial: string): "good" | "unknown" | RevokedEntry {
    return this.revoked[authority].get(serial) ?? (this.issued[authority].has(serial) ? "good" : "unknown");
  }

  revokedBy(authority: AuthorityName): RevokedEntry[] {
    return [...this.revoked[authority].values()];
  }

  private append(line: IndexLine): void {
    if (this.directory)
      appendFileSync(join(this.directory, "index.jsonl"), `${JSON.stringify(line)}\n`, { mode: 0o600 });
    this.apply(line);
  }

  private apply(line: IndexLine): void {
    if (line.type === "issued") this.issued[line.authority].add(line.serial);
    else
      this.revoked[line.authority].set(line.serial, {
        serial: line.serial,
        when: new Date(line.when),
        reason: line.reason,
        ...(line.invalidityDate ? { invalidityDate: new Date(line.invalidityDate) } : {}),
      });
  }
}
