import { createPrivateKey, X509Certificate } from "node:crypto";
import { type DevKeyType, generateKey, type SigningKey, signingKey } from "./keys.ts";
import type { PkiStore } from "./store.ts";

/** The private key kept under `name`, made when there is none yet. */
export async function keyOnRecord(store: PkiStore, name: string, type: DevKeyType): Promise<SigningKey> {
  const file = `${name}.key.pem`;
  const known = store.read(file);
  if (known) return signingKey(createPrivateKey(known));
  const key = await generateKey(type);
  store.write(file, key.export({ type: "pkcs8", format: "pem" }).toString(), { secret: true });
  return signingKey(key);
}

/** The certificate kept under `name`, DER, made when there is none yet. */
export async function certificateOnRecord(
  store: PkiStore,
  name: string,
  make: () => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const file = `${name}.crt.pem`;
  const known = store.read(file);
  if (known) return new Uint8Array(new X509Certificate(known).raw);
  const certificate = await make();
  store.write(file, new X509Certificate(certificate).toString());
  return certificate;
}

/** Calls `make` when first asked, and gives the same answer ever after. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make();
    return made;
  };
}
