import { generateKeyPairSync, sign } from "node:crypto";
import type { SignatureAlgorithm } from "@hocba/certs/crypto";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { describe, expect, it } from "vitest";
import { rememberingCrypto } from "./remembering-crypto.ts";

const rsa: SignatureAlgorithm = { scheme: "rsa-pkcs1", digest: "sha256" };
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const spki = new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
const message = new TextEncoder().encode("Học bạ số");
const signature = new Uint8Array(sign("sha256", message, privateKey));

function counted() {
  let asked = 0;
  const crypto = rememberingCrypto({
    ...nodeCrypto,
    verify: (...question) => {
      asked++;
      return nodeCrypto.verify(...question);
    },
  });
  return { crypto, asked: () => asked };
}

describe("rememberingCrypto", () => {
  it("asks once for the same question, however the message is cut", () => {
    const { crypto, asked } = counted();
    expect(crypto.verify(spki, rsa, [message], signature)).toBe(true);
    expect(crypto.verify(spki, rsa, [message.subarray(0, 3), message.subarray(3)], signature)).toBe(true);
    expect(asked()).toBe(1);
  });

  it("remembers that a signature does not fit", () => {
    const { crypto, asked } = counted();
    const other = message.map((octet) => octet ^ 1);
    for (let i = 0; i < 3; i++) expect(crypto.verify(spki, rsa, [other], signature)).toBe(false);
    expect(asked()).toBe(1);
  });

  it("takes no octet, length or algorithm for another", () => {
    const { crypto, asked } = counted();
    expect(crypto.verify(spki, rsa, [message], signature)).toBe(true);
    expect(crypto.verify(spki, rsa, [message.subarray(1)], signature)).toBe(false);
    expect(crypto.verify(spki, rsa, [message, signature.subarray(0, 1)], signature.subarray(1))).toBe(false);
    expect(crypto.verify(spki, { scheme: "rsa-pkcs1", digest: "sha384" }, [message], signature)).toBe(false);
    expect(asked()).toBe(4);
  });

  it("does not remember what the provider could not judge", () => {
    const { crypto, asked } = counted();
    const dsa: SignatureAlgorithm = { scheme: "eddsa", curve: "ed448" };
    const outcome = () => {
      try {
        return crypto.verify(spki, dsa, [message], signature);
      } catch {
        return "unjudged";
      }
    };
    const first = outcome();
    expect(outcome()).toBe(first);
    expect(asked()).toBe(first === "unjudged" ? 2 : 1);
  });
});
