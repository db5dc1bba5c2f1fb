import { Command } from "commander";
import { createGateway } from "../create-gateway.ts";
import { createVerifierInThreads } from "../verification/index.ts";
import { configOption, configOrExit, exitWith, stopOnSignal } from "./config-option.ts";

/** `hocba serve`: the HTTP side of the gateway. */
export function serveCommand(): Command {
  return new Command("serve")
    .description(
      "Chạy cổng: API, trang kiểm tra công khai\nRun the gateway: API and public verification page\n\n" +
        "Kết thúc êm khi nhận SIGTERM hoặc Ctrl-C.\nEnds in good order on SIGTERM or Ctrl-C.",
    )
    .addOption(configOption())
    .action(async (options: { config?: string }) => {
      const config = configOrExit(options.config);
      try {
        const verifier = createVerifierInThreads(config);
        const gateway = await createGateway(config, { verifier });
        stopOnSignal(async () => {
          await gateway.stop();
          await verifier.close();
        });
        await gateway.start();
      } catch (error) {
        exitWith(error);
      }
    });
}
