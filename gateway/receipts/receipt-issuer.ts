import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";
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
import { join } from "node:path";
import { GatewayError } from "../errors.ts";
import type { DocumentRecord, SignatureRecord, StepRecord } from "../ledger/index.ts";
import { type ReceiptKey, signJws } from "./jws.ts";

export interface ReceiptIssuer {
  /** A JWS in compact form (RFC 7515) that says what was received, who signed when, and what came out. */
  issue(
    document: DocumentRecord,
    steps: readonly StepRecord[],
    signatures: readonly SignatureRecord[],
    verdict: { indication: string; policy: string; at: number },
  ): Promise<string>;
  /** A signed statement about the status of a document. */
  statement(payload: Record<string, unknown>): string;
  readonly key: ReceiptKey;
}

/** Opens the gateway's Ed25519 key in `dataDir`, making it at the first start. @throws GatewayError STORE_UNAVAILABLE */
export function openReceiptIssuer(dataDir: string): ReceiptIssuer {
  const privateKey = keyAt(join(dataDir, "receipt-key.pem"));
  const { x } = createPublicKey(privateKey).export({ format: "jwk" }) as { x: string };
  const thumbprint = createHash("sha256").update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`).digest("base64url");
  const key: ReceiptKey = { kty: "OKP", crv: "Ed25519", x, kid: thumbprint, use: "sig", alg: "EdDSA" };
  return {
    key,
    async issue(document, steps, signatures, verdict) {
      const byStep = new Map(signatures.map((signature) => [signature.stepId, signature]));
      const payload = {
        iss: "hocba-gateway",
        iat: Math.floor(verdict.at / 1000),
        sub: document.id,
        school: document.school,
        externalId: document.externalId,
        profile: document.profile,
        received: { sha256: document.sha256, at: new Date(document.createdAt).toISOString() },
        signed: { sha256: document.currentSha256, verdict: verdict.indication, policy: verdict.policy },
        signatures: steps.map((step) => {
          const signature = byStep.get(step.id);
          return {
            step: step.id,
            role: step.role,
            binding: step.bindingId,
            level: signature?.level ?? null,
            signingTime: signature === undefined ? null : new Date(signature.signingTime).toISOString(),
            stampedAt: signature?.stampedAt ? new Date(signature.stampedAt).toISOString() : null,
            tsa: signature?.tsa ?? null,
          };
        }),
      };
      return signJws("hocba-receipt+jwt", payload, privateKey, thumbprint);
    },
    statement: (payload) => signJws("hocba-status+jwt", payload, privateKey, thumbprint),
  };
}

function keyAt(path: string): KeyObject {
  try {
    if (!existsSync(path)) make(path);
    return createPrivateKey(readFileSync(path));
  } catch (error) {
    throw new GatewayError("STORE_UNAVAILABLE", `the gateway's key ${path} cannot be read or made`, { cause: error });
  }
}

/** Gateway and worker may start at once on an empty folder: whoever links first has made the key. */
function make(path: string): void {
  mkdirSync(join(path, ".."), { recursive: true, mode: 0o700 });
  const written = `${path}.${randomBytes(6).toString("hex")}`;
  const pem = generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" });
  const file = openSync(written, "wx", 0o600);
  try {
    writeSync(file, pem as string);
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
