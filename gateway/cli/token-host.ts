import { SignerError } from "@hocba/hsm-adapters";
import { spawnTokenHost } from "@hocba/hsm-adapters/token-host";
import { Command } from "commander";
import { describeSignerError, EXIT_UNUSABLE, readTokenHostConfig } from "./open-signer.ts";

interface Options {
  config?: string;
  hangLimit: string;
}

/** `hocba token-host`: the process that owns the PKCS #11 modules, and the watch over it. */
export function tokenHostCommand(): Command {
  return new Command("token-host")
    .description(
      "Chạy tiến trình giữ khoá: đăng nhập một lần, ký cho các tiến trình khác qua socket riêng; tự chạy lại khi thư viện PKCS #11 treo hoặc hỏng\nRun the process that owns the PKCS #11 modules: one login, signing for the others over a private socket; started again when a module hangs or crashes",
    )
    .option(
      "--config <file>",
      "tệp cấu hình JSON / JSON configuration (HOCBA_TOKEN_HOST_CONFIG)",
      process.env.HOCBA_TOKEN_HOST_CONFIG,
    )
    .option("--hang-limit <seconds>", "treo quá lâu thì khởi động lại / restart when a call hangs longer", "30")
    .addHelpText(
      "after",
      `
Ví dụ cấu hình / an example configuration:
  {
    "socket": "/run/hocba/token-host/socket",
    "stateDirectory": "/var/lib/hocba/token-host",
    "tokens": [{
      "name": "truong",
      "module": "/usr/lib/softhsm/libsofthsm2.so",
      "tokenLabel": "THCS Nguyễn Du",
      "pinFile": "/run/secrets/token-pin",
      "sessions": 4
    }]
  }
PIN chỉ lấy từ pinFile, pinEnv hoặc pinFd; một PIN bị từ chối không bao giờ được tự thử lại.
The PIN comes from pinFile, pinEnv or pinFd only; a refused PIN is never tried again by itself.`,
    )
    .action(async (options: Options) => {
      process.exitCode = await runTokenHost(options);
    });
}

/** Runs until SIGTERM or SIGINT. */
async function runTokenHost(options: Options): Promise<number> {
  const log = (event: object): void =>
    void process.stderr.write(
      `${JSON.stringify({ time: new Date().toISOString(), service: "token-host", ...event })}\n`,
    );
  try {
    if (options.config === undefined) {
      throw new SignerError("CONFIG_INVALID", "cần --config / --config is needed");
    }
    const hangLimitMs = Number(options.hangLimit) * 1000;
    if (!(hangLimitMs >= 1000 && hangLimitMs <= 3_600_000)) {
      throw new SignerError("CONFIG_INVALID", "--hang-limit: 1 – 3600");
    }
    const told = new Promise<void>((resolve) => {
      process.once("SIGTERM", () => resolve());
      process.once("SIGINT", () => resolve());
    });
    const host = await spawnTokenHost(readTokenHostConfig(options.config), { hangLimitMs, onEvent: log });
    await told;
    await host.stop();
    return 0;
  } catch (error) {
    if (!(error instanceof SignerError)) throw error;
    process.stderr.write(`hocba token-host: ${describeSignerError(error)}\n`);
    return error.code === "CONFIG_INVALID" ? EXIT_UNUSABLE : 1;
  }
}
