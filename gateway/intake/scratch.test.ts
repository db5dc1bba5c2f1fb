import { expect, it } from "vitest";
import { Scratch } from "./scratch.ts";

it("gives the same memory to one after the other, and never to two at once", async () => {
  const scratch = new Scratch();
  const used: ArrayBufferLike[] = [];
  const look = async (place: Uint8Array) => {
    used.push(place.buffer);
    await new Promise(setImmediate);
    return place.length;
  };
  expect(await scratch.borrow(1000, look)).toBe(1000);
  expect(await Promise.all([scratch.borrow(900, look), scratch.borrow(800, look)])).toEqual([900, 800]);
  expect(used[1]).toBe(used[0]);
  expect(used[2]).not.toBe(used[0]);
  await expect(scratch.borrow(700, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await scratch.borrow(5000, look)).toBe(5000);
});
