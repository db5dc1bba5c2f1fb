import { createHash, randomBytes } from "node:crypto";
import { GatewayError } from "../errors.ts";
import type { ApiKey, Ledger, Scope } from "../ledger/index.ts";
import { newId } from "../new-id.ts";

const shape = /^hocba_[A-Za-z0-9_-]{43}$/;

/** SHA-256 in hex of a secret. The secret has 256 random bits: a slow hash would only slow us down. */
export function hashSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** Makes a key and registers its hash. The secret is in the answer and nowhere else. */
export async function mintApiKey(
  ledger: Ledger,
  request: { school: string | null; scopes: readonly Scope[]; label: string; actor: string; now: number },
  random: (size: number) => Uint8Array = randomBytes,
): Promise<{ id: string; secret: string }> {
  if (request.school !== null && (await ledger.registry.school(request.school)) === null) {
    throw new GatewayError("SCHOOL_UNKNOWN", `school ${request.school} is not registered`);
  }
  const secret = `hocba_${Buffer.from(random(32)).toString("base64url")}`;
  const id = newId("key", request.now);
  await ledger.registry.addApiKey(
    {
      id,
      secretHash: hashSecret(secret),
      school: request.school,
      scopes: request.scopes,
      label: request.label,
      createdAt: request.now,
    },
    request.actor,
  );
  return { id, secret };
}

/**
 * The key behind an Authorization header. Looked up by hash: the time it takes tells nothing about the secret.
 * @throws GatewayError UNAUTHENTICATED
 */
export async function authenticate(ledger: Ledger, authorization: string | undefined): Promise<ApiKey> {
  const secret = /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
  if (secret !== undefined && shape.test(secret)) {
    const key = await ledger.registry.apiKeyByHash(hashSecret(secret));
    if (key !== null && key.revokedAt === null) return key;
  }
  throw new GatewayError("UNAUTHENTICATED", "no valid API key");
}

/** @throws GatewayError FORBIDDEN_SCOPE */
export function requireScope(key: ApiKey, scope: Scope): void {
  if (key.scopes.includes(scope) || key.scopes.includes("admin")) return;
  throw new GatewayError("FORBIDDEN_SCOPE", `the key lacks the scope ${scope}`, { details: { scope } });
}
