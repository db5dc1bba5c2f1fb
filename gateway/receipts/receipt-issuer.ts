import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import type { DocumentRecord, SignatureRecord, StepRecord } from "../ledger/index.ts";
import { secretFile } from "../store/index.ts";
import { type ReceiptKey, readReceipt, signJws } from "./jws.ts";

export interface ReceiptIssuer {
  /** A JWS in compact form (RFC 7515) that says what was received, who signed when, and what came out. */
  issue(
    document: DocumentRecord,
    steps: readonly StepRecord[],
    signatures: readonly SignatureRecord[],
    verdict: { indication: string; policy: string; at: number },
  ): Promise<string>;
  /**
   * The receipt with the evidence record of the document, which comes later than the receipt (RFC 4998; DER in base64). One that
   * another key has signed stays as it is.
   */
  withEvidence(
    receipt: string,
    evidence: { sha256: string; record: Uint8Array | null; provenAt: number | null },
  ): string;
  /** A signed statement about the status of a document. */
  statement(payload: Record<string, unknown>): string;
  readonly key: ReceiptKey;
}

/** Opens the gateway's Ed25519 key in `dataDir`, making it at the first start. @throws GatewayError STORE_UNAVAILABLE */
export function openReceiptIssuer(dataDir: string): ReceiptIssuer {
  const privateKey = secretFile(join(dataDir, "receipt-key.pem"), newKey, createPrivateKey);
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
        signed: {
          sha256: document.currentSha256,
          verdict: verdict.indication,
          policy: verdict.policy,
          level: document.level,
          waitingFor: document.waitingFor,
        },
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
    withEvidence(receipt, { sha256, record, provenAt }) {
      const payload = record === null ? null : readReceipt(receipt, key);
      if (payload === null) return receipt;
      const evidenceRecord = {
        sha256,
        provenAt: provenAt === null ? null : new Date(provenAt).toISOString(),
        der: Buffer.from(record!).toString("base64"),
      };
      return signJws("hocba-receipt+jwt", { ...payload, evidenceRecord }, privateKey, thumbprint);
    },
    statement: (payload) => signJws("hocba-status+jwt", payload, privateKey, thumbprint),
  };
}

function newKey(): string {
  return generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }) as string;
}
