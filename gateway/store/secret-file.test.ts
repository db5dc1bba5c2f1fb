import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { secretFile } from "./index.ts";

const dir = mkdtempSync(join(tmpdir(), "hocba-secret-"));
afterAll(() => rmSync(dir, { recursive: true }));
const text = (content: Buffer) => content.toString();

describe("a secret file", () => {
  it("is made once, for its owner alone, and leaves nothing beside it", () => {
    const path = join(dir, "new", "key");
    expect(secretFile(path, () => "first", text)).toBe("first");
    expect(secretFile(path, () => "second", text)).toBe("first");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(dir, "new"))).toEqual(["key"]);
  });

  it("is the other process's when that one was quicker", () => {
    const path = join(dir, "raced");
    const slower = () => {
      writeFileSync(path, "theirs");
      return "ours";
    };
    expect(secretFile(path, slower, text)).toBe("theirs");
    expect(readFileSync(path, "utf8")).toBe("theirs");
    expect(readdirSync(dir).filter((name) => name.startsWith("raced"))).toEqual(["raced"]);
  });

  it("that cannot be made or understood stops the start", () => {
    const refuse = () => {
      throw new Error("3 octets");
    };
    writeFileSync(join(dir, "short"), "abc");
    expect(() => secretFile(join(dir, "short"), () => "", refuse)).toThrow(
      expect.objectContaining({ code: "STORE_UNAVAILABLE" }),
    );
    expect(() => secretFile(join(dir, "short", "below"), () => "", text)).toThrow(
      expect.objectContaining({ code: "STORE_UNAVAILABLE" }),
    );
  });
});
