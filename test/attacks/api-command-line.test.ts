import { execFile, execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseXml } from "@hocba/signatures/xml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { reference, type TranscriptScene, transcriptScene, unsignedTranscript } from "./transcript-scene.ts";

/*
 * The attacker hands over a folder of files. He chooses their names, their contents, and what they are; and the names in certificates
 * that a public CA signed for him without looking at the characters.
 */
const main = fileURLToPath(new URL("../../gateway/dist/cli/main.js", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "hocba-attack-"));
let scene: TranscriptScene;
beforeAll(async () => {
  scene = await transcriptScene();
}, 60_000);
afterAll(async () => {
  rmSync(dir, { recursive: true });
  await scene.close();
});

function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [main, "verify", "--offline", ...args],
      { cwd: dir, timeout: 30_000 },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}
/** What a terminal would obey: everything but text and ends of lines. */
const OBEYED = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u2028\u2029]/;
const CLEAR = "\u001b[2J\u001b[H";

describe.skipIf(!existsSync(main))("hocba verify", { timeout: 60_000 }, () => {
  it("prints nothing that a terminal obeys, whatever the files are called", async () => {
    const names = [
      `a${CLEAR}✔ Hợp lệ.xml`,
      "b\nfile: TOTAL-PASSED.xml",
      "c\u202efdp.xml",
      "d\u009b2J.xml",
      "--json",
      "-rf",
      "é ̣ \u2028.xml",
    ];
    for (const name of names) writeFileSync(join(dir, name), "<a/>");
    const { code, stdout, stderr } = await run("--", ...names, `absent${CLEAR}\n.pdf`);
    expect(code).toBe(3);
    expect(OBEYED.test(stdout), JSON.stringify(stdout)).toBe(false);
    expect(OBEYED.test(stderr)).toBe(false);
    expect(
      stderr
        .trim()
        .split("\n")
        .filter((line) => line.includes("absent")),
    ).toHaveLength(1);
    expect(stdout).not.toMatch(/^file: TOTAL-PASSED/m);
  });

  it("prints one JSON object a line, which gives the names back", async () => {
    const names = ["x\ny.xml", "x\u2028y.xml", "x\u0085y.xml", 'x"y.xml'];
    for (const name of names) writeFileSync(join(dir, name), "<a/>");
    const { code, stdout } = await run("--json", "--", ...names);
    expect(code).toBe(2);
    expect(OBEYED.test(stdout)).toBe(false);
    const lines = stdout.split(/[\n\u0085\u2028\u2029]/).filter((line) => line !== "");
    expect(lines.map((line) => (JSON.parse(line) as { file: string }).file)).toEqual(names);
  });

  it("prints nothing that a terminal obeys out of a certificate or a document", async () => {
    const leaf = await scene.pki.issueLeaf({
      subject: {
        organization: `Trường${CLEAR}`,
        commonName: `Bộ trưởng<script>alert(1)</script>&\u001b]0;x\u0007\u0000\ufffe\n✔ Hợp lệ\u202e`,
      },
      keyType: "ec-p256",
    });
    const text = scene.signByHand(unsignedTranscript(), "PHAT_HANH_HOC_BA/KY_PHAT_HANH", leaf, {
      attributes: ' Id="&#x9b;2J&#x85;✔"',
      references: reference("#data"),
    });
    writeFileSync(join(dir, "names.xml"), text);
    const { stdout } = await run("names.xml");
    expect(stdout).toContain("Bộ trưởng");
    expect(OBEYED.test(stdout), JSON.stringify(stdout)).toBe(false);
    expect(stdout).not.toMatch(/^✔ Hợp lệ/m);
    const reports = await run("--report-pdf", "names.pdf", "--report-xml", "names-report.xml", "names.xml");
    expect([reports.code === 3, reports.stderr]).toEqual([false, ""]);
    expect(() => parseXml(readFileSync(join(dir, "names-report.xml")))).not.toThrow();
    expect(readFileSync(join(dir, "names.pdf")).subarray(0, 5).toString()).toBe("%PDF-");
    const { stdout: json } = await run("--json", "names.xml");
    expect(OBEYED.test(json)).toBe(false);
    expect(JSON.parse(json)).toMatchObject({
      signatures: [{ signer: { subject: expect.stringContaining("Bộ trưởng") } }],
    });
  });

  it("does not wait for pipes, nor read devices without end, nor files beyond all bounds", async () => {
    execFileSync("mkfifo", [join(dir, "pipe.xml")]);
    mkdirSync(join(dir, "empty-folder"));
    writeFileSync(join(dir, "huge.pdf"), "%PDF-1.7\n");
    truncateSync(join(dir, "huge.pdf"), 8 * 1024 ** 3);
    writeFileSync(join(dir, "good.xml"), "<a/>");
    const { code, stdout, stderr } = await run(
      "--json",
      "pipe.xml",
      "/dev/zero",
      "huge.pdf",
      "empty-folder",
      "good.xml",
    );
    expect(code).toBe(3);
    for (const name of ["pipe.xml", "/dev/zero", "huge.pdf"]) expect(stderr).toContain(name);
    // The others are judged all the same.
    expect(JSON.parse(stdout.trim())).toMatchObject({ file: "good.xml", indication: "NO-SIGNATURE" });
    // A device beside a signature under the name of its content.
    execFileSync("mkfifo", [join(dir, "beside.zip")]);
    writeFileSync(join(dir, "beside.zip.p7s"), Buffer.from("3003020101", "hex"));
    expect((await run("beside.zip.p7s")).code).toBe(2);
  });

  it("tells an empty file, and one it may not read", async () => {
    writeFileSync(join(dir, "nothing.pdf"), "");
    expect((await run("nothing.pdf")).code).toBe(2);
    writeFileSync(join(dir, "secret.pdf"), "x");
    chmodSync(join(dir, "secret.pdf"), 0);
    if (process.getuid?.() !== 0) expect((await run("secret.pdf")).code).toBe(3);
  });

  it("holds files against the profile named, and says so when there is none of that name", async () => {
    writeFileSync(
      join(dir, "plain.xml"),
      scene.signByHand("<GIAY><KY/></GIAY>", "KY", scene.leaves.get("seal")!, {
        references: reference("", {
          transforms: '<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>',
        }),
      }),
    );
    const trust = join(dir, "root.der");
    writeFileSync(trust, scene.pki.root.certificate);
    const certs = join(dir, "issuing.der");
    writeFileSync(certs, scene.pki.issuing.certificate);
    const crls = ["root", "issuing"] as const;
    for (const name of crls) writeFileSync(join(dir, `${name}.crl`), await scene.pki.crl(name));
    const given = ["--trust", trust, "--certs", certs, ...crls.flatMap((name) => ["--crls", join(dir, `${name}.crl`)])];
    expect((await run(...given, "plain.xml")).code).toBe(0);
    expect((await run(...given, "--profile", "hocba-xml", "plain.xml")).code).toBe(1);
    expect((await run(...given, "--profile", "khong-co", "plain.xml")).code).toBe(3);
  });
});
