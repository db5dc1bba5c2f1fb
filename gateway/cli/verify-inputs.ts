import { type Dirent, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** Stands for a list of names on standard input. */
export const FROM_STDIN = "-";

/**
 * The files to verify, in the order they are named. A folder stands for all regular files in it and below, sorted by name: whatever
 * their names end in, for a signed file that was renamed must not be passed over; only hidden ones are, and folders behind symbolic
 * links. `-` stands for names read from standard input, one a line, or each ended by NUL as `find -print0` writes them. What cannot
 * be read stays in the list: to say so is the verification's duty.
 */
export async function inputFiles(
  named: readonly string[],
  stdin: AsyncIterable<Uint8Array | string>,
): Promise<string[]> {
  const files: string[] = [];
  for (const name of named) {
    if (name !== FROM_STDIN) files.push(...filesBelow(name));
    else for (const listed of await namesIn(stdin)) files.push(...filesBelow(listed));
  }
  return files;
}

async function namesIn(stdin: AsyncIterable<Uint8Array | string>): Promise<string[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
  const text = Buffer.concat(chunks).toString("utf8");
  return text.split(text.includes("\0") ? "\0" : /\r?\n/).filter((name) => name !== "");
}

function* filesBelow(path: string): Generator<string> {
  if (!isFolder(path)) {
    yield path;
    return;
  }
  const pending = [{ path, folder: true }];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    const entries = at.folder ? entriesOf(at.path) : null;
    if (entries === null) yield at.path;
    else {
      // Last first: a folder's files stand where its name does in the order.
      for (const entry of entries.reverse())
        pending.push({ path: join(at.path, entry.name), folder: entry.isDirectory() });
    }
  }
}

/** Null: cannot be listed. */
function entriesOf(folder: string): Dirent[] | null {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => !entry.name.startsWith(".") && (entry.isDirectory() || isFileOrBroken(folder, entry)))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return null;
  }
}

/** Pipes and devices would never end; a link that leads nowhere is told of as unreadable. */
function isFileOrBroken(folder: string, entry: Dirent): boolean {
  if (!entry.isSymbolicLink()) return entry.isFile();
  const target = statSync(join(folder, entry.name), { throwIfNoEntry: false });
  return target === undefined || target.isFile();
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
