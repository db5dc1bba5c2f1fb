import { join } from "node:path";
import { Command } from "commander";
import { examine, signaturesIn } from "../doctor/index.ts";
import { openFileStore } from "../store/index.ts";
import { configOption, configOrExit, withLedger } from "./config-option.ts";

/** `hocba doctor`: proves that ledger, documents and audit log agree. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description(
      "Đối chiếu sổ cái, kho tài liệu và nhật ký; mã thoát 1 khi có sai lệch\n" +
        "Hold ledger, documents and audit log against each other; exit code 1 when they differ",
    )
    .addOption(configOption())
    .action(async (options: { config?: string }) => {
      const config = configOrExit(options.config);
      await withLedger(options.config, async (ledger) => {
        const store = await openFileStore(join(config.dataDir, "documents"));
        let count = 0;
        for await (const complaint of examine(ledger, store, signaturesIn)) {
          count++;
          console.error(JSON.stringify(complaint));
        }
        await store.close();
        const states = [...(await ledger.documents.countByState())].map(([state, n]) => `${state} ${n}`).join(", ");
        console.log(`${states || "không có tài liệu / no documents"}; sai lệch / differences: ${count}`);
        if (count > 0) process.exitCode = 1;
      });
    });
}
