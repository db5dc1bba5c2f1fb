import { readFileSync } from "node:fs";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { EvidenceFetcher } from "@hocba/certs/online";
import { PathCache } from "@hocba/certs/path";
import { parseTrustAnchors } from "@hocba/certs/trust";
import { pemOrDerBlocks } from "@hocba/certs/x509";
import {
  type PolicyName,
  sentence,
  shippedPolicies,
  type VerificationContext,
  type VerificationReport,
} from "@hocba/signatures/verify";
import { Command, InvalidArgumentError, Option } from "commander";
import { verifyWithEvidence } from "../verification/verify-with-evidence.ts";
import { humanReport } from "./human-report.ts";
import { readPemBlocks } from "./read-pem-blocks.ts";
import { readEach } from "./trust-files.ts";

interface VerifyOptions {
  json?: boolean;
  at?: Date;
  policy: PolicyName;
  trust: string[];
  certs: string[];
  crls: string[];
  ocsp: string[];
  content?: string;
  offline?: boolean;
}

/** Exit codes of `hocba verify` (docs/cli): all passed, any failed, any undecided or unsigned, bad use or unreadable file. */
const EXIT = { passed: 0, failed: 1, undecided: 2, unusable: 3 } as const;

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
    .option("--content <file>", "nội dung của chữ ký tách rời / content of a detached signature")
    .option("--offline", "không truy cập mạng / use no network")
    .argument("<file...>")
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? EXIT.passed : EXIT.unusable);
    })
    .action(async (files: string[], options: VerifyOptions) => {
      process.exitCode = await verifyFiles(files, options);
    });
}

async function verifyFiles(files: readonly string[], options: VerifyOptions): Promise<number> {
  let context: Omit<VerificationContext, "fileName">;
  try {
    context = readContext(options);
  } catch (error) {
    process.stderr.write(`hocba verify: ${(error as Error).message}\n`);
    return EXIT.unusable;
  }
  const fetcher = options.offline ? null : new EvidenceFetcher();
  const seen = new Set<number>();
  for (const [done, file] of files.entries()) {
    progress(done, files.length, options);
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(file);
    } catch (error) {
      clearProgress();
      process.stderr.write(`${file}: không đọc được / cannot be read (${(error as NodeJS.ErrnoException).code})\n`);
      seen.add(EXIT.unusable);
      continue;
    }
    const report = await verifyWithEvidence(bytes, { ...context, fileName: file }, fetcher);
    clearProgress();
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : humanReport(report, sentence(report)));
    seen.add(exitCode(report));
  }
  for (const code of [EXIT.unusable, EXIT.failed, EXIT.undecided]) if (seen.has(code)) return code;
  return EXIT.passed;
}

function exitCode(report: VerificationReport): number {
  switch (report.indication) {
    case "TOTAL-PASSED":
      return EXIT.passed;
    case "TOTAL-FAILED":
      return EXIT.failed;
    default:
      return EXIT.undecided;
  }
}

function readContext(options: VerifyOptions): Omit<VerificationContext, "fileName"> {
  return {
    crypto: nodeCrypto,
    policy: options.policy,
    time: options.at ?? new Date(),
    anchors: readEach(options.trust, parseTrustAnchors),
    certificates: readEach(options.certs, pemOrDerBlocks),
    crls: readEach(options.crls, (bytes) => readPemBlocks(bytes, /^X509 CRL$/)),
    ocspResponses: readEach(options.ocsp, (bytes) => readPemBlocks(bytes, /^OCSP RESPONSE$/)),
    cache: new PathCache(),
    ...(options.content ? { detachedContent: readFileSync(options.content) } : {}),
  };
}

function parseTime(text: string): Date {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new InvalidArgumentError("ISO 8601");
  return time;
}

function progress(done: number, total: number, options: VerifyOptions): void {
  if (total < 2 || !process.stderr.isTTY || (!options.json && process.stdout.isTTY)) return;
  if (done % 16 === 0) process.stderr.write(`\r${done}/${total}`);
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
}
