import { join } from "node:path";
import { HocbaError } from "@hocba/certs";
import { Option } from "commander";
import { type Config, loadConfig } from "../config/index.ts";
import { type Ledger, openSqliteLedger } from "../ledger/index.ts";
import { knownProblemCodes, problemText } from "../problems/index.ts";

/** `--config FILE`, or the file that HOCBA_CONFIG names. */
export function configOption(): Option {
  return new Option("-c, --config <file>", "tệp cấu hình JSON / configuration file (JSON)").env("HOCBA_CONFIG");
}

/** The configuration, or a message on standard error and exit code 3. */
export function configOrExit(file: string | undefined): Config {
  try {
    return loadConfig(file ?? null, process.env);
  } catch (error) {
    return exitWith(error);
  }
}

/** Opens the ledger of a configuration for one command and closes it afterwards. */
export async function withLedger(file: string | undefined, work: (ledger: Ledger) => Promise<void>): Promise<void> {
  const config = configOrExit(file);
  let ledger: Ledger | null = null;
  try {
    ledger = openSqliteLedger({ path: join(config.dataDir, "ledger.sqlite"), clock: Date.now });
    await work(ledger);
  } catch (error) {
    exitWith(error);
  } finally {
    await ledger?.close();
  }
}

/** Says what went wrong, with its code, and what to do about it, and ends with 3. */
export function exitWith(error: unknown): never {
  if (error instanceof HocbaError) {
    console.error(`hocba: ${error.code}: ${error.message}`);
    if (knownProblemCodes().includes(error.code)) {
      const { title, whatToDo } = problemText(error.code);
      console.error(`${title.vi}. ${whatToDo.vi}\n${title.en}. ${whatToDo.en}`);
    }
  } else console.error(error);
  process.exit(3);
}

/** Ends in good order at the first signal, at once at the second. */
export function stopOnSignal(stop: () => Promise<void>): void {
  let stopping = false;
  const onSignal = () => {
    if (stopping) process.exit(1);
    stopping = true;
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
}
