import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { HocbaError } from "@hocba/certs";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { AllowList, EvidenceFetcher } from "@hocba/certs/online";
import { PathCache } from "@hocba/certs/path";
import { parseTrustAnchors } from "@hocba/certs/trust";
import { pemOrDerBlocks } from "@hocba/certs/x509";
import { type PolicyName, shippedPolicies } from "@hocba/signatures/verify";
import { Command, Option } from "commander";
import { type ExtensionLevel, type ExtensionParts, extendDocument } from "../extension/index.ts";
import { httpTransport, TimestampEndpoint, timestampRouter } from "../timestamps/index.ts";
import { tsaTrust } from "../verification/index.ts";
import { readEach } from "./trust-files.ts";

interface ExtendOptions {
  level: ExtensionLevel;
  trust: string[];
  certs: string[];
  tsa: string[];
  allowHost: string[];
  policy: PolicyName;
  content?: string;
  out?: string;
}

/** Exit codes: every file reached the level, some did not, bad use. */
const EXIT = { reached: 0, notReached: 1, unusable: 3 } as const;

const collect = (value: string, list: string[]): string[] => [...list, value];

/** `hocba extend`: raises signed files to LT or LTA, or renews their archive time stamps. */
export function extendCommand(): Command {
  return new Command("extend")
    .description(
      "Nâng chữ ký lên mức lưu giữ lâu dài (LT, LTA), gia hạn dấu thời gian lưu trữ\nRaise signatures to long-term levels (LT, LTA), renew archive time stamps",
    )
    .addOption(new Option("--level <level>", "mức cần đạt / level to reach").choices(["LT", "LTA"]).default("LTA"))
    .option("--trust <path>", "CA gốc tin cậy, tệp hoặc thư mục / trusted roots, file or folder", collect, [])
    .option("--certs <path>", "chứng thư trung gian / intermediate certificates", collect, [])
    .option("--tsa <url>", "dịch vụ dấu thời gian, hỏi lần lượt / time-stamping authority, asked in order", collect, [])
    .option(
      "--allow-host <host>",
      "được hỏi dù địa chỉ nội bộ / may be asked though its address is private",
      collect,
      [],
    )
    .addOption(
      new Option("--policy <name>", "quy tắc kiểm tra / validation policy")
        .choices([...shippedPolicies.keys()])
        .default("vn-official"),
    )
    .option("--content <file>", "nội dung của chữ ký tách rời / content of a detached signature")
    .option("--out <dir>", "thư mục kết quả (mặc định: cạnh tệp gốc) / where to write (default: beside the file)")
    .argument("<file...>")
    .addHelpText(
      "after",
      "\nKết quả / result: TEN.lta.pdf (--out: cùng tên / same name). Tệp gốc không đổi / the original is left alone.\nTệp đã ở mức LTA được đóng thêm một dấu thời gian / a file at LTA gets one more time stamp.",
    )
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? EXIT.reached : EXIT.unusable);
    })
    .action(async (files: string[], options: ExtendOptions) => {
      process.exitCode = await extendFiles(files, options);
    });
}

async function extendFiles(files: readonly string[], options: ExtendOptions): Promise<number> {
  const close: (() => void)[] = [];
  let parts: ExtensionParts;
  let content: Uint8Array | undefined;
  try {
    parts = partsOf(options, close);
    if (options.content !== undefined) content = readFileSync(options.content);
    if (options.out !== undefined) mkdirSync(options.out, { recursive: true });
  } catch (error) {
    process.stderr.write(`hocba extend: ${(error as Error).message}\n`);
    return EXIT.unusable;
  }
  let code: number = EXIT.reached;
  for (const file of files) {
    try {
      const bytes = new Uint8Array(readFileSync(file));
      const extended = await extendDocument(
        bytes,
        { level: options.level, fileName: file, ...(content ? { content } : {}) },
        parts,
      );
      const to = target(file, options);
      if (extended.changed || options.out !== undefined) write(to, extended.document);
      const levels = extended.report.signatures
        .filter((s) => s.format !== "DocTimeStamp")
        .map((s) => `${s.id} ${s.level}`);
      const said = extended.changed ? to : `đã ở mức này / at that level already${options.out ? `, ${to}` : ""}`;
      process.stdout.write(`${file} → ${said} (${levels.join(", ")})\n`);
    } catch (error) {
      code = EXIT.notReached;
      const what = error instanceof HocbaError ? `${error.code}: ${error.message}` : String(error);
      process.stderr.write(`${file}: ${what}\n`);
    }
  }
  for (const each of close) each();
  return code;
}

function partsOf(options: ExtendOptions, close: (() => void)[]): ExtensionParts {
  const anchors = readEach(options.trust, parseTrustAnchors);
  const certificates = readEach(options.certs, pemOrDerBlocks);
  const endpoints = options.tsa.map((url, i) => {
    const transport = httpTransport(url, 1);
    close.push(() => transport.close());
    return new TimestampEndpoint({
      name: `tsa-${i + 1}`,
      transport,
      timeoutMs: 150_000,
      concurrency: 1,
      policy: null,
      clockToleranceMs: 60_000,
      breaker: { failures: 5, restMs: 30_000 },
      crypto: nodeCrypto,
      trust: tsaTrust({ anchors, certificates }),
      clock: Date.now,
    });
  });
  return {
    anchors,
    certificates,
    policy: options.policy,
    clock: Date.now,
    cache: new PathCache(),
    // One for all files: a class shares its issuers' CRLs.
    fetcher: new EvidenceFetcher({ allow: new AllowList(options.allowHost) }),
    timestamps: endpoints.length > 0 ? timestampRouter(endpoints, 0) : null,
  };
}

function target(file: string, { out, level }: ExtendOptions): string {
  if (out !== undefined) return join(out, basename(file));
  const extension = extname(file);
  return join(dirname(file), `${basename(file, extension)}.${level.toLowerCase()}${extension}`);
}

/** The file appears whole or not at all. */
function write(path: string, bytes: Uint8Array): void {
  const partial = `${path}.${process.pid}.partial`;
  writeFileSync(partial, bytes);
  renameSync(partial, path);
}
