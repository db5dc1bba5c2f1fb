import {
  constants,
  createHash,
  generateKeyPairSync,
  getHashes,
  type KeyObject,
  privateEncrypt,
  sign,
} from "node:crypto";
import { describe, expect, it } from "vitest";
import { readWhole } from "../der/element.ts";
import { bitString, der, integer, nullValue, octetString, oid, sequence } from "../der/write.ts";
import {
  type CryptoProvider,
  type DigestAlgorithm,
  digestAlgorithmOf,
  digestLength,
  digestOid,
  LruCache,
  portableCrypto,
  type SignatureAlgorithm,
  signatureAlgorithmOf,
} from "./index.ts";
import { nodeCrypto } from "./node.ts";

const PROVIDERS: readonly (readonly [string, CryptoProvider])[] = [
  ["nodeCrypto", nodeCrypto],
  ["portableCrypto", portableCrypto],
];
const message = new TextEncoder().encode("Học bạ số");
const spkiOf = (key: KeyObject) => new Uint8Array(key.export({ type: "spki", format: "der" }));
const ec = (curve: string) => generateKeyPairSync("ec", { namedCurve: curve });
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const dsa = generateKeyPairSync("dsa", { modulusLength: 2048, divisorLength: 256 });

interface Sample {
  name: string;
  spki: Uint8Array;
  algorithm: SignatureAlgorithm;
  signature: Uint8Array;
}

function samples(): Sample[] {
  const out: Sample[] = [];
  const add = (name: string, publicKey: KeyObject, algorithm: SignatureAlgorithm, signature: Uint8Array) =>
    out.push({ name, spki: spkiOf(publicKey), algorithm, signature: new Uint8Array(signature) });
  for (const digest of ["sha1", "sha256", "sha384", "sha512", "sha3-256"] as const) {
    add(`RSA PKCS #1 ${digest}`, rsa.publicKey, { scheme: "rsa-pkcs1", digest }, sign(digest, message, rsa.privateKey));
    const pss = { key: rsa.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 20 };
    const algorithm = { scheme: "rsa-pss", digest, mgfDigest: digest, saltLength: 20 } as const;
    add(`RSA PSS ${digest}`, rsa.publicKey, algorithm, sign(digest, message, pss));
  }
  for (const curve of [
    "P-256",
    "P-384",
    "P-521",
    "secp224r1",
    "secp256k1",
    "brainpoolP256r1",
    "brainpoolP384r1",
    "brainpoolP512r1",
  ]) {
    const { privateKey, publicKey } = ec(curve);
    for (const [encoding, dsaEncoding] of [
      ["der", "der"],
      ["p1363", "ieee-p1363"],
    ] as const) {
      const signature = sign("sha256", message, { key: privateKey, dsaEncoding });
      add(`ECDSA ${curve} ${encoding}`, publicKey, { scheme: "ecdsa", digest: "sha256", encoding }, signature);
    }
  }
  add(
    "DSA",
    dsa.publicKey,
    { scheme: "dsa", digest: "sha256", encoding: "der" },
    sign("sha256", message, dsa.privateKey),
  );
  for (const curve of ["ed25519", "ed448"] as const) {
    const pair = curve === "ed25519" ? generateKeyPairSync("ed25519") : generateKeyPairSync("ed448");
    add(curve, pair.publicKey, { scheme: "eddsa", curve }, sign(null, message, pair.privateKey));
  }
  return out;
}

