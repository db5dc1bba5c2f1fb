import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { aesCbcDecrypt, aesCbcEncrypt } from "./aes.ts";
import { rc4 } from "./rc4.ts";

describe("AES in CBC mode", () => {
  it.each([128, 192, 256])("agrees with OpenSSL for keys of %i bits", (bits) => {
    for (let length = 16; length <= 4096; length *= 4) {
      const [key, iv, data] = [randomBytes(bits / 8), randomBytes(16), randomBytes(length)];
      const cipher = createCipheriv(`aes-${bits}-cbc`, key, iv).setAutoPadding(false);
      const sealed = Buffer.concat([cipher.update(data), cipher.final()]);
      expect(Buffer.from(aesCbcEncrypt(key, iv, data))).toEqual(sealed);
      expect(Buffer.from(aesCbcDecrypt(key, iv, sealed))).toEqual(data);
      const decipher = createDecipheriv(`aes-${bits}-cbc`, key, iv).setAutoPadding(false);
      expect(Buffer.from(aesCbcDecrypt(key, iv, data))).toEqual(
        Buffer.concat([decipher.update(data), decipher.final()]),
      );
    }
  });
});

describe("RC4", () => {
  it("gives the known key stream (RFC 6229 §2, 40-bit key 0102030405)", () => {
    const stream = rc4(Uint8Array.of(1, 2, 3, 4, 5), new Uint8Array(16));
    expect(Buffer.from(stream).toString("hex")).toBe("b2396305f03dc027ccc3524a0a1118a8");
  });
});
