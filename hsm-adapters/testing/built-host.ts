import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const here = fileURLToPath(new URL(".", import.meta.url));

/**
 * The token host's entry as Node runs it, made of the sources as they are now. It lies under node_modules, so that the
 * native addon is found from there.
 */
export async function buildHostEntry(): Promise<string> {
  const cache = join(here, "../../node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const outDir = mkdtempSync(join(cache, "token-host-"));
  await build({
    configFile: false,
    logLevel: "error",
    resolve: { conditions: ["@hocba/source"] },
    ssr: { noExternal: [/^@hocba\//], resolve: { conditions: ["@hocba/source", "node", "import", "default"] } },
    build: {
      ssr: join(here, "../token-host/main.ts"),
      outDir,
      emptyOutDir: false,
      rolldownOptions: { output: { entryFileNames: "main.mjs" } },
    },
  });
  return join(outDir, "main.mjs");
}

/** Compiles `faulty-module.c` into the directory; the C compiler is the one that built pkcs11js. */
export function buildFaultyModule(directory: string): string {
  const out = join(directory, "libfaulty.so");
  execFileSync(
    "cc",
    ["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", out, join(here, "faulty-module.c"), "-ldl"],
    {
      stdio: "pipe",
    },
  );
  return out;
}
