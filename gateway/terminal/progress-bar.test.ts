import { describe, expect, it } from "vitest";
import { ProgressBar } from "./progress-bar.ts";

function screen(isTTY: boolean) {
  const written: string[] = [];
  let time = 0;
  const out = {
    isTTY,
    write: (text: string | Uint8Array) => {
      written.push(String(text));
      return true;
    },
  };
  const bar = new ProgressBar(out, () => time);
  return { bar, written, pass: (ms: number) => (time += ms) };
}

describe("a progress bar", () => {
  it("is redrawn ten times a second at most, and at the end", () => {
    const { bar, written, pass } = screen(true);
    for (let done = 1; done <= 1000; done++) {
      pass(1);
      bar.update("verifying", done, 1000);
    }
    expect(written.length).toBeGreaterThan(9);
    expect(written.length).toBeLessThan(13);
    expect(written.at(-2)).toContain(`${"█".repeat(28)} 1000/1000`);
    expect(written.at(-1)).toBe("\n");
  });

  it("makes room for other output and comes back", () => {
    const { bar, written } = screen(true);
    bar.update("verifying", 1, 4);
    bar.clear();
    bar.clear();
    bar.update("verifying", 2, 4);
    expect(written.map((text) => text.replace(/.*([0-9]\/[0-9])$/s, "$1"))).toEqual(["1/4", "\r\x1b[2K", "2/4"]);
  });

  it("is a line at each quarter where nothing can be redrawn", () => {
    const { bar, written } = screen(false);
    for (let done = 0; done <= 100; done++) bar.update("verifying", done, 100);
    bar.clear();
    expect(written).toEqual([0, 25, 50, 75, 100].map((done) => `verifying: ${done}/100\n`));
  });
});
