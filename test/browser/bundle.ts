import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = fileURLToPath(new URL("../..", import.meta.url));
const conditions = ["@hocba/source", "import", "default"];

/**
 * Bundles one entry of this repository with all it imports, straight from the sources, into `outDir`.
 * @param entry path from the root of the repository
 * @returns path of the bundle, an ES module
 */
export async function bundle(entry: string, target: "browser" | "node", outDir: string): Promise<string> {
  await build({
    configFile: false,
    root,
    logLevel: "error",
    resolve: { conditions: target === "node" ? ["node", ...conditions] : ["browser", ...conditions] },
    ssr: { noExternal: true, resolve: { conditions: ["node", ...conditions] } },
    build: {
      outDir,
      minify: false,
      emptyOutDir: false,
      copyPublicDir: false,
      target: "es2022",
      ...(target === "node"
        ? { ssr: join(root, entry) }
        : { lib: { entry: join(root, entry), formats: ["es" as const], fileName: "bundle" } }),
      rollupOptions: { output: { entryFileNames: "bundle.mjs", codeSplitting: false } },
    },
  });
  return join(outDir, "bundle.mjs");
}
