import { once } from "node:events";
import { availableParallelism } from "node:os";
import { shippedPolicies } from "@hocba/signatures/verify";
import { Command, InvalidArgumentError, Option } from "commander";
import { ProgressBar } from "../terminal/progress-bar.ts";
import { type FileOutcome, fileVerifier, stoppedOutcome, VERIFY_EXIT, type VerifyOptions } from "./verify-files.ts";
import { verifyInThreads } from "./verify-in-threads.ts";
import { FROM_STDIN, inputFiles } from "./verify-inputs.ts";

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
    .option(
      "--profile <name>",
      "mẫu phải tuân theo: tên mẫu có sẵn hoặc tệp JSON; bỏ trống: nhận theo dạng tài liệu / profile to hold the files against: a shipped one or a JSON file; default: by their shape",
    )
    .option(
      "--register <file>",
      "sổ đăng ký chứng thư (do hocba registry export ghi): ai được ký vai trò nào, cho trường nào / certificate register, as hocba registry export writes it",
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
    .addOption(
      new Option("--threads <n>", "số luồng / threads; default: all cores").argParser((text) => parseCount(text, 256)),
    )
    .addOption(
      new Option(
        "--timeout <seconds>",
        "thời gian nhiều nhất cho mỗi tệp khi có nhiều tệp / most time for one of many files",
      )
        .argParser((text) => parseCount(text, 86_400))
        .default(300),
    )
    .argument(
      "<file...>",
      `tệp; thư mục: mọi tệp bên trong; "${FROM_STDIN}": danh sách tên từ đầu vào chuẩn / files; a folder: all files below it; "${FROM_STDIN}": names from standard input`,
    )
    .addHelpText(
      "after",
      "\nVí dụ / examples:\n  hocba verify --json hoc-ba/ > bao-cao.jsonl\n  find . -name '*.pdf' -print0 | hocba verify --offline --trust anchors -" +
        "\n\nMã thoát / exit code: 0 hợp lệ cả / all passed · 1 có tệp sai / any failed · 2 chưa kết luận hoặc không có chữ ký / any undecided or unsigned · 3 dùng sai, không đọc được / bad use, unreadable",
    )
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? VERIFY_EXIT.passed : VERIFY_EXIT.unusable);
    })
    .action(async (named: string[], options: CommandOptions) => {
      process.exitCode = await verifyFiles(named, options);
    });
}

interface CommandOptions extends VerifyOptions {
  threads?: number;
  /** Seconds. */
  timeout: number;
}

/** From so many files on, a further thread is worth its start. */
const FILES_PER_THREAD = 32;
/** Most of V8's heap for a thread; the largest files that were tried take a tenth of it. */
const THREAD_MEMORY_MB = 1024;

async function verifyFiles(
  named: readonly string[],
  { threads, timeout, ...options }: CommandOptions,
): Promise<number> {
  const files = await inputFiles(named, process.stdin);
  if (files.length === 0) return refuse("không có tệp nào / no files");
  if (files.length > 1 && (options.reportPdf || options.reportXml))
    return refuse("báo cáo là của một tệp / a report is of one file");
  const progress = files.length > 1 && process.stderr.isTTY ? new ProgressBar() : null;
  const counts = new Map<number, number>();
  let done = 0;
  try {
    // Says at once what the options lack; and serves a single file.
    const verify = fileVerifier(options);
    const outcomes =
      files.length === 1
        ? onlyOne(files[0]!, verify, options)
        : verifyInThreads(files, options, {
            threads: threads ?? Math.min(availableParallelism(), Math.ceil(files.length / FILES_PER_THREAD)),
            timeoutMs: timeout * 1000,
            memoryMb: THREAD_MEMORY_MB,
          });
    progress?.update(LABEL, 0, files.length);
    for await (const { stdout, stderr, code } of outcomes) {
      // What goes to a file or a pipe leaves the bar alone.
      if (stderr || process.stdout.isTTY) progress?.clear();
      if (stderr) process.stderr.write(stderr);
      if (stdout) await write(stdout);
      counts.set(code, (counts.get(code) ?? 0) + 1);
      progress?.update(LABEL, ++done, files.length);
    }
    if (files.length > 1 && !options.json) await write(summary(counts));
  } catch (error) {
    progress?.clear();
    return refuse((error as Error).message);
  }
  const { unusable, failed, undecided, passed } = VERIFY_EXIT;
  return [unusable, failed, undecided].find((code) => counts.has(code)) ?? passed;
}

const LABEL = "Kiểm tra / verifying";

function refuse(reason: string): number {
  process.stderr.write(`hocba verify: ${reason}\n`);
  return VERIFY_EXIT.unusable;
}

/** A reader slower than the verification must not fill the memory. */
async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, "drain");
}

async function* onlyOne(
  file: string,
  verify: (file: string) => Promise<FileOutcome>,
  options: VerifyOptions,
): AsyncGenerator<FileOutcome> {
  try {
    yield await verify(file);
  } catch (error) {
    yield await stoppedOutcome(file, options, String(error));
  }
}

function summary(counts: ReadonlyMap<number, number>): string {
  const of = (code: number) => counts.get(code) ?? 0;
  const total = [...counts.values()].reduce((sum, n) => sum + n, 0);
  const { passed, failed, undecided, unusable } = VERIFY_EXIT;
  return (
    `${total} tệp / files: ✔ ${of(passed)} hợp lệ / valid · ✘ ${of(failed)} không hợp lệ / not valid · ` +
    `? ${of(undecided)} chưa kết luận hoặc không có chữ ký / undecided or unsigned · ${of(unusable)} không đọc được / unreadable\n`
  );
}

function parseCount(text: string, most: number): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > most) throw new InvalidArgumentError(`1–${most}`);
  return count;
}

function parseTime(text: string): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new InvalidArgumentError("ISO 8601");
  return time.toISOString();
}
