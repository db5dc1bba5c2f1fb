import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ByteBudget } from "../byte-budget.ts";
import { type BlobStore, openFileStore } from "../store/index.ts";
import { BodyBudget, readBody } from "./read-body.ts";
import { receiveUpload } from "./read-upload.ts";

const MIB = 1024 * 1024;
const LIMIT = 4 * MIB;

describe("receiving an upload", () => {
  const root = mkdtempSync(join(tmpdir(), "hocba-upload-"));
  const left = () => readdirSync(join(root, "tmp"));
  let store: BlobStore;
  beforeAll(async () => {
    store = await openFileStore(root);
  });
  afterAll(async () => {
    await store.close();
    rmSync(root, { recursive: true });
  });
  const parts = (inFlight = LIMIT) => ({
    budget: new BodyBudget(inFlight),
    memory: new ByteBudget(LIMIT),
    store,
  });
  /** `mib` pieces of 1 MiB, then perhaps an error; `onPiece` is called before each. */
  function body(mib: number, options: { fails?: boolean; onPiece?: () => void } = {}): Request {
    let sent = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        options.onPiece?.();
        if (sent < mib) controller.enqueue(new Uint8Array(MIB).fill(sent++));
        else if (options.fails) controller.error(new Error("reset"));
        else controller.close();
      },
    });
    return new Request("http://x/", { method: "POST", body: stream, duplex: "half" } as RequestInit);
  }

  it("keeps a large body out of memory: it counts against no budget while it comes, and is the same when read", async () => {
    const { budget, memory, store } = parts(3 * MIB);
    let most = 0;
    const onPiece = () => {
      most = Math.max(most, budget.used);
    };
    const seen = await receiveUpload(body(4, { onPiece }), LIMIT, { budget, memory, store }, async ({ content }) => {
      if (content instanceof Uint8Array) throw new Error("held in memory");
      expect([content.size, budget.used, left().length]).toEqual([4 * MIB, 0, 1]);
      return content.content();
    });
    expect(seen.every((octet, i) => octet === Math.floor(i / MIB))).toBe(true);
    expect(most).toBeLessThan(3 * MIB);
    expect(left()).toEqual([]);
  });

  it("leaves what was kept, and nothing of what was not", async () => {
    const sha256 = await receiveUpload(body(2), LIMIT, parts(), async ({ content }) => {
      if (content instanceof Uint8Array) throw new Error("held in memory");
      await content.keep();
      return content.sha256;
    });
    expect((await store.get(sha256)).length).toBe(2 * MIB);
    await expect(receiveUpload(body(2), LIMIT, parts(), () => Promise.reject(new Error("not wanted")))).rejects.toThrow(
      "not wanted",
    );
    expect(left()).toEqual([]);
  });

  it.each([
    ["is too long", () => body(5), "BODY_TOO_LARGE"],
    ["breaks off", () => body(3, { fails: true }), "REQUEST_INVALID"],
    ["breaks off at once", () => body(0, { fails: true }), "REQUEST_INVALID"],
    ["is empty", () => body(0), "BODY_EMPTY"],
    [
      "is announced too long",
      () => new Request("http://x/", { method: "POST", headers: { "content-length": `${LIMIT + 1}` } }),
      "BODY_TOO_LARGE",
    ],
  ])("refuses one that %s, and leaves nothing behind", async (_, request, code) => {
    const all = parts();
    await expect(receiveUpload(request(), LIMIT, all, async () => "taken")).rejects.toMatchObject({ code });
    expect([left(), all.budget.used, all.memory.used]).toEqual([[], 0, 0]);
  });

  it("holds a large form in memory only while there is room for it, its file once", async () => {
    const all = parts();
    const form = new FormData();
    form.append("profile", "p");
    form.append("file", new File([new Uint8Array(3 * MIB).fill(7)], "a.pdf"));
    const sent = new Request("http://x/", { method: "POST", body: form });
    let end = (): void => {};
    const before = all.memory.within(2 * MIB, () => new Promise<void>((resolve) => (end = resolve)));
    let used = false;
    const done = receiveUpload(sent, LIMIT, all, async ({ content, fields }) => {
      used = true;
      expect(content instanceof Uint8Array && content.length === 3 * MIB && content.every((o) => o === 7)).toBe(true);
      expect([fields.profile, all.budget.used]).toEqual(["p", 0]);
      expect(all.memory.used).toBeGreaterThan(3 * MIB);
    });
    while (all.memory.ahead(3 * MIB) === 0) await new Promise(setImmediate);
    expect(used).toBe(false);
    end();
    await Promise.all([before, done]);
    expect([used, left(), all.memory.used]).toEqual([true, [], 0]);
  });

  it("reads an announced body into one piece of memory, whatever it was announced as", async () => {
    const whole = Uint8Array.from({ length: MIB }, (_, i) => i);
    const request = (length: number) =>
      new Request("http://x/", { method: "POST", body: whole, headers: { "content-length": `${length}` } });
    const budget = new BodyBudget(LIMIT);
    const { bytes, release } = await readBody(request(MIB), LIMIT, budget);
    expect([Buffer.compare(bytes, whole), budget.used]).toEqual([0, MIB]);
    release();
    const short = await readBody(request(MIB + 5), LIMIT, budget);
    expect(Buffer.compare(short.bytes, whole)).toBe(0);
    short.release();
    await expect(readBody(request(MIB - 5), LIMIT, budget)).rejects.toMatchObject({ code: "BODY_TOO_LARGE" });
    expect(budget.used).toBe(0);
  });
});
