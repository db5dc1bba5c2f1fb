import { portableCrypto } from "@hocba/certs/crypto";
import { concatBytes, equalBytes } from "@hocba/certs/der";
import type { PdfView } from "../document.ts";
import { integerOf, nameOf, type PdfDict, PdfString, type PdfValue } from "../objects.ts";
import { aesCbcDecrypt, aesCbcEncrypt } from "./aes.ts";
import { rc4 } from "./rc4.ts";

/** Undoes the encryption of one indirect object's strings and streams. */
export interface Decryptor {
  string(num: number, gen: number, data: Uint8Array): Uint8Array;
  stream(num: number, gen: number, data: Uint8Array): Uint8Array;
}

type Method = "none" | "rc4" | "aes-128" | "aes-256";

/** Padding of an empty password (ISO 32000-1 algorithm 2). */
const PADDING = Uint8Array.from(
  "28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a".match(/../g)!.map((h) => Number.parseInt(h, 16)),
);
const ZEROS = new Uint8Array(16);
const md5 = (...parts: Uint8Array[]): Uint8Array => portableCrypto.digest("md5", ...parts);

/**
 * The standard security handler (ISO 32000-2 §7.6.4) with the empty user password, with which every viewer opens a file that
 * only restricts its use. Null when a password is needed or the handler is another; then strings and streams stay ciphertext.
 */
export function standardDecryptor(view: PdfView, id: PdfValue): Decryptor | null {
  const dict = view.dict(view.trailer.get("Encrypt"));
  if (!dict || nameOf(view.get(dict, "Filter")) !== "Standard") return null;
  const version = integerOf(view.get(dict, "V")) ?? 0;
  const revision = integerOf(view.get(dict, "R")) ?? 0;
  const first = view.resolve(view.array(id)?.[0] ?? null);
  const fileId = first instanceof PdfString ? first.bytes : new Uint8Array(0);
  const key =
    version === 5 && (revision === 5 || revision === 6)
      ? aes256Key(view, dict, revision)
      : version >= 1 && version <= 4 && revision >= 2 && revision <= 4
        ? legacyKey(view, dict, revision, fileId)
        : null;
  if (!key) return null;
  const [strings, streams] =
    version >= 4 ? [method(view, dict, "StrF"), method(view, dict, "StmF")] : (["rc4", "rc4"] as const);
  return {
    string: (num, gen, data) => decrypt(strings, key, num, gen, data),
    stream: (num, gen, data) => decrypt(streams, key, num, gen, data),
  };
}

function method(view: PdfView, dict: PdfDict, use: string): Method {
  const name = nameOf(view.get(dict, use)) ?? "Identity";
  const filters = view.dict(dict.get("CF"));
  const filter = filters && view.dict(filters.get(name));
  const cfm = filter ? nameOf(view.get(filter, "CFM")) : null;
  return cfm === "V2" ? "rc4" : cfm === "AESV2" ? "aes-128" : cfm === "AESV3" ? "aes-256" : "none";
}

function text(view: PdfView, dict: PdfDict, key: string, length: number): Uint8Array | null {
  const value = view.get(dict, key);
  return value instanceof PdfString && value.bytes.length >= length ? value.bytes.subarray(0, length) : null;
}

/** Algorithms 2 and 6: the key, when the empty user password is the right one. */
function legacyKey(view: PdfView, dict: PdfDict, revision: number, id: Uint8Array): Uint8Array | null {
  const [o, u] = [text(view, dict, "O", 32), text(view, dict, "U", 32)];
  const p = view.get(dict, "P");
  const bits = revision === 2 ? 40 : (integerOf(view.get(dict, "Length")) ?? 40);
  if (!o || !u || typeof p !== "number" || bits < 40 || bits > 128) return null;
  const size = revision === 4 ? 16 : bits >> 3;
  const permissions = Uint8Array.of(p & 255, (p >> 8) & 255, (p >> 16) & 255, (p >> 24) & 255);
  const open = revision >= 4 && view.get(dict, "EncryptMetadata") === false;
  let key = md5(PADDING, o, permissions, id, open ? new Uint8Array(4).fill(255) : new Uint8Array(0)).subarray(0, size);
  if (revision >= 3) for (let i = 0; i < 50; i++) key = md5(key).subarray(0, size);
  return equalBytes(...userCheck(key, revision, id, u)) ? key : null;
}

function userCheck(key: Uint8Array, revision: number, id: Uint8Array, u: Uint8Array): [Uint8Array, Uint8Array] {
  if (revision === 2) return [rc4(key, PADDING), u];
  let value = rc4(key, md5(PADDING, id));
  for (let i = 1; i <= 19; i++) {
    const step = i;
    value = rc4(
      key.map((octet) => octet ^ step),
      value,
    );
  }
  return [value, u.subarray(0, 16)];
}

/** Algorithm 2.A with the empty user password. */
function aes256Key(view: PdfView, dict: PdfDict, revision: number): Uint8Array | null {
  const [u, ue] = [text(view, dict, "U", 48), text(view, dict, "UE", 32)];
  if (!u || !ue) return null;
  const hash = (salt: Uint8Array) => (revision === 5 ? portableCrypto.digest("sha256", salt) : hardened(salt));
  if (!equalBytes(hash(u.subarray(32, 40)), u.subarray(0, 32))) return null;
  return aesCbcDecrypt(hash(u.subarray(40, 48)), ZEROS, ue);
}

const DIGESTS = ["sha256", "sha384", "sha512"] as const;

/** Algorithm 2.B for the empty password. */
function hardened(salt: Uint8Array): Uint8Array {
  let k = portableCrypto.digest("sha256", salt);
  for (let round = 0; ; round++) {
    const repeated = concatBytes(...Array.from({ length: 64 }, () => k));
    const e = aesCbcEncrypt(k.subarray(0, 16), k.subarray(16, 32), repeated);
    let sum = 0;
    for (let i = 0; i < 16; i++) sum += e[i]!;
    k = portableCrypto.digest(DIGESTS[sum % 3]!, e);
    // The last octet decides on the end and is evenly spread, so this ends; the bound is against a lucky attacker.
    if ((round >= 63 && e[e.length - 1]! <= round + 1 - 32) || round > 400) return k.subarray(0, 32);
  }
}

const SALT = Uint8Array.of(0x73, 0x41, 0x6c, 0x54);

/** Algorithms 1 and 1.A. */
function decrypt(how: Method, key: Uint8Array, num: number, gen: number, data: Uint8Array): Uint8Array {
  if (how === "none") return data;
  if (how === "aes-256") return unpad(key, data);
  const object = Uint8Array.of(num & 255, (num >> 8) & 255, (num >> 16) & 255, gen & 255, (gen >> 8) & 255);
  const own = md5(key, object, how === "aes-128" ? SALT : new Uint8Array(0)).subarray(0, Math.min(key.length + 5, 16));
  return how === "rc4" ? rc4(own, data) : unpad(own, data);
}

function unpad(key: Uint8Array, data: Uint8Array): Uint8Array {
  if (data.length < 32) return new Uint8Array(0);
  const out = aesCbcDecrypt(key, data.subarray(0, 16), data.subarray(16));
  const padding = out[out.length - 1] ?? 0;
  return padding >= 1 && padding <= 16 ? out.subarray(0, out.length - padding) : out;
}
