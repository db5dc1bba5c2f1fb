import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Who may import whom: the table of docs/architecture.md. */
const mayImport: Record<string, readonly string[]> = {
  certs: [],
  signatures: ["certs"],
  "hsm-adapters": ["certs"],
  gateway: ["certs", "signatures", "hsm-adapters", "verifier-web"],
  "verifier-web": ["certs", "signatures"],
};

/** Code that runs in a browser, but for these places made for Node. */
const pure = ["certs/", "signatures/", "verifier-web/"];
const forNode = ["certs/online/", "certs/dev-pki/", "certs/crypto/node.ts", "verifier-web/vite.config.ts"];

interface Import {
  readonly file: string;
  readonly specifier: string;
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return ["dist", "node_modules"].includes(entry.name) ? [] : sources(path);
    return /(?<!\.d)\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

/** Code that ships: neither tests nor the suites and servers that tests share. */
const isShipped = (file: string): boolean => !/\.(test|bench|test-suite)\.ts$/.test(file);

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), "utf8");
  const found = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\s(?:[^"';]*?\sfrom\s)?"([^"]+)"|import\(\s*"([^"]+)"\s*\)/g,
  );
  return [...found].map((m) => ({ file, specifier: (m[1] ?? m[2])! }));
}

/** The place in the house that a specifier names, or null for a foreign package. */
function target({ file, specifier }: Import): string | null {
  if (specifier.startsWith("@hocba/")) return specifier.slice("@hocba/".length);
  if (specifier.startsWith(".")) return relative(root, resolve(root, dirname(file), specifier));
  return null;
}

const shipped = Object.keys(mayImport).flatMap(sources).filter(isShipped).flatMap(importsOf);
const show = (found: Import[]) => found.map((i) => `${i.file} imports ${i.specifier}`);

describe("the house", () => {
  it("has code in every package to check", () => {
    for (const name of Object.keys(mayImport)) expect(sources(name).length, name).toBeGreaterThan(0);
    expect(shipped.length).toBeGreaterThan(50);
  });

  it("lets each package import only those below it", () => {
    const wrong = shipped.filter((i) => {
      const to = target(i)?.split("/")[0];
      const from = i.file.split("/")[0]!;
      return to !== undefined && to !== from && !mayImport[from]!.includes(to);
    });
    expect(show(wrong)).toEqual([]);
  });

  it("crosses packages by their public names, never by path", () => {
    const wrong = shipped.filter((i) => {
      const to = target(i)?.split("/")[0];
      return i.specifier.startsWith(".") && to !== i.file.split("/")[0];
    });
    expect(show(wrong)).toEqual([]);
  });

  it("keeps what verifies apart from what signs", () => {
    const wrong = shipped.filter(
      (i) => i.file.startsWith("signatures/verify/") && target(i)?.startsWith("signatures/sign"),
    );
    expect(show(wrong)).toEqual([]);
  });

  it("keeps Node out of what runs in a browser", () => {
    const wrong = shipped.filter(
      (i) =>
        pure.some((p) => i.file.startsWith(p)) &&
        !forNode.some((p) => i.file.startsWith(p)) &&
        (i.specifier.startsWith("node:") || forNode.some((p) => target(i)?.startsWith(p.replace(/\/$|\.ts$/, "")))),
    );
    expect(show(wrong)).toEqual([]);
  });

  it("reads the profile of a document from data, not from code", () => {
    const names = /DU_LIEU_HOC_BA|DANH_SACH_GVBM|KY_PHAT_HANH/;
    const wrong = ["signatures", "gateway"]
      .flatMap(sources)
      .filter((f) => isShipped(f) && !f.startsWith("gateway/demo/"))
      .filter((f) =>
        readFileSync(join(root, f), "utf8")
          .split("\n")
          .some((line) => names.test(line) && !/^\s*(\*|\/\/|\/\*)/.test(line)),
      );
    expect(wrong).toEqual([]);
  });
});
