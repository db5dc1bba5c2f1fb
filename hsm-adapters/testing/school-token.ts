import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TokenConfig } from "../pkcs11/index.ts";
import { provisionSoftHsm, type SoftHsmKey, type SoftHsmToken } from "../provision/index.ts";

export const TEST_PIN = "648219";

/** Keys of each kind in use. */
export const testKeys: readonly SoftHsmKey[] = [
  { id: "a1", label: "Hiệu trưởng", algorithm: "rsa-2048" },
  { id: "a2", label: "token RSA-3072", algorithm: "rsa-3072" },
  { id: "a3", label: "ký số EC", algorithm: "ec-p256" },
];

export interface SchoolToken {
  readonly directory: string;
  readonly pinFile: string;
  readonly softHsm: SoftHsmToken;
  config(rest?: Partial<TokenConfig>): TokenConfig;
  remove(): void;
}

/** A fresh SoftHSM token in a temporary directory, its PIN in a file, for one test file. Sets SOFTHSM2_CONF here. */
export async function makeSchoolToken(keys: readonly SoftHsmKey[] = testKeys): Promise<SchoolToken> {
  const directory = mkdtempSync(join(tmpdir(), "hocba-token-"));
  const softHsm = await provisionSoftHsm({
    dataDir: join(directory, "softhsm"),
    label: "THCS Nguyễn Du",
    pin: TEST_PIN,
    soPin: "so-648219",
    keys,
  });
  process.env.SOFTHSM2_CONF = softHsm.configFile;
  const pinFile = join(directory, "pin");
  writeFileSync(pinFile, `${TEST_PIN}\n`, { mode: 0o600 });
  return {
    directory,
    pinFile,
    softHsm,
    config: (rest = {}) => ({ ...softHsm.tokenConfig("truong", { pinFile }), ...rest }),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
