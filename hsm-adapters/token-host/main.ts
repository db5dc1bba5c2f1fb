import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { configObject } from "../pkcs11/token-config.ts";
import { SignerError } from "../signer.ts";
import { parseTokenHostConfig, type TokenHostConfig } from "./host-config.ts";
import { EXIT_CONFIG, EXIT_MODULE, type HostMessage } from "./host-process.ts";
import { startTokenHost } from "./token-host.ts";

/**
 * The token host as a process: `node main.js --config FILE`, or `--config -` for a supervisor that writes
 * `{"config": …, "pins": {…}}` to standard input. One JSON line per event on standard error.
 * Exit: 0 told to stop, 78 configuration, 69 module or token host unusable.
 */
const log = (event: string, details: object): void => {
  process.stderr.write(
    `${JSON.stringify({ time: new Date().toISOString(), service: "token-host", event, ...details })}\n`,
  );
};

function readConfig(): { config: TokenHostConfig; pins: Record<string, string> } {
  const { values } = parseArgs({ options: { config: { type: "string" } } });
  if (values.config === undefined) throw new SignerError("CONFIG_INVALID", "--config FILE is missing");
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(values.config === "-" ? 0 : values.config, "utf8"));
  } catch (cause) {
    // The message of JSON.parse quotes its input, and this input may hold PINs.
    const problem = cause instanceof SyntaxError ? "not JSON" : (cause as Error).message;
    throw new SignerError("CONFIG_INVALID", `the configuration cannot be read: ${problem}`);
  }
  if (values.config !== "-") return { config: parseTokenHostConfig(value), pins: {} };
  const { config, pins } = configObject(value, "standard input");
  return { config: parseTokenHostConfig(config), pins: configObject(pins, "pins") as Record<string, string> };
}

/** Keeps telling the supervisor that this event loop turns, and for how long a module has owed an answer. */
function beat(oldestCallMs: () => number): void {
  const tell = (message: HostMessage): void => {
    if (process.connected) process.send?.(message, undefined, undefined, () => {});
  };
  tell({ type: "ready" });
  setInterval(() => tell({ type: "beat", oldestCallMs: oldestCallMs() }), 250).unref();
}

async function main(): Promise<void> {
  const { config, pins } = readConfig();
  const host = await startTokenHost(config, {
    pins,
    onEvent: ({ event, token, details }) => log(event, { token, ...details }),
  });
  log("listening", { socket: host.socket, tokens: config.tokens.map((t) => t.name) });
  beat(() => host.oldestCallMs());
  const stop = (): void => {
    // A module that hangs in C_CloseSession or C_Finalize must not keep a host alive that was told to go.
    setTimeout(() => process.exit(0), 3_000).unref();
    host.close().then(
      () => process.exit(0),
      () => process.exit(0),
    );
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  process.once("disconnect", stop); // the supervisor is gone
}

main().catch((error: unknown) => {
  const known = error instanceof SignerError;
  log("failed", known ? { code: error.code, message: error.message, ...error.details } : { message: String(error) });
  process.exit(known && error.code === "CONFIG_INVALID" ? EXIT_CONFIG : EXIT_MODULE);
});