describe.each(PROVIDERS)("%s", (_, crypto) => {
  it("accepts good signatures of every scheme, in one chunk or several, and refuses changed ones", {
    timeout: 60_000,
  }, () => {
    for (const { name, spki, algorithm, signature } of samples()) {
      const verify = (chunks: Uint8Array[], value: Uint8Array) => crypto.verify(spki, algorithm, chunks, value);
      expect(verify([message], signature), name).toBe(true);
      expect(verify([message.subarray(0, 3), message.subarray(3)], signature), name).toBe(true);
      const changed = signature.slice();
      changed[signature.length >> 1]! ^= 1;
      expect(verify([message], changed), name).toBe(false);
      expect(verify([message.subarray(1)], signature), name).toBe(false);
      expect(verify([message], new Uint8Array()), name).toBe(false);
      expect(verify([message], signature.subarray(1)), name).toBe(false);
    }
  });

  it("refuses an RSA signature without its leading zeros", () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const pss = { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 20 };
    const algorithm = { scheme: "rsa-pss", digest: "sha256", mgfDigest: "sha256", saltLength: 20 } as const;
    let signature: Buffer;
    do signature = sign("sha256", message, pss);
    while (signature[0] !== 0);
    expect(crypto.verify(spkiOf(publicKey), algorithm, [message], signature)).toBe(true);
    expect(crypto.verify(spkiOf(publicKey), algorithm, [message], signature.subarray(1))).toBe(false);
  });

  it("refuses a key that does not fit the scheme, or is no key", () => {
    const signature = sign("sha256", message, rsa.privateKey);
    const pkcs1: SignatureAlgorithm = { scheme: "rsa-pkcs1", digest: "sha256" };
    expect(crypto.verify(spkiOf(ec("P-256").publicKey), pkcs1, [message], signature)).toBe(false);
    expect(crypto.verify(Uint8Array.of(0x30, 0), pkcs1, [message], signature)).toBe(false);
    expect(crypto.verify(new Uint8Array(), pkcs1, [message], signature)).toBe(false);
  });

  it("refuses PKCS #1 whose digest identifier lacks its NULL, as OpenSSL does", () => {
    const pkcs1: SignatureAlgorithm = { scheme: "rsa-pkcs1", digest: "sha256" };
    const digest = createHash("sha256").update(message).digest();
    const sha256 = oid("2.16.840.1.101.3.4.2.1");
    const signed = (...parameters: Uint8Array[]) =>
      privateEncrypt(
        { key: rsa.privateKey, padding: constants.RSA_PKCS1_PADDING },
        sequence(sequence(sha256, ...parameters), octetString(digest)),
      );
    expect(crypto.verify(spkiOf(rsa.publicKey), pkcs1, [message], signed(nullValue()))).toBe(true);
    expect(crypto.verify(spkiOf(rsa.publicKey), pkcs1, [message], signed())).toBe(false);
  });

  it("does not raise to huge powers for a hostile key", () => {
    const n = (1n << 16_384n) - 1n;
    const key = sequence(
      sequence(oid("1.2.840.113549.1.1.1"), nullValue()),
      bitString(sequence(integer(n), integer((1n << 16_000n) + 1n))),
    );
    const started = performance.now();
    expect(crypto.verify(key, { scheme: "rsa-pkcs1", digest: "sha256" }, [message], new Uint8Array(2048))).toBe(false);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it("cannot judge curves by explicit parameters, and says so", () => {
    const pair = generateKeyPairSync("ec", { namedCurve: "P-256", paramEncoding: "explicit" });
    const signature = sign("sha256", message, pair.privateKey);
    const ask = () =>
      crypto.verify(
        spkiOf(pair.publicKey),
        { scheme: "ecdsa", digest: "sha256", encoding: "der" },
        [message],
        signature,
      );
    expect(ask).toThrow(expect.objectContaining({ code: "ALGORITHM_UNSUPPORTED" }));
  });

  it("keeps the limits an RSASSA-PSS key sets itself", () => {
    const pair = generateKeyPairSync("rsa-pss", {
      modulusLength: 2048,
      hashAlgorithm: "sha256",
      mgf1HashAlgorithm: "sha256",
      // The type declarations call it a string; Node wants a number.
      saltLength: 32 as unknown as string,
    });
    const signature = sign("sha256", message, { key: pair.privateKey, saltLength: 32 });
    const spki = spkiOf(pair.publicKey);
    const pss = { scheme: "rsa-pss", digest: "sha256", mgfDigest: "sha256", saltLength: 32 } as const;
    expect(crypto.verify(spki, pss, [message], signature)).toBe(true);
    expect(crypto.verify(spki, { ...pss, saltLength: 20 }, [message], signature)).toBe(false);
    expect(crypto.verify(spki, { ...pss, digest: "sha1" }, [message], signature)).toBe(false);
    expect(crypto.verify(spki, { scheme: "rsa-pkcs1", digest: "sha256" }, [message], signature)).toBe(false);
  });

  it("makes the digests OpenSSL makes", () => {
    for (const name of Object.keys(digestLength) as DigestAlgorithm[]) {
      const value = crypto.digest(name, message.subarray(0, 2), message.subarray(2));
      expect(value).toHaveLength(digestLength[name]);
      const theirs = name.replace("ripemd160", "rmd160");
      if (getHashes().includes(theirs)) {
        expect(Buffer.from(value).toString("hex")).toBe(createHash(theirs).update(message).digest("hex"));
      }
      expect(digestAlgorithmOf(digestOid(name))).toBe(name);
    }
  });
});

describe("signatureAlgorithmOf", () => {
  it("takes a digest named beside where the identifier names only a key", () => {
    expect(signatureAlgorithmOf("1.2.840.113549.1.1.1", null, "sha384")).toEqual({
      scheme: "rsa-pkcs1",
      digest: "sha384",
    });
    expect(() => signatureAlgorithmOf("1.2.840.113549.1.1.1", null)).toThrow(
      expect.objectContaining({ code: "ALGORITHM_UNSUPPORTED" }),
    );
  });

  it("reads RSASSA-PSS parameters with their defaults, and refuses odd ones", () => {
    const PSS = "1.2.840.113549.1.1.10";
    const read = (...fields: Uint8Array[]) => signatureAlgorithmOf(PSS, readWhole(sequence(...fields)));
    expect(read()).toEqual({ scheme: "rsa-pss", digest: "sha1", mgfDigest: "sha1", saltLength: 20 });
    const sha256 = sequence(oid("2.16.840.1.101.3.4.2.1"));
    const mgf = sequence(oid("1.2.840.113549.1.1.8"), sha256);
    expect(read(der(0xa0, sha256), der(0xa1, mgf), der(0xa2, integer(32)))).toEqual({
      scheme: "rsa-pss",
      digest: "sha256",
      mgfDigest: "sha256",
      saltLength: 32,
    });
    expect(() => read(der(0xa3, integer(2)))).toThrow(expect.objectContaining({ code: "ALGORITHM_UNSUPPORTED" }));
    expect(() => read(der(0xa2, integer(-1)))).toThrow(expect.objectContaining({ code: "DER_MALFORMED" }));
    expect(() => signatureAlgorithmOf(PSS, null)).toThrow(expect.objectContaining({ code: "ALGORITHM_UNSUPPORTED" }));
  });

  it("knows no identifier that happens to be a property of objects", () => {
    for (const odd of ["constructor", "__proto__", "toString"]) {
      expect(() => signatureAlgorithmOf(odd, null)).toThrow(expect.objectContaining({ code: "ALGORITHM_UNSUPPORTED" }));
      expect(() => digestAlgorithmOf(odd)).toThrow(expect.objectContaining({ code: "ALGORITHM_UNSUPPORTED" }));
    }
  });
});

describe("LruCache", () => {
  it("forgets what was used longest ago", () => {
    const cache = new LruCache<string, number>(2);
    cache.set("a", 1);
    cache.set("b", 2);
    cache.get("a");
    cache.set("c", 3);
    expect([cache.get("a"), cache.get("b"), cache.get("c"), cache.size]).toEqual([1, undefined, 3, 2]);
  });
});
