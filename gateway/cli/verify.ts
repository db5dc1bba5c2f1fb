import { availableParallelism } from "node:os";
import { shippedPolicies } from "@hocba/signatures/verify";
import { Command, InvalidArgumentError, Option } from "commander";
import { type FileOutcome, fileVerifier, VERIFY_EXIT, type VerifyOptions } from "./verify-files.ts";
import { verifyInThreads } from "./verify-in-threads.ts";

const collect = (value: string, list: string[]): string[] => [...list, value];

/** `hocba verify`: verifies files and tells what it found, for people or as one JSON object a line. */
export function verifyCommand(): Command {
  return new Command("verify")
    .description("Kiểm tra chữ ký số của tệp PDF, XML, CMS\nVerify the digital signatures of PDF, XML and CMS files")
    .option("--json", "mỗi tệp một dòng JSON / one JSON object a line, per file")
    .addOption(
      new Option("--at <time>", "kiểm tra như tại thời điểm này (ISO 8601) / validate as at this time").argParser(
        parseTime,
      ),
    )
    .addOption(
      new Option("--policy <name>", "quy tắc kiểm tra / validation policy")
        .choices([...shippedPolicies.keys()])
        .default("vn-official"),
    )
    .option("--trust <path>", "CA gốc tin cậy, tệp hoặc thư mục / trusted roots, file or folder", collect, [])
    .option("--certs <path>", "chứng thư trung gian / intermediate certificates", collect, [])
    .option("--crls <path>", "danh sách thu hồi / certificate revocation lists", collect, [])
    .option("--ocsp <path>", "phản hồi OCSP / OCSP responses", collect, [])
    .option("--evidence <path>", "hồ sơ chứng cứ RFC 4998, RFC 6283 / evidence records of the files", collect, [])
    .option("--content <file>", "nội dung của chữ ký tách rời / content of a detached signature")
    .option("--offline", "không truy cập mạng / use no network")
    .option("--report-pdf <file>", "ghi báo cáo để in / write a report for printing (one input file)")
    .option("--report-xml <file>", "ghi báo cáo ETSI TS 119 102-2 / write the ETSI validation report (one input file)")
    .option(
      "--allow <host>",
      "cho phép tải từ máy này dù ở mạng riêng / fetch from this host, private or not",
      collect,
      [],
    )
    .argument("<file...>")
    .addHelpText(
      "after",
      "\nMã thoát / exit code: 0 hợp lệ cả / all passed · 1 có tệp sai / any failed · 2 chưa kết luận hoặc không có chữ ký / any undecided or unsigned · 3 dùng sai, không đọc được / bad use, unreadable",
    )
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? VERIFY_EXIT.passed : VERIFY_EXIT.unusable);
    })
    .action(async (files: string[], options: VerifyOptions) => {
      process.exitCode = await verifyFiles(files, options);
    });
}

/** From so many files on, threads are worth their start. */
const MANY = 32;

async function verifyFiles(files: readonly string[], options: VerifyOptions): Promise<number> {
  if (files.length > 1 && (options.reportPdf || options.reportXml)) {
    process.stderr.write("hocba verify: báo cáo là của một tệp / a report is of one file\n");
    return VERIFY_EXIT.unusable;
  }
  const threads = Math.min(availableParallelism(), Math.ceil(files.length / MANY));
  const progress = progressLine(files.length);
  const seen = new Set<number>();
  let done = 0;
  try {
    const verify = fileVerifier(options);
    const outcomes = threads > 1 ? verifyInThreads(files, options, threads) : oneByOne(files, verify);
    for await (const { stdout, stderr, code } of outcomes) {
      progress.clear();
      if (stderr) process.stderr.write(stderr);
      // A reader slower than the verification must not fill the memory.
      if (stdout && !process.stdout.write(stdout))
        await new Promise((resolve) => process.stdout.once("drain", resolve));
      seen.add(code);
      progress.show(++done);
    }
    progress.clear();
  } catch (error) {
    progress.clear();
    process.stderr.write(`hocba verify: ${(error as Error).message}\n`);
    return VERIFY_EXIT.unusable;
  }
  for (const code of [VERIFY_EXIT.unusable, VERIFY_EXIT.failed, VERIFY_EXIT.undecided]) if (seen.has(code)) return code;
  return VERIFY_EXIT.passed;
}

async function* oneByOne(
  files: readonly string[],
  verify: (file: string) => Promise<FileOutcome>,
): AsyncGenerator<FileOutcome> {
  for (const file of files) yield await verify(file);
}

function parseTime(text: string): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new InvalidArgumentError("ISO 8601");
  return time.toISOString();
}

/** Progress on a terminal's standard error, ten times a second at most; nowhere else. */
function progressLine(total: number): { show(done: number): void; clear(): void } {
  if (total < 2 || !process.stderr.isTTY) return { show() {}, clear() {} };
  let shownAt = 0;
  return {
    show(done) {
      if (Date.now() - shownAt < 100) return;
      shownAt = Date.now();
      process.stderr.write(`\r${done}/${total}`);
    },
    clear: () => process.stderr.write("\r\u001b[K"),
  };
}
