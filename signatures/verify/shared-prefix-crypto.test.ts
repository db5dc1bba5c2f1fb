import { randomBytes } from "node:crypto";
import { type CryptoProvider, portableCrypto } from "@hocba/certs/crypto";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { describe, expect, it } from "vitest";
import { sharedPrefixCrypto } from "./shared-prefix-crypto.ts";

/** Counts the octets that are hashed. */
function counting(crypto: CryptoProvider): { crypto: CryptoProvider; hashed: () => number } {
  let octets = 0;
  const wrap = (state: ReturnType<CryptoProvider["startDigest"]>): ReturnType<CryptoProvider["startDigest"]> => ({
    update: (chunk) => {
      octets += chunk.length;
      state.update(chunk);
    },
    copy: () => wrap(state.copy()),
    digest: () => state.digest(),
  });
  return {
    hashed: () => octets,
    crypto: {
      ...crypto,
      digest: (algorithm, ...chunks) => {
        for (const chunk of chunks) octets += chunk.length;
        return crypto.digest(algorithm, ...chunks);
      },
      startDigest: (algorithm) => wrap(crypto.startDigest(algorithm)),
    },
  };
}

describe.each([
  ["node", nodeCrypto],
  ["portable", portableCrypto],
])("digests with a shared prefix, %s", (_, provider) => {
  const size = 100_000;
  const file = new Uint8Array(randomBytes(size + 7)).subarray(7);

  it("equal the plain ones, whatever is asked in whatever order", () => {
    const shared = sharedPrefixCrypto(provider, file);
    const elsewhere = file.slice();
    const places = [90_000, 20_000, 0, 8_192, 50_001, 50_001, size, 90_000, 64, 89_999, 99_999];
    for (const algorithm of ["sha256", "sha1", "sha3-256"] as const) {
      for (const at of places) {
        for (const chunks of [
          [file.subarray(0, at)],
          [file.subarray(0, at), file.subarray(Math.min(size, at + 500))],
          [file.subarray(0, at), file.subarray(10, 90), file.subarray(0, at)],
          [file.subarray(1, at)],
          [elsewhere.subarray(0, at), file.subarray(at)],
        ]) {
          expect(shared.digest(algorithm, ...chunks)).toEqual(provider.digest(algorithm, ...chunks));
        }
      }
    }
    expect(shared.digest("sha256")).toEqual(provider.digest("sha256"));
  });

  it("never take another view's octets for the document's beginning", () => {
    const shared = sharedPrefixCrypto(provider, file);
    shared.digest("sha256", file.subarray(0, 50_000));
    const whole = new Uint8Array(file.buffer);
    for (const other of [whole.subarray(0, 50_000), whole.subarray(7), new Uint8Array(50_000)]) {
      expect(shared.digest("sha256", other)).toEqual(provider.digest("sha256", other));
    }
  });

  it("hash a file of many revisions about once", () => {
    const { crypto, hashed } = counting(provider);
    const shared = sharedPrefixCrypto(crypto, file);
    for (let end = 10_000; end <= 90_000; end += 10_000) {
      const chunks = [file.subarray(0, end), file.subarray(end + 100, end + 300)];
      expect(shared.digest("sha256", ...chunks)).toEqual(provider.digest("sha256", ...chunks));
    }
    shared.digest("sha256", file);
    expect(hashed()).toBeLessThan(size + 10 * 300);
  });

  it("stay right when there are more places than states are kept for", () => {
    const shared = sharedPrefixCrypto(provider, file);
    for (let i = 0; i < 200; i++) {
      const end = 8_192 + ((i * 7919) % (size - 8_192));
      expect(shared.digest("sha256", file.subarray(0, end))).toEqual(provider.digest("sha256", file.subarray(0, end)));
    }
  });
});
