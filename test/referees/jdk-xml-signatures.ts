import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("JdkXmlSignatures.java", import.meta.url));

/** Is there a JDK that runs a source file (17 and later)? Without it the second opinion on XML is left out, and that is said. */
export const hasJdk =
  spawnSync("java", ["--list-modules"], { encoding: "utf8" }).stdout?.includes("jdk.compiler") ?? false;
if (!hasJdk) console.log("XML signatures: no JDK, its verdicts are left out");

/**
 * The JDK's verdict on each signature of the files, in document order, with the path to one of the anchors (a PEM file). Several files
 * at once: the JDK compiles its source each time.
 */
export function jdkVerdicts(anchors: string, ...files: readonly string[]): boolean[] {
  const { stdout } = spawnSync("java", [source, anchors, ...files], { encoding: "utf8" });
  return stdout
    .trim()
    .split("\n")
    .map((line) => line.endsWith(" true"));
}
