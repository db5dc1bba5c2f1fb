import { once } from "node:events";
import { resolve } from "node:path";
import { HocbaError } from "@hocba/certs";
import { Command, InvalidArgumentError } from "commander";
import { classTable } from "../demo/class-table.ts";
import { type ClassPhase, isGood, type SignedTranscript, signClass } from "../demo/sign-class.ts";
import { type Demo, type DemoStage, startDemo } from "../demo/start-demo.ts";
import { ProgressBar } from "../terminal/progress-bar.ts";

const STAGES: Readonly<Record<DemoStage, string>> = {
  pki: "Lập PKI thử nghiệm (gốc RSA-4096) / dev PKI",
  token: "Sinh khoá trong thiết bị SoftHSM / keys in the SoftHSM token",
  redis: "Khởi động Redis riêng / private Redis",
  "token-host": "Khởi động tiến trình giữ khoá / token host",
  gateway: "Khởi động cổng / gateway",
  worker: "Khởi động tiến trình ký / worker",
  ready: "Sẵn sàng / ready",
};

const PHASES: Readonly<Record<ClassPhase, string>> = {
  render: "Lập học bạ / rendering",
  submit: "Gửi lên cổng / submitting",
  sign: "Ký và đóng dấu thời gian / signing",
  verify: "Kiểm tra độc lập / verifying",
};

/** Errors that another directory or another port would avoid. */
const BAD_USE: ReadonlySet<string> = new Set(["DEMO_ALREADY_RUNNING", "PORT_IN_USE"]);

/** `hocba demo`: exits 0 when everything came back signed and verified, 1 when not, 3 on bad use or a missing prerequisite. */
export function demoCommand(): Command {
  return new Command("demo")
    .description(
      "Chạy thử trọn vẹn: PKI thử nghiệm, thiết bị SoftHSM, Redis riêng, cổng, tiến trình ký, trang tra cứu; ký rồi kiểm tra một lớp học sinh hư cấu, mỗi em một XML và một PDF\n" +
        "The whole job on embedded defaults: signs a class of fictional pupils, an XML and a PDF each, and verifies them",
    )
    .option(
      "--once",
      "dừng khi ký xong, mã thoát 0 nếu tất cả hợp lệ / stop when done; exit 0 when all is signed and verified",
    )
    .option("--port <n>", "cổng HTTP của API và trang tra cứu / HTTP port; 0: bất kỳ / any", port, 8080)
    .option("--data <dir>", "nơi giữ dữ liệu / data directory", ".hocba/demo")
    .option("--pupils <n>", "số học sinh / number of pupils", count, 40)
    .action(async (options: { once?: boolean; port: number; data: string; pupils: number }) => {
      process.exitCode = await runDemo(options);
    });
}

async function runDemo(options: { once?: boolean; port: number; data: string; pupils: number }): Promise<number> {
  const stop = new AbortController();
  const interrupt = () => {
    // A second Ctrl-C is for the impatient: the parts end with this process.
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  let demo: Demo | null = null;
  try {
    demo = await startDemo({
      dataDir: resolve(options.data),
      port: options.port,
      pupils: options.pupils,
      onStage: (stage) => console.error(`• ${STAGES[stage]}`),
    });
    const running = demo;
    const good = await Promise.race([signAndShow(running), aborted(stop.signal)]);
    if (good === "aborted") return 130;
    if (options.once === true || stop.signal.aborted) return good ? 0 : 1;
    console.error("Đang phục vụ; Ctrl-C để dừng / serving; Ctrl-C to stop");
    const ended = [...running.parts.values()].map(async (part) => {
      await part.exited;
      return part;
    });
    const outcome = await Promise.race([aborted(stop.signal), ...ended]);
    if (outcome !== "aborted" && outcome !== null) {
      console.error(`✘ ${outcome.name} đã dừng / has ended: ${outcome.logFile}`);
      return 1;
    }
    return good ? 0 : 1;
  } catch (error) {
    if (stop.signal.aborted) return 130;
    console.error(`✘ ${explain(error)}`);
    return error instanceof HocbaError && BAD_USE.has(error.code) ? 3 : 1;
  } finally {
    await demo?.close();
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}

async function signAndShow(demo: Demo): Promise<boolean> {
  const bar = new ProgressBar();
  const started = Date.now();
  const documents = await signClass(demo, demo.sample, {
    runId: new Date(started).toISOString(),
    onProgress: (phase, done, total) => bar.update(PHASES[phase], done, total),
  });
  bar.end();
  const seconds = (Date.now() - started) / 1000;
  console.log(classTable(documents));
  console.log(summary(documents, seconds));
  console.log(
    `\nTrang tra cứu / portal: ${demo.baseUrl}/\nThư mục dữ liệu / data:   ${demo.configFile.replace(/\/[^/]*$/, "")}`,
  );
  return documents.every(isGood);
}

function summary(documents: readonly SignedTranscript[], seconds: number): string {
  const good = documents.filter(isGood).length;
  const signatures = documents.reduce((sum, d) => sum + (d.report?.signatures.length ?? 0), 0);
  const mark = good === documents.length ? "✔" : "✘";
  return (
    `\n${mark} ${good}/${documents.length} tài liệu đã ký và được kiểm tra hợp lệ, ${signatures} chữ ký, ${seconds.toFixed(1)} giây\n` +
    `${mark} ${good} of ${documents.length} documents signed and verified, ${signatures} signatures, ${seconds.toFixed(1)} s`
  );
}

async function aborted(signal: AbortSignal): Promise<"aborted"> {
  if (!signal.aborted) await once(signal, "abort");
  return "aborted";
}

function explain(error: unknown): string {
  if (!(error instanceof HocbaError)) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (error.code === "DEMO_ALREADY_RUNNING") {
    return `một bản chạy thử khác đang dùng thư mục này, hãy dừng nó hoặc chọn --data khác / another demo uses this directory; stop it or choose another --data\n  ${error.message}`;
  }
  if (error.code === "PORT_IN_USE") {
    const { port } = error.details;
    return `cổng ${port} đang có chương trình khác dùng, hãy chọn --port khác (0: bất kỳ) / port ${port} is in use; choose another --port (0: any)\n  ${error.message}`;
  }
  return `${error.code}: ${error.message}`;
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65535) throw new InvalidArgumentError("0–65535");
  return value;
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 10_000) throw new InvalidArgumentError("1–10000");
  return value;
}
