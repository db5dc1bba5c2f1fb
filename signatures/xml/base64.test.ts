import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { decodeBase64, encodeBase64 } from "./base64.ts";

describe("base64", () => {
  it("gives back what was encoded, on one line or on many", () => {
    for (let size = 0; size < 200; size++) {
      const octets = new Uint8Array(randomBytes(size));
      const text = encodeBase64(octets);
      expect(text).toBe(Buffer.from(octets).toString("base64"));
      expect(decodeBase64(text)).toEqual(octets);
      expect(decodeBase64(`\n ${text.replace(/.{7}/g, "$&\r\n\t")} `)).toEqual(octets);
    }
  });

  it("is refused when a character, the padding or the length is wrong", () => {
    const good = "AAECAwQFBgcICQ==";
    expect(decodeBase64(good)).toEqual(Uint8Array.from({ length: 10 }, (_, i) => i));
    for (let at = 0; at < 14; at++) {
      for (const c of ["-", "_", "=", ".", "é", "\u{ff21}", "\0"]) {
        expect(decodeBase64(good.slice(0, at) + c + good.slice(at + 1)), `${c} at ${at}`).toBeNull();
      }
    }
    for (const text of ["A", "AAAAA", "AA=", "AAA", "AAAA=", "AA===", "=", "AA==AAAA"]) {
      const lenient = text === "AAA";
      expect(decodeBase64(text), text).toEqual(lenient ? decodeBase64("AAA=") : null);
    }
  });
});
