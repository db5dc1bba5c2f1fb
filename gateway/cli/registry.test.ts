import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DevPki, startDevPki } from "@hocba/certs/dev-pki";
import type { Command } from "commander";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { authenticate } from "../access/index.ts";
import { openSqliteLedger } from "../ledger/index.ts";
import { auditCommand } from "./audit.ts";
import { registryCommand } from "./registry.ts";

describe("hocba registry and audit", () => {
  const root = mkdtempSync(join(tmpdir(), "hocba-cli-"));
  const config = join(root, "gateway.json");
  let pki: DevPki;
  beforeAll(async () => {
    writeFileSync(config, JSON.stringify({ dataDir: root }));
    pki = await startDevPki({ keyBits: 2048 });
    writeFileSync(join(root, "issuing.crt"), pki.issuing.certificate);
  }, 60_000);
  afterAll(async () => {
    await pki.close();
    rmSync(root, { recursive: true });
  });
  afterEach(() => {
    vi.restoreAllMocks();
    process.exitCode = 0;
  });

  /** What a command prints; the message when it ends with an exit code. */
  async function run(command: Command, ...args: string[]): Promise<string> {
    const lines: string[] = [];
    vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
    vi.spyOn(console, "error").mockImplementation((line: string) => void lines.push(line));
    vi.spyOn(process, "exit").mockImplementation((code) => {
      throw new Error(`exit ${code}: ${lines.join("\n")}`);
    });
    await command.parseAsync([...args, "--config", config], { from: "user" });
    return lines.join("\n");
  }
  const registry = (...args: string[]) => run(registryCommand(), ...args);
  const audit = (...args: string[]) => run(auditCommand(), ...args);

  it("registers a school, a key, a signer and a certificate, and lists them", async () => {
    await registry("school", "THCS-1", "Trường THCS Thử Nghiệm");
    const secret = (await registry("api-key", "add", "--school", "THCS-1", "--label", "QLHS")).split("\n").at(-1)!;
    const ledger = openSqliteLedger({ path: join(root, "ledger.sqlite"), clock: Date.now });
    expect(await authenticate(ledger, `Bearer ${secret}`)).toMatchObject({ school: "THCS-1", label: "QLHS" });
    await ledger.close();
    expect(await registry("api-key", "list")).toMatch(/^key_\S+ {2}THCS-1 {2}documents:write,documents:read {2}QLHS$/);

    await registry("signer", "ht", "Nguyễn Thị Hiệu", "--school", "THCS-1");
    const leaf = await pki.issueLeaf({ subject: { commonName: "Nguyễn Thị Hiệu" } });
    writeFileSync(join(root, "ht.crt"), leaf.certificate);
    const bind = ["bind", "--signer", "ht", "--school", "THCS-1", "--role", "principal", "--certificate"];
    const key = ["--chain", join(root, "issuing.crt"), "--token", "hsm", "--key", "0A"];
    const id = await registry(...bind, join(root, "ht.crt"), ...key);
    expect(await registry("list")).toMatch(new RegExp(`^${id} {2}THCS-1 {2}principal {2}hsm:0a .*CN=Nguyễn Thị Hiệu`));
    expect(JSON.parse(await registry("export"))).toMatchObject({
      role: "principal",
      school: "THCS-1",
      revokedAt: null,
    });
    await registry("unbind", id);
    expect(await registry("list")).toMatch(/withdrawn/);
  });

  it("says what is wrong, with the code, and ends with 3", async () => {
    await expect(registry("api-key", "add", "--school", "NOWHERE", "--label", "x")).rejects.toThrow(
      /^exit 3: .*SCHOOL_UNKNOWN/,
    );
    await expect(registry("unbind", "nothing")).rejects.toThrow(/^exit 3: .*NOT_FOUND/);
    await expect(registry("resume", "doc_x")).rejects.toThrow(/^exit 3: .*NOT_FOUND/);
  });

  it("shows the audit log and proves its chain, also against an entry known from before", async () => {
    const [first] = (await audit("list")).split("\n");
    expect(JSON.parse(first!)).toMatchObject({
      seq: 1,
      action: "school.put",
      actor: expect.stringMatching(/^operator /),
    });
    const line = await audit("check");
    expect(line).toMatch(/intact \d+:[0-9a-f]{64}$/);
    expect(await audit("check", "--expect", line.split(" ").at(-1)!)).toBe(line);
    expect(await audit("check", "--expect", `2:${"0".repeat(64)}`)).toMatch(/is gone/);
    expect(process.exitCode).toBe(1);
  });
});
