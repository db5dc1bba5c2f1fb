import { execFile } from "node:child_process";
import { sign } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { type DevPki, startDevPki } from "@hocba/certs/dev-pki";
import { cadesFormat } from "@hocba/signatures/sign";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "hocba-extend-"));

function run(command: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, command, ...args], { cwd: dir }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

describe.skipIf(!existsSync(main))("hocba extend", { timeout: 60_000 }, () => {
  let pki: DevPki;
  let network: string[];
  beforeAll(async () => {
    pki = await startDevPki({ keyBits: 2048 });
    network = ["--trust", "root.crt", "--tsa", pki.tsa.url, "--allow-host", new URL(pki.baseUrl).host];
    const leaf = await pki.issueLeaf({ subject: { commonName: "Nguyễn Văn An" } });
    const format = cadesFormat(nodeCrypto);
    const content = new TextEncoder().encode("gói tin");
    const identity = { certificate: leaf.certificate, chain: [], algorithm: "rsa-pkcs1-sha256" } as const;
    const prepared = format.prepare(content, identity, { signingTime: new Date() });
    const cms = format.complete(prepared, new Uint8Array(sign("sha256", prepared.toBeSigned, leaf.privateKey)));
    writeFileSync(join(dir, "root.crt"), pki.root.certificate);
    writeFileSync(join(dir, "goi.zip"), content);
    writeFileSync(join(dir, "goi.p7s"), cms);
  }, 60_000);
  afterAll(async () => {
    await pki?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it("raises a bare signature to LTA beside the original, which verifies without a network, and renews it", async () => {
    const before = readFileSync(join(dir, "goi.p7s"));
    const first = await run("extend", ...network, "--content", "goi.zip", "goi.p7s");
    expect(first).toMatchObject({ code: 0, stdout: "goi.p7s → goi.lta.p7s (1 LTA)\n", stderr: "" });
    expect(readFileSync(join(dir, "goi.p7s"))).toEqual(before);
    const offline = ["--offline", "--json", "--trust", "root.crt", "--content", "goi.zip"];
    const verified = await run("verify", ...offline, "goi.lta.p7s");
    expect(verified.code).toBe(0);
    expect(JSON.parse(verified.stdout).signatures).toMatchObject([{ level: "LTA", indication: "TOTAL-PASSED" }]);
    const again = await run("extend", ...network, "--content", "goi.zip", "--out", "kept", "goi.lta.p7s");
    expect(again.code).toBe(0);
    expect(readFileSync(join(dir, "kept/goi.lta.p7s")).length).toBeGreaterThan(
      readFileSync(join(dir, "goi.lta.p7s")).length,
    );
    const lt = await run("extend", ...network, "--level", "LT", "--content", "goi.zip", "goi.lta.p7s");
    expect(lt).toMatchObject({ code: 0, stdout: "goi.lta.p7s → đã ở mức này / at that level already (1 LTA)\n" });
  });

  it("says why a file stays as it is, with exit code 1, and goes on with the others", async () => {
    writeFileSync(join(dir, "other.zip"), "khác");
    const wrong = await run("extend", ...network, "--content", "other.zip", "goi.p7s");
    expect(wrong).toMatchObject({ code: 1, stdout: "" });
    expect(wrong.stderr).toMatch(/^goi\.p7s: VERIFICATION_FAILED/);
    const noTsa = await run("extend", ...network.slice(0, 2), ...network.slice(4), "--content", "goi.zip", "goi.p7s");
    expect(noTsa.stderr).toMatch(/^goi\.p7s: TSA_UNAVAILABLE/);
    const mixed = await run("extend", ...network, "--content", "goi.zip", "missing.p7s", "goi.p7s");
    expect(mixed.code).toBe(1);
    expect(mixed.stdout).toMatch(/^goi\.p7s → /);
    expect((await run("extend", "--level", "XL", "goi.p7s")).code).toBe(3);
  });
});
