import { describe, expect, it } from "vitest";
import { PdfString } from "./objects.ts";

/** Small reproducible randomness. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** ISO 32000-2 §7.3.4.3, character by character: what is no digit is passed over, a last single digit counts as the high one. */
function plainly(text: string): number[] {
  const digits = [...text].filter((c) => /[0-9a-fA-F]/.test(c)).join("");
  const even = digits.length % 2 ? `${digits}0` : digits;
  return Array.from({ length: even.length / 2 }, (_, i) => Number.parseInt(even.slice(2 * i, 2 * i + 2), 16));
}

describe("a hexadecimal string", () => {
  it("decodes alike in whole and in part, wherever it stands, and tells what does not belong into it", () => {
    const next = generator(7);
    for (let round = 0; round < 4000; round++) {
      let text = "";
      for (let i = next(30); i > 0; i--) {
        const kind = next(12);
        if (kind === 0) text += " \n\r\t\f\0"[next(6)];
        else if (kind === 1 && round % 3 === 0) text += "gG-.<~é/:@`"[next(11)];
        else if (kind === 2) text += "0".repeat(next(80));
        else text += "0123456789abcdefABCDEF"[next(22)]! + "0123456789abcdefABCDEF"[next(22)]!;
      }
      if (next(3) === 0) text += "0123456789abcdef"[next(16)];
      const before = "x".repeat(next(9));
      const source = Uint8Array.from(`${before}<${text}>00>`, (c) => c.charCodeAt(0));
      const string = () => new PdfString(source, before.length, before.length + text.length + 2, true);
      const octets = plainly(text);
      expect([...string().bytes]).toEqual(octets);
      for (const count of [0, 1, 6, octets.length, octets.length + 5])
        expect([...string().prefix(count)]).toEqual(octets.slice(0, count));
      const clean = /^[0-9a-fA-F\0\t\n\f\r ]*$/.test(text);
      expect(string().isCleanHex).toBe(clean);
      const decodedBefore = string();
      decodedBefore.prefix(next(40));
      expect(decodedBefore.isCleanHex).toBe(clean);
    }
  });
});
