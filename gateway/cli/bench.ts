import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { benchEndToEnd } from "../bench/bench-end-to-end.ts";
import { benchLarge } from "../bench/bench-large.ts";
import { benchLargeService } from "../bench/bench-large-service.ts";
import { benchVerification } from "../bench/bench-verification.ts";
import { inChild } from "../bench/in-child.ts";
import type { Figure } from "../bench/measure.ts";
import { sealedPdfs, transcripts, visiblePdfs, type Workload } from "../bench/workloads.ts";
import { textTable } from "../terminal/text-table.ts";

const positive = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("≥ 1");
  return value;
};

const lengths = (text: string): number[] => text.split(",").map(positive);

const NAMES = [
  "signing",
  "verification",
  "large",
  "large-service",
  "seal",
  "visible",
  "transcript",
  "all-stamped",
  "queue",
] as const;
const DEFAULT = NAMES.filter((name) => name !== "queue");
/** Documents of the figure queue: it is about the queue, and 100,000 of them have to find room. */
const SMALL = 4096;

/**
 * What only signs takes memory for documents beside the heap and little in it. With a large young generation that memory is seen to by
 * collections of everything, for a third of the processor time; with a small one it goes as it comes. A worker does more in its heap.
 */
const SIGNING_YOUNG_MIB = 4;

interface BenchOptions {
  seconds: number;
  sessions: number;
  documents: number;
  workers: number;
  queued: number[];
  only: string;
  json?: boolean;
}

/** `hocba bench`: figures as ratios to a floor measured in the same run, since machines differ. */
export function benchCommand(): Command {
  return new Command("bench")
    .description(
      "Đo tốc độ ký và kiểm tra, mỗi con số kèm tỷ lệ so với giới hạn đo trong cùng lần chạy\n" +
        "Measures signing and verification, each figure as a ratio to a floor measured in the same run",
    )
    .option("--seconds <n>", "thời gian mỗi phép đo / length of each measurement", positive, 5)
    .option("--sessions <n>", "số phiên PKCS #11 / PKCS #11 sessions", positive, 4)
    .option("--documents <n>", "số tài liệu đo trọn vẹn / documents for the end-to-end figures", positive, 1000)
    .option(
      "--workers <n>",
      "số tiến trình ký / signing workers of the end-to-end figures",
      positive,
      availableParallelism(),
    )
    .option(
      "--queued <list>",
      "độ dài hàng đợi, cách nhau bằng dấu phẩy / lengths of the queue, with commas, for the figure queue",
      lengths,
      [1000, 10_000],
    )
    .option("--only <names>", `${NAMES.join(",")} (${DEFAULT.join(",")})`, DEFAULT.join(","))
    .option("--json", "mỗi con số một dòng JSON / one JSON object a figure")
    .action(async (options: BenchOptions) => {
      const only = new Set(options.only.split(","));
      const figures: Figure[] = [];
      const add = async (name: string, measure: () => Promise<Figure[]>) => {
        if (!only.has(name)) return;
        process.stderr.write(`• ${name} …\n`);
        figures.push(...(await measure()));
      };
      await add("signing", () => inChild("signing-child", options, [`--max-semi-space-size=${SIGNING_YOUNG_MIB}`]));
      await add("verification", () => benchVerification(options));
      await add("large", benchLarge);
      await add("large-service", benchLargeService);
      // The raw rate is the floor of the end-to-end figures as well, where it was measured.
      const raw = only.has("signing") ? figures[0]!.perSecond : null;
      const { documents, workers } = options;
      const fewer = Math.ceil(documents / 5);
      const directory = mkdtempSync(join(tmpdir(), "hocba-bench-"));
      const endToEnd = async (workload: Workload, count: number, queued = false) => [
        await benchEndToEnd(workload, { documents: count, workers, directory, queued }, raw),
      ];
      try {
        await add("seal", async () => endToEnd(await sealedPdfs(), documents));
        await add("visible", async () => endToEnd(await visiblePdfs(), fewer));
        await add("transcript", () => endToEnd(transcripts("last"), fewer));
        await add("all-stamped", () => endToEnd(transcripts("each"), fewer));
        for (const length of options.queued) {
          await add("queue", async () => endToEnd(await sealedPdfs(SMALL), length, true));
        }
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
      print(figures, options.json === true);
    });
}

function print(figures: readonly Figure[], json: boolean): void {
  if (json) {
    for (const figure of figures) console.log(JSON.stringify(figure));
    return;
  }
  console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? "?"}\n`);
  console.log(
    textTable(
      ["", "/s", "", "tỷ lệ / ratio", "mục tiêu / goal", ""],
      figures.map((f) => [
        f.name,
        f.perSecond >= 100 ? f.perSecond.toFixed(0) : f.perSecond.toFixed(1),
        f.unit,
        f.ratio ? `${f.ratio.value.toFixed(2)} × ${f.ratio.to}` : "",
        f.goal ?? "",
        f.note ?? "",
      ]),
    ),
  );
}
