import { Command } from "commander";

/** A command that is loaded only when it is called: `verify` should not wait for the queue's libraries. */
interface Entry {
  readonly name: string;
  readonly vi: string;
  readonly en: string;
  load(): Promise<Command>;
}

const entries: readonly Entry[] = [
  {
    name: "demo",
    vi: "chạy thử trọn vẹn: ký và kiểm tra một lớp mẫu",
    en: "the whole job on embedded defaults: sign and verify a sample class",
    load: async () => (await import("./demo.ts")).demoCommand(),
  },
  {
    name: "verify",
    vi: "kiểm tra các tệp đã ký",
    en: "verify signed files",
    load: async () => (await import("./verify.ts")).verifyCommand(),
  },
  {
    name: "extend",
    vi: "nâng chữ ký lên mức lưu giữ lâu dài, gia hạn",
    en: "raise signatures to long-term levels, renew them",
    load: async () => (await import("./extend.ts")).extendCommand(),
  },
  {
    name: "serve",
    vi: "chạy cổng: API, trang tra cứu",
    en: "run the gateway: API and portal",
    load: async () => (await import("./serve.ts")).serveCommand(),
  },
  {
    name: "worker",
    vi: "chạy tiến trình ký",
    en: "run a signing worker",
    load: async () => (await import("./worker.ts")).workerCommand(),
  },
  {
    name: "token-host",
    vi: "chạy tiến trình giữ khoá",
    en: "run the process that owns the PKCS #11 module",
    load: async () => (await import("./token-host.ts")).tokenHostCommand(),
  },
  {
    name: "registry",
    vi: "trường, khoá API, người ký, chứng thư số",
    en: "schools, API keys, signers, certificate bindings",
    load: async () => (await import("./registry.ts")).registryCommand(),
  },
  {
    name: "keys",
    vi: "khoá trên thiết bị",
    en: "keys on the tokens",
    load: async () => (await import("./keys.ts")).keysCommand(),
  },
  {
    name: "certs",
    vi: "chứng thư số: nhập, tải, kiểm tra đường dẫn",
    en: "certificates: import, fetch, validate paths",
    load: async () => (await import("./certs.ts")).certsCommand(),
  },
  {
    name: "profiles",
    vi: "hồ sơ ký: liệt kê, kiểm tra tệp",
    en: "profiles: list them, check a file",
    load: async () => (await import("./profiles.ts")).profilesCommand(),
  },
  {
    name: "audit",
    vi: "nhật ký: xem, kiểm tra chuỗi băm",
    en: "audit trail: read it, check its hash chain",
    load: async () => (await import("./audit.ts")).auditCommand(),
  },
  {
    name: "doctor",
    vi: "đối chiếu sổ cái, kho tài liệu và nhật ký",
    en: "hold ledger, documents and audit log against each other",
    load: async () => (await import("./doctor.ts")).doctorCommand(),
  },
  {
    name: "backup",
    vi: "sao lưu khi cổng đang làm việc",
    en: "copy the data folder while the gateway works",
    load: async () => (await import("./backup.ts")).backupCommand(),
  },
  {
    name: "restore",
    vi: "khôi phục từ bản sao lưu",
    en: "make the data folder again from a backup",
    load: async () => (await import("./backup.ts")).restoreCommand(),
  },
  {
    name: "bench",
    vi: "đo tốc độ, so với giới hạn của phần cứng",
    en: "measure speed, as ratios to the hardware's floor",
    load: async () => (await import("./bench.ts")).benchCommand(),
  },
];

// `hocba keys list | head` ends when head does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

const program = new Command("hocba")
  .description(
    "Cổng ký số và kiểm tra học bạ số tự vận hành\nSelf-hosted signing and verification gateway for digital school transcripts",
  )
  .usage("COMMAND [options]")
  .helpOption("-h, --help", "trợ giúp / help")
  .helpCommand(false)
  .addHelpText(
    "after",
    "\nMỗi lệnh có --help riêng / each command has --help of its own.\nBắt đầu / to begin: ./hocba demo\nKiểm thử / tests:   ./hocba test",
  );

const wanted = entries.find((entry) => entry.name === process.argv[2]);
for (const entry of entries) {
  program.addCommand(
    entry === wanted ? await entry.load() : new Command(entry.name).description(`${entry.vi}\n${entry.en}`),
  );
}

const first = process.argv[2];
if (first === undefined || first === "help") program.outputHelp();
else if (wanted === undefined && !first.startsWith("-")) {
  console.error(`hocba: không có lệnh “${first}” / no such command. Xem / see: hocba --help`);
  process.exitCode = 3;
} else await program.parseAsync();
