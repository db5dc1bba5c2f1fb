import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { loadConfig, parseConfig } from "./load-config.ts";

const folder = mkdtempSync(join(tmpdir(), "hocba-config-"));
afterAll(() => rmSync(folder, { recursive: true }));
function file(content: string): string {
  const path = join(folder, `${Math.abs(content.length)}-${content.slice(0, 4).replace(/\W/g, "_")}.json`);
  writeFileSync(path, content);
  return path;
}

describe("configuration", () => {
  it("needs no more than a place for data; it listens on loopback only", () => {
    const config = parseConfig({ dataDir: "/data" });
    expect(config.listen).toEqual({ host: "127.0.0.1", port: 8080 });
    expect(config.verification.policy).toBe("vn-official");
    expect(config.trustProxy).toBe(false);
  });

  it("lets the environment win over the file, with numbers, lists and words", () => {
    const path = file(JSON.stringify({ dataDir: "/data", listen: { port: 1 }, redis: { prefix: "a" } }));
    const config = loadConfig(path, {
      HOCBA__LISTEN__PORT: "9000",
      HOCBA__TIMESTAMPS__CLOCK_TOLERANCE_MS: "5000",
      HOCBA__TRUST__ANCHORS: '["/etc/hocba/anchors"]',
      HOCBA__DATA_DIR: "/other",
      HOCBA_SOMETHING_ELSE: "ignored",
    });
    expect(config).toMatchObject({
      dataDir: "/other",
      listen: { port: 9000 },
      redis: { prefix: "a" },
      timestamps: { clockToleranceMs: 5000 },
      trust: { anchors: ["/etc/hocba/anchors"] },
    });
  });

  it.each([
    [{}, "dataDir"],
    [{ dataDir: "/d", listen: { port: 70_000 } }, "listen.port"],
    [{ dataDir: "/d", lisen: {} }, "lisen"],
    [{ dataDir: "/d", redis: { uri: "x" } }, "redis.uri"],
    [{ dataDir: "/d", timestamps: { endpoints: [{ name: "a", url: "ftp://x" }] } }, "timestamps.endpoints.0.url"],
    [{ dataDir: "/d", verification: { policy: "lax" } }, "verification.policy"],
  ])("names the key that is wrong: %j", (content, key) => {
    expect(() => parseConfig(content as never)).toThrow(new RegExp(`${key.replaceAll(".", "\\.")}: .`));
  });

  it("does not quote a broken file, which may hold a password", () => {
    expect(() => loadConfig(file('{"redis":{"url":"redis://:geheim@x" '), {})).toThrow(/not JSON/);
    try {
      loadConfig(file('{"redis":{"url":"redis://:geheim@x" '), {});
    } catch (error) {
      expect(String(error)).not.toContain("geheim");
    }
  });

  it("says which environment variable cannot be used", () => {
    expect(() => loadConfig(null, { HOCBA__DATA_DIR: "/d", HOCBA__LISTEN: "{" })).toThrow(/HOCBA__LISTEN/);
    expect(() => loadConfig(null, { HOCBA__DATA_DIR: "/d", HOCBA__LISTN__PORT: "1" })).toThrow(/listn/);
  });
});
