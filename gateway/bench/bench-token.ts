import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DevPki, startDevPki } from "@hocba/certs/dev-pki";
import type { KeyRef } from "@hocba/hsm-adapters";
import type { TokenConfig } from "@hocba/hsm-adapters/pkcs11";
import { provisionSoftHsm } from "@hocba/hsm-adapters/provision";
import type { SignerIdentity } from "@hocba/signatures/sign";

export interface BenchToken {
  readonly config: TokenConfig;
  readonly key: KeyRef;
  readonly signer: SignerIdentity;
  readonly pki: DevPki;
  close(): Promise<void>;
}

/** A SoftHSM token with one RSA-2048 key, and a certificate for it by a dev PKI; gone when closed. */
export async function openBenchToken(sessions: number): Promise<BenchToken> {
  const dir = mkdtempSync(join(tmpdir(), "hocba-bench-"));
  const pin = randomBytes(6).toString("hex");
  const pinFile = join(dir, "pin");
  writeFileSync(pinFile, pin, { mode: 0o600 });
  const id = createHash("sha256").update("bench").digest("hex").slice(0, 16);
  const token = await provisionSoftHsm({
    dataDir: join(dir, "token"),
    label: "bench",
    pin,
    soPin: randomBytes(6).toString("hex"),
    keys: [{ id, label: "bench", algorithm: "rsa-2048" }],
  });
  process.env.SOFTHSM2_CONF = token.configFile;
  const pki = await startDevPki({ keyBits: 2048 });
  const certificate = await pki.issue({
    publicKeySpki: token.publicKeys.get(id)!,
    subject: { commonName: "Nguyễn Thị Đo Lường", organization: "Trường thử nghiệm" },
  });
  return {
    config: token.tokenConfig("bench", { pinFile, sessions }),
    key: { token: "bench", id },
    signer: { certificate, chain: [pki.issuing.certificate], algorithm: "rsa-pkcs1-sha256" },
    pki,
    async close() {
      await pki.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
