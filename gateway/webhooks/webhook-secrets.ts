import { createHmac, randomBytes } from "node:crypto";
import { join } from "node:path";
import { secretFile } from "../store/index.ts";

const KEY_BYTES = 32;

/** Secrets of endpoints are derived, not stored: whoever reads the database can sign nothing. */
export interface WebhookSecrets {
  /** `whsec_…` of an endpoint's generation. */
  secretOf(endpointId: string, generation: number): string;
}

/** Opens the key that secrets are derived from, making it at the first start. @throws GatewayError STORE_UNAVAILABLE */
export function openWebhookSecrets(dataDir: string): WebhookSecrets {
  const key = secretFile(join(dataDir, "webhook-key"), () => randomBytes(KEY_BYTES), wholeKey);
  return {
    secretOf: (endpointId, generation) =>
      `whsec_${createHmac("sha256", key).update(`hocba webhook ${endpointId} ${generation}`).digest("base64")}`,
  };
}

function wholeKey(bytes: Buffer): Buffer {
  if (bytes.length !== KEY_BYTES) throw new Error(`${bytes.length} octets`);
  return bytes;
}
