import { createPublicKey, type KeyObject, sign, verify } from "node:crypto";

/** The public half of the gateway's own key as JWK (RFC 8037), `kid` its thumbprint (RFC 7638). */
export interface ReceiptKey {
  kty: "OKP";
  crv: "Ed25519";
  x: string;
  kid: string;
  use: "sig";
  alg: "EdDSA";
}

/** A JWS in compact form (RFC 7515) with EdDSA (RFC 8037). */
export function signJws(type: string, payload: unknown, privateKey: KeyObject, kid: string): string {
  const input = `${encode({ alg: "EdDSA", kid, typ: type })}.${encode(payload)}`;
  return `${input}.${sign(null, Buffer.from(input), privateKey).toString("base64url")}`;
}

/** The payload of a JWS that `key` has signed, else null. */
export function readReceipt(receipt: string, key: ReceiptKey): Record<string, unknown> | null {
  const [head, payload, value, ...rest] = receipt.split(".");
  if (!head || !payload || !value || rest.length > 0) return null;
  const publicKey = createPublicKey({ key: { kty: key.kty, crv: key.crv, x: key.x }, format: "jwk" });
  if (!verify(null, Buffer.from(`${head}.${payload}`), publicKey, Buffer.from(value, "base64url"))) return null;
  return JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
