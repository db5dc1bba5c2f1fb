import { Command } from "commander";
import { createWorker } from "../create-worker.ts";
import { configOption, configOrExit, exitWith, stopOnSignal } from "./config-option.ts";

/** `hocba worker`: a signing process. */
export function workerCommand(): Command {
  return new Command("worker")
    .description(
      "Chạy tiến trình ký: lấy tài liệu từ hàng đợi, ký, đóng dấu thời gian, tự kiểm tra\n" +
        "Run a signing worker: takes documents from the work list, signs, stamps and verifies them\n\n" +
        "Có thể chạy nhiều tiến trình cùng lúc.\nAny number may run at once.",
    )
    .addOption(configOption())
    .action(async (options: { config?: string }) => {
      const config = configOrExit(options.config);
      try {
        const worker = await createWorker(config);
        stopOnSignal(worker.stop);
        await worker.start();
      } catch (error) {
        exitWith(error);
      }
    });
}
