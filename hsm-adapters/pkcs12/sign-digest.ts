import { constants, createHash, type KeyObject, privateEncrypt, randomBytes } from "node:crypto";
import { p256 } from "@noble/curves/nist.js";
import { digestInfo, ecdsaSigValue } from "../pkcs11/mechanisms.ts";
import type { SigningAlgorithm } from "../signer.ts";

/** MGF1 with SHA-256 (RFC 8017 §B.2.1). */
function mgf1(seed: Uint8Array, length: number): Buffer {
  const blocks: Buffer[] = [];
  for (let i = 0; i * 32 < length; i++) {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(i);
    blocks.push(createHash("sha256").update(seed).update(counter).digest());
  }
  return Buffer.concat(blocks).subarray(0, length);
}

/** EMSA-PSS-ENCODE with SHA-256 and a salt of 32 octets (RFC 8017 §9.1.1). */
function emsaPss(digest: Uint8Array, modulusBits: number, salt: Uint8Array): Buffer {
  const emBits = modulusBits - 1;
  const emLength = Math.ceil(emBits / 8);
  const hash = createHash("sha256").update(Buffer.alloc(8)).update(digest).update(salt).digest();
  const dataBlock = Buffer.alloc(emLength - hash.length - 1);
  dataBlock[dataBlock.length - salt.length - 1] = 1;
  dataBlock.set(salt, dataBlock.length - salt.length);
  const mask = mgf1(hash, dataBlock.length);
  for (let i = 0; i < dataBlock.length; i++) dataBlock[i] = dataBlock[i]! ^ mask[i]!;
  dataBlock[0] = dataBlock[0]! & (0xff >> (8 * emLength - emBits));
  return Buffer.concat([dataBlock, hash, Buffer.of(0xbc)]);
}

/**
 * Signs a ready-made digest with a key in memory. node:crypto takes whole messages only (the digest would be hashed
 * again), so the padding is made here; ECDSA comes from @noble/curves with deterministic nonces (RFC 6979).
 */
export function signDigest(key: KeyObject, algorithm: SigningAlgorithm, digest: Uint8Array): Uint8Array {
  switch (algorithm) {
    case "rsa-pkcs1-sha256":
      return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, digestInfo(digest));
    case "rsa-pss-sha256": {
      const bits = key.asymmetricKeyDetails!.modulusLength!;
      const encoded = emsaPss(digest, bits, randomBytes(32));
      const whole = Buffer.concat([Buffer.alloc(Math.ceil(bits / 8) - encoded.length), encoded]);
      return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, whole);
    }
    case "ecdsa-p256-sha256": {
      const secret = Buffer.from(key.export({ format: "jwk" }).d!, "base64url");
      return ecdsaSigValue(p256.sign(digest, secret, { prehash: false, lowS: false }));
    }
  }
}
