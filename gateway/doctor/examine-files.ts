import type { Ledger } from "../ledger/index.ts";
import { sqliteDriver } from "../sqlite/index.ts";
import type { BlobStore } from "../store/index.ts";

const PAGE = 500;
const DAY_MS = 86_400_000;

export interface FileParts {
  ledger: Pick<Ledger, "documents">;
  store: Pick<BlobStore, "list" | "removeOld">;
  /** Further files somebody needs: pages of digests after `after`, in their order. */
  kept: readonly ((after: string, limit: number) => string[])[];
  clock: () => number;
}

/** Files that no document leads to: what was sent and refused, revisions between two signatures, what a crash left. */
export interface UnreferencedFiles {
  files: number;
  bytes: number;
  /** Those of them that are older than a day. */
  old: { files: number; bytes: number };
  removed: { files: number; bytes: number };
}

/**
 * Looks for files that nothing leads to. With `remove`, those older than a day go: what is younger may belong to a document that is
 * just being taken in. Uses memory for a page at a time, whatever the store holds. @throws GatewayError
 */
export async function examineFiles(parts: FileParts, remove: boolean): Promise<UnreferencedFiles> {
  // The empty name: a file of SQLite's own that goes with the connection.
  const database = new sqliteDriver("");
  try {
    database.exec("CREATE TABLE needed (sha256 BLOB PRIMARY KEY) WITHOUT ROWID");
    const add = database.prepare("INSERT OR IGNORE INTO needed VALUES (?)");
    const addAll = database.transaction((digests: readonly string[]) => {
      for (const sha256 of digests) add.run(Buffer.from(sha256, "hex"));
    });
    for await (const page of needed(parts)) addAll(page);
    const isNeeded = database.prepare<[Buffer], { one: number }>("SELECT 1 AS one FROM needed WHERE sha256 = ?");
    const found: UnreferencedFiles = {
      files: 0,
      bytes: 0,
      old: { files: 0, bytes: 0 },
      removed: { files: 0, bytes: 0 },
    };
    const before = parts.clock() - DAY_MS;
    for await (const { sha256, size, putAt } of parts.store.list()) {
      if (isNeeded.get(Buffer.from(sha256, "hex"))) continue;
      count(found, size);
      if (putAt >= before) continue;
      count(found.old, size);
      if (remove && (await parts.store.removeOld(sha256, before))) count(found.removed, size);
    }
    return found;
  } finally {
    database.close();
  }
}

function count(sum: { files: number; bytes: number }, size: number): void {
  sum.files++;
  sum.bytes += size;
}

async function* needed({ ledger, kept }: FileParts): AsyncGenerator<string[]> {
  for (let before: string | undefined; ; ) {
    const page = await ledger.documents.list({ limit: PAGE, ...(before === undefined ? {} : { before }) });
    const digests: string[] = [];
    for (const { id, sha256, currentSha256, state } of page) {
      digests.push(sha256, currentSha256, ...(await ledger.documents.earlierIssues(id)));
      if (state === "signed" || state === "withdrawn" || state === "superseded") continue;
      // A document on its way may go back to what it was between two signatures.
      const { signatures } = (await ledger.documents.dossier(id))!;
      for (const { inputSha256, outputSha256 } of signatures) {
        digests.push(inputSha256, ...(outputSha256 === null ? [] : [outputSha256]));
      }
    }
    yield digests;
    if (page.length < PAGE) break;
    before = page.at(-1)!.id;
  }
  for (const pageAfter of kept) {
    for (let after = ""; ; ) {
      const page = pageAfter(after, PAGE);
      yield page;
      if (page.length < PAGE) break;
      after = page.at(-1)!;
    }
  }
}
