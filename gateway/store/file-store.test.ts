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

  it("gives no last piece of a file that was changed behind its back, before or while it is read", async () => {
    const folder = fresh();
    const store = await opened(folder);
    const sha256 = await store.put(new Uint8Array(1_700_000));
    const reader = await store.read(sha256);
    const got: Uint8Array[] = [];
    const reading = async () => {
      for await (const piece of reader.pieces) {
        if (got.length === 0)
          writeFileSync(join(folder, sha256.slice(0, 2), sha256.slice(2)), Buffer.alloc(1_700_000, 1));
        got.push(piece);
      }
    };
    await expect(reading()).rejects.toMatchObject({ code: "STORE_DAMAGED" });
    expect(got.reduce((sum, piece) => sum + piece.length, 0)).toBeLessThan(1_700_000);
    await expect(store.read(sha256)).rejects.toMatchObject({ code: "STORE_DAMAGED" });
  });

  it("leaves nothing behind of what it received and was not to keep, or what broke off", async () => {
    const folder = fresh();
    const store = await opened(folder);
    const two = async function* (fails: boolean) {
      yield new Uint8Array(2_000_000);
      if (fails) throw new Error("broken off");
    };
    const received = await store.receive(two(false));
    expect(readdirSync(join(folder, "tmp"))).toHaveLength(1);
    await received.drop();
    await expect(store.receive(two(true))).rejects.toThrow("broken off");
    expect(readdirSync(join(folder, "tmp"))).toEqual([]);
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
    const arriving = (async function* () {
      for (let i = 0; i < 80; i++) yield new Uint8Array(100_000).fill(i);
    })();
    await expect(store.receive(arriving)).rejects.toMatchObject({ code: "STORE_FULL", retryable: true });
    expect(readdirSync(join(folder, "tmp"))).toEqual([]);
    await expect(store.put(new Uint8Array([1]))).resolves.toMatch(/^[0-9a-f]{64}$/);
  });
});
