import { execFile } from "node:child_process";
import { sign } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { startDevPki } from "@hocba/certs/dev-pki";
import { buildSignedAttributes, buildSignedData, cmsSigner } from "@hocba/signatures/cms";
import { afterAll, describe, expect, it } from "vitest";

const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "hocba-verify-"));
afterAll(() => rmSync(dir, { recursive: true }));

function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, "verify", ...args], (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

describe.skipIf(!existsSync(main))("hocba verify", { timeout: 60_000 }, () => {
  const plain = join(dir, "plain.xml");
  const other = join(dir, "other.bin");
  writeFileSync(plain, "<a/>");
  writeFileSync(other, "xin chào");

  it("exits 2 for unsigned files and prints one JSON object a line", async () => {
    const { code, stdout } = await run("--json", "--offline", "--at", "2026-01-01T00:00:00Z", plain, other);
    expect(code).toBe(2);
    const reports = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(reports).toMatchObject([
      {
        file: plain,
        format: "xml",
        indication: "NO-SIGNATURE",
        validationTime: "2026-01-01T00:00:00.000Z",
        policy: "vn-official",
      },
      { file: other, format: "unknown", indication: "NO-SIGNATURE", signatures: [] },
    ]);
  });

  it("speaks Vietnamese first to a person", async () => {
    const { stdout } = await run("--offline", plain);
    expect(stdout.indexOf("không có chữ ký số")).toBeGreaterThan(0);
    expect(stdout.indexOf("không có chữ ký số")).toBeLessThan(stdout.indexOf("no digital signature"));
  });

  it("exits 3 on bad use and on files that cannot be read", async () => {
    const codes = await Promise.all(
      [
        ["--offline", join(dir, "absent.pdf")],
        [],
        ["--policy", "none", plain],
        ["--at", "tomorrow", plain],
        ["--trust", join(dir, "absent"), plain],
      ].map(async (args) => (await run(...args)).code),
    );
    expect(codes).toEqual([3, 3, 3, 3, 3]);
  });

  it("answers for many files in their order, from several threads", async () => {
    const files = Array.from({ length: 100 }, (_, i) => join(dir, `many-${i}.xml`));
    for (const [i, file] of files.entries()) writeFileSync(file, `<a n="${i}"/>`);
    files[50] = join(dir, "absent.xml");
    const { code, stdout, stderr } = await run("--json", "--offline", ...files);
    expect(code).toBe(3);
    expect(stderr).toContain("absent.xml");
    const told = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).file);
    expect(told).toEqual(files.filter((_, i) => i !== 50));
  });

  it("fetches issuers and revocation data where it may, and says 0, 1 or 2 accordingly", async () => {
    const pki = await startDevPki({ keyBits: 2048 });
    try {
      const leaf = await pki.issueLeaf({ subject: { commonName: "Hà Văn Tý" } });
      const content = new TextEncoder().encode("học bạ");
      const signer = cmsSigner({ certificate: leaf.certificate, chain: [], algorithm: "rsa-pkcs1-sha256" }, nodeCrypto);
      const signedAttributes = buildSignedAttributes(signer, { messageDigest: nodeCrypto.digest("sha256", content) });
      const signatureValue = sign("sha256", signedAttributes, leaf.privateKey);
      const [good, bad, root] = [join(dir, "good.p7m"), join(dir, "bad.p7m"), join(dir, "root.crt")];
      writeFileSync(good, buildSignedData(signer, { signedAttributes, signatureValue, content }));
      writeFileSync(bad, buildSignedData(signer, { signedAttributes, signatureValue, content: content.slice(1) }));
      writeFileSync(root, pki.root.certificate);
      const online = ["--trust", root, "--allow", "127.0.0.1"];
      expect(await run(...online, good)).toMatchObject({ code: 0, stderr: "" });
      expect((await run(...online, good, bad)).code).toBe(1);
      expect((await run("--trust", root, good)).code).toBe(2);
      expect((await run("--trust", root, "--offline", good)).code).toBe(2);
    } finally {
      await pki.close();
    }
  }, 60_000);
});
