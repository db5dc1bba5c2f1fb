import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const built = existsSync(main) && existsSync(fileURLToPath(new URL("../dist/reports/index.js", import.meta.url)));
const dir = mkdtempSync(join(tmpdir(), "hocba-reports-"));
afterAll(() => rmSync(dir, { recursive: true }));

describe.skipIf(!built)("hocba verify with reports", () => {
  const file = join(dir, "plain.xml");
  writeFileSync(file, "<a/>");
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [main, "verify", "--offline", ...args], { encoding: "utf8" });

  it("writes both reports beside its answer, and keeps its exit code", () => {
    const [pdf, xml] = [join(dir, "r.pdf"), join(dir, "r.xml")];
    const { status, stdout } = run("--json", "--report-pdf", pdf, "--report-xml", xml, file);
    expect(status).toBe(2);
    const { sha256 } = JSON.parse(stdout);
    const text = execFileSync("pdftotext", [pdf, "-"], { encoding: "utf8" });
    expect(text.replaceAll(/\s/g, "")).toContain(sha256);
    expect(readFileSync(xml, "utf8")).toContain("urn:hocba:mainindication:no-signature");
  }, 30_000);

  it("exits 3 for a report that cannot be written, or that would be of several files", () => {
    expect(run("--report-pdf", join(dir, "absent", "r.pdf"), file).status).toBe(3);
    expect(run("--report-xml", join(dir, "r2.xml"), file, file).status).toBe(3);
  }, 30_000);
});
