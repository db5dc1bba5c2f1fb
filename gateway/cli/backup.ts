import { Command } from "commander";
import { backUp, type CopiedDocuments, restore } from "../backup/index.ts";
import { ProgressBar } from "../terminal/progress-bar.ts";
import { configOption, configOrExit, exitWith } from "./config-option.ts";

interface Options {
  config?: string;
  json?: boolean;
}

const exitCodes =
  "\nMã thoát / exit code: 0 trọn vẹn / complete · 1 có tài liệu hỏng, không chép được / documents are damaged and were not copied" +
  " · 3 không làm được / it could not be done";

/** `hocba backup`: the data folder, copied while the gateway works. */
export function backupCommand(): Command {
  return new Command("backup")
    .description(
      "Sao lưu sổ cái, tài liệu và khoá riêng của cổng vào một thư mục; cổng vẫn làm việc\n" +
        "Copy ledger, documents and the gateway's own secrets into a folder; the gateway may go on working",
    )
    .argument(
      "<folder>",
      "nơi giữ bản sao; lần sau chỉ chép phần mới / where to keep it; the next run copies only what is new",
    )
    .addOption(configOption())
    .option("--json", "kết quả là một dòng JSON / the result as one line of JSON")
    .addHelpText(
      "after",
      `\nBản sao chứa khoá và dữ liệu học sinh: giữ nó kín. Khoá trên HSM không nằm trong đó.\nIt holds secrets and pupils' data: keep it closed. Keys in an HSM are not in it.\n${exitCodes}`,
    )
    .action((folder: string, options: Options) =>
      run(options, "sao lưu / backup", (dataDir, onProgress) =>
        backUp(dataDir, folder, { clock: Date.now, onProgress }),
      ),
    );
}

/** `hocba restore`: a data folder from a backup. */
export function restoreCommand(): Command {
  return new Command("restore")
    .description(
      "Dựng lại thư mục dữ liệu từ bản sao; thư mục dữ liệu phải chưa có hoặc rỗng\n" +
        "Make the data folder again from a backup; it must not exist or be empty",
    )
    .argument("<folder>", "nơi giữ bản sao / where the backup is")
    .addOption(configOption())
    .option("--json", "kết quả là một dòng JSON / the result as one line of JSON")
    .addHelpText(
      "after",
      `\nSau đó chạy hocba doctor, rồi khởi động cổng.\nRun hocba doctor afterwards, then start the gateway.\n${exitCodes}`,
    )
    .action((folder: string, options: Options) =>
      run(options, "khôi phục / restore", (dataDir, onProgress) => restore(folder, dataDir, onProgress)),
    );
}

type Work = (dataDir: string, onProgress: (done: number, of: number) => void) => Promise<CopiedDocuments>;

async function run(options: Options, label: string, work: Work): Promise<void> {
  const { dataDir } = configOrExit(options.config);
  const bar = new ProgressBar();
  try {
    const result = await work(dataDir, (done, of) => bar.update(label, done, of));
    bar.end();
    if (options.json === true) console.log(JSON.stringify(result));
    else {
      const megabytes = (result.bytes / 1e6).toFixed(1);
      console.log(
        `✔ ${label}: ${result.documents} tài liệu / documents, ${megabytes} MB; ${result.copied} mới chép / copied now`,
      );
    }
    for (const sha256 of result.damaged) console.error(`✘ hỏng trên đĩa / damaged on disk: ${sha256}`);
    if (result.damaged.length > 0) process.exitCode = 1;
  } catch (error) {
    bar.end();
    exitWith(error);
  }
}
