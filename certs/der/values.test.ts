import { describe, expect, it } from "vitest";
import { readElement, Tag } from "./element.ts";
import { equalBytes, readTime } from "./values.ts";

const timeOf = (tag: number, text: string): number | null => {
  const octets = Uint8Array.of(tag, text.length, ...Array.from(text, (c) => c.charCodeAt(0)));
  try {
    return readTime(readElement(octets));
  } catch {
    return null;
  }
};

describe("times", () => {
  it("are read alike in their plain form and with the zone spelled out", () => {
    for (const day of ["0101", "0228", "0229", "0230", "0430", "0431", "1231", "1301", "0001", "0100", "0132"]) {
      for (const clock of ["000000", "235959", "240000", "126000", "120060", "1200:0", "12000"]) {
        for (const year of ["2000", "2024", "2025", "1950", "2049", "0099", "9999", "20x5"]) {
          const plain = timeOf(Tag.GENERALIZED_TIME, `${year}${day}${clock}Z`);
          expect(plain).toBe(timeOf(Tag.GENERALIZED_TIME, `${year}${day}${clock}+0000`));
          const utc = timeOf(Tag.UTC_TIME, `${year.slice(2)}${day}${clock}Z`);
          expect(utc).toBe(timeOf(Tag.UTC_TIME, `${year.slice(2)}${day}${clock}+0000`));
        }
      }
    }
    expect(timeOf(Tag.UTC_TIME, "491231235959Z")).toBe(Date.UTC(2049, 11, 31, 23, 59, 59));
    expect(timeOf(Tag.UTC_TIME, "500101000000Z")).toBe(Date.UTC(1950, 0, 1));
    expect(timeOf(Tag.GENERALIZED_TIME, "20240229120000Z")).toBe(Date.UTC(2024, 1, 29, 12));
  });

  it("are refused when they are none", () => {
    for (const text of ["20250229120000Z", "2025022812000Z", "20250228 20000Z", "20250228126000Z", "20251328120000Z"])
      expect(timeOf(Tag.GENERALIZED_TIME, text)).toBeNull();
    expect(timeOf(Tag.UTC_TIME, "20250228120000Z")).toBeNull();
  });
});

describe("octets", () => {
  it("are equal when every one of them is, wherever they lie in memory", () => {
    for (const length of [0, 1, 3, 63, 64, 65, 66, 67, 68, 200]) {
      const memory = Uint8Array.from({ length: length + 3 }, (_, i) => i * 7);
      const a = memory.subarray(3);
      const b = Uint8Array.from(a);
      expect(equalBytes(a, b)).toBe(true);
      expect(equalBytes(a, memory.subarray(2))).toBe(false);
      for (let i = 0; i < length; i++) {
        b[i]! ^= 0x80;
        expect(equalBytes(a, b)).toBe(false);
        b[i]! ^= 0x80;
      }
    }
  });
});
