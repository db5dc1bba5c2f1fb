import { describe, expect, it } from "vitest";
import { append, octetsWithRoom } from "./append-room.ts";

const MIB = 1024 * 1024;

function large(): Uint8Array {
  return octetsWithRoom(2 * MIB).fill(1);
}

describe("append", () => {
  it("writes behind a large file without copying it, again and again", () => {
    const file = large();
    const first = append(file, 100).fill(2, file.length);
    const second = append(first, 100).fill(3, first.length);
    expect(first.buffer).toBe(file.buffer);
    expect(second.buffer).toBe(file.buffer);
    expect([file.length, first.length, second.length]).toEqual([2 * MIB, 2 * MIB + 100, 2 * MIB + 200]);
    expect([second[2 * MIB - 1], second[2 * MIB], second[2 * MIB + 100], second.at(-1)]).toEqual([1, 2, 3, 3]);
  });

  it("gives the room away once: the second who appends to the same file gets a copy, and neither sees the other", () => {
    const file = large();
    const one = append(file, 50).fill(2, file.length);
    const other = append(file, 50).fill(3, file.length);
    expect(other.buffer).not.toBe(file.buffer);
    expect([one[2 * MIB - 1], one.at(-1), other[2 * MIB - 1], other.at(-1)]).toEqual([1, 2, 1, 3]);
  });

  it("copies once the room is used up, and the copy has room again", () => {
    const file = large();
    const grown = append(file, 5 * MIB);
    expect(grown.buffer).not.toBe(file.buffer);
    expect(grown.length).toBe(7 * MIB);
    expect(append(grown, 1).buffer).toBe(grown.buffer);
  });

  it("never writes behind what it has not made: a part of a file, or of a pool", () => {
    const file = large();
    for (const head of [file.subarray(0, MIB), file.subarray(1), new Uint8Array(new ArrayBuffer(10), 0, 5)]) {
      expect(append(head, 3).buffer).not.toBe(head.buffer);
    }
    // The room itself is still nobody's.
    expect(append(file, 3).buffer).toBe(file.buffer);
  });

  it("hands out zeros", () => {
    expect(
      append(large(), 1000)
        .subarray(2 * MIB)
        .every((octet) => octet === 0),
    ).toBe(true);
    expect([...append(Uint8Array.of(7), 2)]).toEqual([7, 0, 0]);
  });
});
