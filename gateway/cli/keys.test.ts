import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeSchoolToken, type SchoolToken } from "@hocba/hsm-adapters/testing";
import { parseTokenHostConfig, startTokenHost } from "@hocba/hsm-adapters/token-host";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { keysCommand } from "./keys.ts";

let school: SchoolToken;
let configFile: string;
let wrongPinConfig: string;

beforeAll(async () => {
  school = await makeSchoolToken();
  configFile = writeConfig("good", {});
  const pinFile = join(school.directory, "wrong-pin");
  writeFileSync(pinFile, "271828");
  wrongPinConfig = writeConfig("wrong", { pinFile });
}, 60_000);
afterAll(() => school?.remove());

function writeConfig(name: string, rest: object): string {
  const file = join(school.directory, `${name}.json`);
  const socket = join(school.directory, name, "s");
  mkdirSync(join(school.directory, name));
  chmodSync(join(school.directory, name), 0o700);
  writeFileSync(file, JSON.stringify({ socket, tokens: [{ ...school.config(), ...rest }] }));
  return file;
}

/** Runs `hocba keys ARGS` in this process. */
async function keys(...args: string[]): Promise<{ exitCode: number; out: string; err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const stdout = vi.spyOn(process.stdout, "write").mockImplementation((text) => out.push(String(text)) > 0);
  const stderr = vi.spyOn(process.stderr, "write").mockImplementation((text) => err.push(String(text)) > 0);
  const before = process.exitCode;
  try {
    await keysCommand().parseAsync(args, { from: "user" });
    return { exitCode: Number(process.exitCode ?? 0), out: out.join(""), err: err.join("") };
  } finally {
    process.exitCode = before;
    stdout.mockRestore();
    stderr.mockRestore();
  }
}

describe("hocba keys", () => {
  it("list prints one JSON object a line, per key", async () => {
    const { exitCode, out } = await keys("list", "--json", "--config", configFile);
    expect(exitCode).toBe(0);
    const lines = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.map((l) => [l.token, l.id, l.key, l.label])).toEqual([
      ["truong", "a1", "RSA-2048", "Hiệu trưởng"],
      ["truong", "a2", "RSA-3072", "token RSA-3072"],
      ["truong", "a3", "prime256v1", "ký số EC"],
    ]);
  });

  it("check signs with every key and warns where a certificate is missing", async () => {
    const { exitCode, out } = await keys("check", "--json", "--config", configFile);
    expect(exitCode).toBe(0);
    const lines = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.map((l) => l.problems)).toEqual([["NO_CERTIFICATE"], ["NO_CERTIFICATE"], ["NO_CERTIFICATE"]]);
  });

  it("asks the token host where one runs", async () => {
    const { tokens, socket } = parseTokenHostConfig({
      socket: join(school.directory, "live", "s"),
      tokens: [school.config({ name: "qua-tien-trinh" })],
    });
    const host = await startTokenHost({ tokens, socket, stateDirectory: school.directory });
    const { exitCode, out } = await keys("list", "--socket", socket);
    await host.close();
    expect(exitCode).toBe(0);
    expect(out).toContain("qua-tien-trinh / a1");
  });

  it("lists the tokens that answer, names the one that does not, and exits with 1", async () => {
    const file = join(school.directory, "two.json");
    const absent = school.config({ name: "token-bi-rut", tokenLabel: "không có" });
    const socket = join(school.directory, "two", "s");
    writeFileSync(file, JSON.stringify({ socket, tokens: [absent, school.config()] }));
    const { exitCode, out, err } = await keys("list", "--config", file);
    expect(exitCode).toBe(1);
    expect(out).toContain("truong / a1");
    expect(err).toContain("token-bi-rut");
    expect(err).toContain("TOKEN_ABSENT");
  });

  it("names a wrong PIN once and refuses it afterwards, until the lock is cleared by hand", async () => {
    const tried = async (): Promise<boolean> => {
      const { exitCode, err } = await keys("list", "--config", wrongPinConfig);
      expect(exitCode).toBe(1);
      expect(err).toContain("PIN_INCORRECT");
      expect(err).not.toContain("271828");
      return !err.includes("not tried again\n");
    };
    expect(await tried()).toBe(true);
    expect(await tried()).toBe(false);
    const cleared = await keys("clear-pin-lock", "truong", "--config", wrongPinConfig);
    expect(cleared).toMatchObject({ exitCode: 0, out: expect.stringContaining("cleared") });
    expect(await tried()).toBe(true);
  });

  it("exits with 3 on bad use", async () => {
    const broken = join(school.directory, "broken.json");
    writeFileSync(broken, "{");
    for (const args of [["list"], ["list", "--config", "/nonexistent.json"], ["list", "--config", broken]]) {
      const { exitCode, err } = await keys(...args);
      expect(exitCode).toBe(3);
      expect(err).toContain("CONFIG_INVALID");
    }
    expect((await keys("clear-pin-lock", "khac", "--config", configFile)).exitCode).toBe(3);
  });
});
