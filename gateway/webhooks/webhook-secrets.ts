import { createHmac, randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { GatewayError } from "../errors.ts";

const KEY_BYTES = 32;

/** Secrets of endpoints are derived, not stored: whoever reads the database can sign nothing. */
export interface WebhookSecrets {
  /** `whsec_…` of an endpoint's generation. */
  secretOf(endpointId: string, generation: number): string;
}

/** Opens the key that secrets are derived from, making it at the first start. @throws GatewayError STORE_UNAVAILABLE */
export function openWebhookSecrets(dataDir: string): WebhookSecrets {
  const path = join(dataDir, "webhook-key");
  let key: Uint8Array;
  try {
    if (!existsSync(path)) make(path);
    key = readFileSync(path);
    if (key.length !== KEY_BYTES) throw new Error(`${key.length} octets`);
  } catch (cause) {
    throw new GatewayError("STORE_UNAVAILABLE", `the key for webhooks ${path} cannot be read or made`, { cause });
  }
  return {
    secretOf: (endpointId, generation) =>
      `whsec_${createHmac("sha256", key).update(`hocba webhook ${endpointId} ${generation}`).digest("base64")}`,
  };
}

/** Two gateways may start at once on an empty folder: whoever links first has made the key. */
function make(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const written = `${path}.${randomBytes(6).toString("hex")}`;
  const file = openSync(written, "wx", 0o600);
  try {
    writeSync(file, randomBytes(KEY_BYTES));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    linkSync(written, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(written, { force: true });
  }
}
