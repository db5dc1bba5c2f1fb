import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { lookupCode, readLookupCode } from "./lookup-code.ts";

const digest = (n: number) => createHash("sha256").update(`document ${n}`).digest("hex");
const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

describe("a lookup code", () => {
  it("leads back to the digest it was made of", () => {
    for (let n = 0; n < 200; n++) {
      const code = lookupCode(digest(n));
      expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{2}$/);
      expect(readLookupCode(code)).toBe(digest(n).slice(0, 15));
    }
    expect(readLookupCode(lookupCode("0".repeat(64)))).toBe("0".repeat(15));
    expect(readLookupCode(lookupCode("f".repeat(64)))).toBe("f".repeat(15));
  });

  it("is read as people type it", () => {
    const code = lookupCode(digest(1));
    expect(
      readLookupCode(` ${code.toLowerCase().replaceAll("-", " ").replaceAll("0", "o").replaceAll("1", "l")} `),
    ).toBe(digest(1).slice(0, 15));
  });

  it("tells every wrong letter and every exchange of neighbours", () => {
    const code = lookupCode(digest(7)).replaceAll("-", "");
    for (let i = 0; i < code.length; i++) {
      for (const letter of letters) {
        if (letter === code[i]) continue;
        const wrong = code.slice(0, i) + letter + code.slice(i + 1);
        expect(() => readLookupCode(wrong), wrong).toThrow(/mistyped/);
      }
      const [a, b] = [code[i], code[i + 1]];
      if (b === undefined || a === b) continue;
      expect(() => readLookupCode(code.slice(0, i) + b + a + code.slice(i + 2))).toThrow(/mistyped/);
    }
    for (const wrong of ["", "AAAA", `${code}0`, code.replace(/.$/, "U"), "Đ".repeat(14)]) {
      expect(() => readLookupCode(wrong)).toThrow(/mistyped/);
    }
  });
});
