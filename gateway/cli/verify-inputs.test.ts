import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { inputFiles } from "./verify-inputs.ts";

const dir = mkdtempSync(join(tmpdir(), "hocba-inputs-"));
afterAll(() => rmSync(dir, { recursive: true }));
const at = (name: string) => join(dir, name);
const below = (files: string[]) => files.map((file) => relative(dir, file));
async function* stdin(...chunks: (string | Uint8Array)[]) {
  yield* chunks;
}

mkdirSync(at("lop/8A/deep"), { recursive: true });
mkdirSync(at("lop/.git"));
mkdirSync(at("empty"));
for (const name of ["lop/8A/an.pdf", "lop/8A/deep/renamed.dat", "lop/8A.xml", "lop/9.xml", "lop/.git/x.pdf", "one.pdf"])
  writeFileSync(at(name), "x");
symlinkSync(at("one.pdf"), at("lop/linked.pdf"));
symlinkSync(at("lop"), at("lop/loop"));
symlinkSync(at("gone"), at("lop/lost.pdf"));

describe("the files that hocba verify is given", () => {
  it("are those named, as they are named, readable or not", async () => {
    const named = [at("one.pdf"), at("absent.pdf"), at("one.pdf"), "./-x"];
    expect(await inputFiles(named, stdin())).toEqual(named);
  });

  it("are all that a folder holds in any depth, in the order of their names; links to folders are not followed", async () => {
    expect(below(await inputFiles([at("one.pdf"), at("lop")], stdin()))).toEqual([
      "one.pdf",
      "lop/8A/an.pdf",
      "lop/8A/deep/renamed.dat",
      "lop/8A.xml",
      "lop/9.xml",
      "lop/linked.pdf",
      "lop/lost.pdf",
    ]);
    expect(await inputFiles([at("empty")], stdin())).toEqual([]);
  });

  it("come a line each from standard input, whatever the pieces it arrives in", async () => {
    const list = Buffer.from(`${at("lop/8A")}\r\n\n${at("học bạ.pdf")}\n`);
    const [first, second] = [list.subarray(0, list.length - 12), list.subarray(list.length - 12)];
    expect(below(await inputFiles(["-", at("one.pdf")], stdin(first, second)))).toEqual([
      "lop/8A/an.pdf",
      "lop/8A/deep/renamed.dat",
      "học bạ.pdf",
      "one.pdf",
    ]);
  });

  it("may be ended by NUL, so that a name may hold a line break", async () => {
    expect(await inputFiles(["-"], stdin("a\nb.pdf\0", "c.pdf\0"))).toEqual(["a\nb.pdf", "c.pdf"]);
  });
});
