import { parseArgs } from "node:util";
import { runCommandLoop } from "./command-loop.ts";
import { startDevPki } from "./dev-pki.ts";

// Runs the dev PKI as a process of its own: node dist/dev-pki/main.js [--data DIR] [--port N] [--host ADDRESS] [--key-bits N]
const { values } = parseArgs({
  options: {
    data: { type: "string" },
    port: { type: "string" },
    host: { type: "string" },
    "key-bits": { type: "string" },
  },
});
const bits = Number(values["key-bits"] ?? 4096);
if (bits !== 2048 && bits !== 3072 && bits !== 4096) throw new RangeError("--key-bits is 2048, 3072 or 4096");
const pki = await startDevPki({
  keyBits: bits,
  ...(values.data === undefined ? {} : { dataDir: values.data }),
  ...(values.port === undefined ? {} : { port: Number(values.port) }),
  ...(values.host === undefined ? {} : { host: values.host }),
});
// Ctrl-C in a terminal reaches the whole group: whoever started this decides when it ends, by closing its input.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => void pki.close().then(() => process.exit(0)));
await runCommandLoop(pki, process.stdin, process.stdout);
process.exit(0);
