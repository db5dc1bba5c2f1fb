import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { BlobStore } from "./store.ts";

/** What every store must hold to. */
export function storeContract(name: string, open: () => Promise<BlobStore>): void {
  describe(`store contract: ${name}`, () => {
    let store: BlobStore;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.close());
    const content = new TextEncoder().encode("Học bạ số");
    const address = createHash("sha256").update(content).digest("hex");

    it("gives back what was put, under its SHA-256", async () => {
      expect(await store.put(content)).toBe(address);
      expect(Buffer.from(await store.get(address)).equals(content)).toBe(true);
      expect(await store.has(address)).toBe(true);
    });

    it("takes the same content many times at once", async () => {
      expect(new Set(await Promise.all(Array.from({ length: 30 }, () => store.put(content)))).size).toBe(1);
      expect(Buffer.from(await store.get(address)).equals(content)).toBe(true);
    });

    it("keeps empty and large contents", async () => {
      const large = new Uint8Array(3_000_000).fill(7);
      for (const each of [new Uint8Array(0), large]) {
        expect(Buffer.from(await store.get(await store.put(each))).equals(each)).toBe(true);
      }
    });

    it("receives what comes in pieces, reads it back before it is kept, and gives it in pieces", async () => {
      const pieces = Array.from({ length: 40 }, (_, i) => new Uint8Array(100_000 + i).fill(i));
      const whole = Buffer.concat(pieces);
      const received = await store.receive(arriving(pieces));
      expect([received.sha256, received.size]).toEqual([
        createHash("sha256").update(whole).digest("hex"),
        whole.length,
      ]);
      expect(Buffer.from(await received.content()).equals(whole)).toBe(true);
      const place = new Uint8Array(received.size).fill(255);
      expect(await received.content(place)).toBe(place);
      expect(Buffer.compare(place, whole)).toBe(0);
      expect(await store.has(received.sha256)).toBe(false);
      await received.keep();
      await received.drop();
      expect(Buffer.from(await store.get(received.sha256)).equals(whole)).toBe(true);
      const reader = await store.read(received.sha256);
      const got = [];
      for await (const piece of reader.pieces) got.push(piece);
      expect(reader.size).toBe(whole.length);
      expect(got.length).toBeGreaterThan(1);
      expect(Buffer.concat(got).equals(whole)).toBe(true);
    });

    it("forgets what it received and was not told to keep, and passes on why it broke off", async () => {
      const received = await store.receive(arriving([content]));
      await received.drop();
      await received.drop();
      expect(await store.has(address)).toBe(false);
      const broken = (async function* () {
        yield content;
        throw new Error("the sender is gone");
      })();
      await expect(store.receive(broken)).rejects.toThrow("the sender is gone");
      const nothing = await store.receive(arriving([]));
      expect(nothing.size).toBe(0);
      await nothing.drop();
    });

    it("says what it does not hold", async () => {
      await expect(store.read("0".repeat(64))).rejects.toMatchObject({ code: "STORE_MISSING" });
      expect(await store.has("0".repeat(64))).toBe(false);
      await expect(store.get("0".repeat(64))).rejects.toMatchObject({ code: "STORE_MISSING" });
    });

    it("takes nothing but a digest for an address", async () => {
      for (const bad of ["../../etc/passwd", "", "A".repeat(64), `${address}/x`]) {
        await expect(store.get(bad)).rejects.toMatchObject({ code: "STORE_MISSING" });
      }
    });

    it("lists everything it holds, and removes what is old, never what was just put again", async () => {
      const other = await store.put(new TextEncoder().encode("khác"));
      const before = Date.now();
      await store.put(content);
      await new Promise((resolve) => setTimeout(resolve, 30));
      const found = [];
      for await (const each of store.list()) found.push(each);
      expect(found.map(({ sha256 }) => sha256).sort()).toEqual([address, other].sort());
      const own = found.find(({ sha256 }) => sha256 === address)!;
      expect(own.size).toBe(content.length);
      expect(Math.abs(own.putAt - before)).toBeLessThan(5000);
      expect(await store.removeOld(address, own.putAt)).toBe(false);
      const later = own.putAt + 10;
      await store.put(content);
      expect(await store.removeOld(address, later), "put again meanwhile").toBe(false);
      expect(await store.removeOld(address, Date.now() + 1000)).toBe(true);
      expect(await store.has(address)).toBe(false);
      expect(await store.has(other)).toBe(true);
      expect(await store.removeOld(address, Date.now() + 1000)).toBe(false);
      await store.put(content);
      expect(Buffer.from(await store.get(address)).equals(content)).toBe(true);
    });

    it("answers a ping", async () => {
      await expect(store.ping()).resolves.toBeUndefined();
    });
  });
}

async function* arriving(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    await Promise.resolve();
    // What a socket hands out may be used again by it.
    yield Uint8Array.from(piece);
  }
}
