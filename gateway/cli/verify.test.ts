import { execFile } from "node:child_process";
import { sign } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { type DevPki, startDevPki } from "@hocba/certs/dev-pki";
import { buildSignedAttributes, buildSignedData, cmsSigner } from "@hocba/signatures/cms";
import { afterAll, describe, expect, it } from "vitest";

const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "hocba-verify-"));
afterAll(() => rmSync(dir, { recursive: true }));

const run = (...args: string[]) => runWith("", ...args);

function runWith(stdin: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [main, "verify", ...args],
      { maxBuffer: 64 << 20 },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
    child.stdin?.end(stdin);
  });
}

/** A signed message, the same with other content, and the file of the root that is to be trusted. */
async function signed(pki: DevPki): Promise<{ good: Uint8Array; bad: Uint8Array; root: string }> {
  const leaf = await pki.issueLeaf({ subject: { commonName: "Hà Văn Tý" } });
  const content = new TextEncoder().encode("học bạ");
  const signer = cmsSigner({ certificate: leaf.certificate, chain: [], algorithm: "rsa-pkcs1-sha256" }, nodeCrypto);
  const signedAttributes = buildSignedAttributes(signer, { messageDigest: nodeCrypto.digest("sha256", content) });
  const signatureValue = sign("sha256", signedAttributes, leaf.privateKey);
  const root = join(dir, "root.crt");
  writeFileSync(root, pki.root.certificate);
  return {
    good: buildSignedData(signer, { signedAttributes, signatureValue, content }),
    bad: buildSignedData(signer, { signedAttributes, signatureValue, content: content.slice(1) }),
    root,
  };
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

  it("answers for thousands of files in their order, one JSON object a line, and tells of the one that is not there", async () => {
    const pki = await startDevPki({ keyBits: 2048 });
    const { good, bad, root } = await signed(pki).finally(() => pki.close());
    const folder = join(dir, "thousands");
    const kinds = [good, bad, readFileSync(plain)];
    const wanted = ["INDETERMINATE", "TOTAL-FAILED", "NO-SIGNATURE"];
    const files = Array.from({ length: 2400 }, (_, i) =>
      join(folder, `lop-${i % 7}`, `${String(i).padStart(4, "0")}.dat`),
    );
    for (const [i, file] of files.entries()) {
      if (i < 7) mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, kinds[i % 3]!);
    }
    const absent = join(dir, "absent.xml");
    const { code, stdout, stderr } = await run("--json", "--offline", "--trust", root, folder, absent, plain);
    expect({ code, stderr: stderr.startsWith(`${absent}: `), lines: stderr.split("\n").length }).toEqual({
      code: 3,
      stderr: true,
      lines: 2,
    });
    const told = stdout.split("\n");
    expect(told.pop()).toBe("");
    const expected = files
      .map((file, i) => ({ file, indication: wanted[i % 3] }))
      .sort((a, b) => (a.file < b.file ? -1 : 1));
    expect(told.map((line) => JSON.parse(line)).map(({ file, indication }) => ({ file, indication }))).toEqual([
      ...expected,
      { file: plain, indication: "NO-SIGNATURE" },
    ]);
  });

  it("takes names from standard input and sums up for a person", async () => {
    const { code, stdout } = await runWith(`${plain}\0${other}\0`, "--offline", "-");
    expect(code).toBe(2);
    expect(stdout).toContain("2 tệp / files: ✔ 0 hợp lệ");
    expect((await runWith("", "--offline", "-")).code).toBe(3);
  });

  it("fetches issuers and revocation data where it may, and says 0, 1 or 2 accordingly", async () => {
    const pki = await startDevPki({ keyBits: 2048 });
    try {
      const contents = await signed(pki);
      const [good, bad, root] = [join(dir, "good.p7m"), join(dir, "bad.p7m"), contents.root];
      writeFileSync(good, contents.good);
      writeFileSync(bad, contents.bad);
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
