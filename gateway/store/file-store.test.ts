import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { storeContract } from "./contract.test-suite.ts";
import { openFileStore } from "./file-store.ts";
import type { BlobStore } from "./store.ts";

/** A real file system of 4 MB, where the tests may mount one. */
function mountSmallDisk(): string | null {
  const folder = mkdtempSync(join(tmpdir(), "hocba-small-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], { stdio: "pipe" });
    return folder;
  } catch {
    console.warn("no right to mount a small disk: the case of the full disk is skipped");
    rmdirSync(folder);
    return null;
  }
}
const smallDisk = mountSmallDisk();

const root = mkdtempSync(join(tmpdir(), "hocba-store-"));
let count = 0;
const fresh = () => join(root, `${++count}`);
afterAll(() => {
  rmSync(root, { recursive: true });
  if (smallDisk === null) return;
  execFileSync("umount", [smallDisk]);
  rmdirSync(smallDisk);
});

storeContract("files", () => openFileStore(fresh()));

describe("the file store", () => {
  const open: BlobStore[] = [];
  afterEach(async () => {
    for (const store of open.splice(0)) await store.close();
  });
  async function opened(folder: string): Promise<BlobStore> {
    const store = await openFileStore(folder);
    open.push(store);
    return store;
  }

  it("notices that a file was changed behind its back", async () => {
    const folder = fresh();
    const store = await opened(folder);
    const sha256 = await store.put(new Uint8Array([1, 2, 3]));
    writeFileSync(join(folder, sha256.slice(0, 2), sha256.slice(2)), new Uint8Array([1, 2, 4]));
    await expect(store.get(sha256)).rejects.toMatchObject({ code: "STORE_DAMAGED" });
  });

  it("leaves nothing behind in its work folder and clears what a killed process left", async () => {
    const folder = fresh();
    const store = await opened(folder);
    await Promise.all(Array.from({ length: 20 }, (_, i) => store.put(new Uint8Array([i]))));
    await store.ping();
    expect(readdirSync(join(folder, "tmp"))).toEqual([]);
    const old = join(folder, "tmp", "1-left");
    const young = join(folder, "tmp", "1-working");
    writeFileSync(old, "half");
    writeFileSync(young, "half");
    utimesSync(old, 1, 1);
    await opened(folder);
    expect(readdirSync(join(folder, "tmp"))).toEqual(["1-working"]);
  });

  it.skipIf(smallDisk === null)("reports a full disk as retryable and stores nothing of it", async () => {
    const folder = smallDisk!;
    const store = await opened(folder);
    await expect(store.put(new Uint8Array(8_000_000).fill(1))).rejects.toMatchObject({
      code: "STORE_FULL",
      retryable: true,
    });
    expect(readdirSync(join(folder, "tmp"))).toEqual([]);
    await expect(store.put(new Uint8Array([1]))).resolves.toMatch(/^[0-9a-f]{64}$/);
  });
});
