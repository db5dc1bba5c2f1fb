import { cpus } from "node:os";
import { Command, InvalidArgumentError } from "commander";
import { benchEndToEnd } from "../bench/bench-end-to-end.ts";
import { benchLarge } from "../bench/bench-large.ts";
import { benchSigning } from "../bench/bench-signing.ts";
import { benchVerification } from "../bench/bench-verification.ts";
import type { Figure } from "../bench/measure.ts";
import { textTable } from "../terminal/text-table.ts";

const positive = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("≥ 1");
  return value;
};

/** `hocba bench`: figures as ratios to a floor measured in the same run, since machines differ. */
export function benchCommand(): Command {
  return new Command("bench")
    .description(
      "Đo tốc độ ký và kiểm tra, mỗi con số kèm tỷ lệ so với giới hạn đo trong cùng lần chạy\n" +
        "Measures signing and verification, each figure as a ratio to a floor measured in the same run",
    )
    .option("--seconds <n>", "thời gian mỗi phép đo / length of each measurement", positive, 5)
    .option("--sessions <n>", "số phiên PKCS #11 / PKCS #11 sessions", positive, 4)
    .option("--documents <n>", "số tài liệu đo trọn vẹn / documents for the end-to-end figures", positive, 200)
    .option("--only <names>", "signing,verification,large,end-to-end", "signing,verification,large,end-to-end")
    .option("--json", "mỗi con số một dòng JSON / one JSON object a figure")
    .action(async (options: { seconds: number; sessions: number; documents: number; only: string; json?: boolean }) => {
      const only = new Set(options.only.split(","));
      const figures: Figure[] = [];
      const add = async (name: string, measure: () => Promise<Figure[]>) => {
        if (!only.has(name)) return;
        process.stderr.write(`• ${name} …\n`);
        figures.push(...(await measure()));
      };
      // The raw rate is the floor of the end-to-end figures as well.
      if (only.has("end-to-end")) only.add("signing");
      await add("signing", () => benchSigning(options));
      await add("verification", () => benchVerification(options));
      await add("large", benchLarge);
      for (const format of ["pdf", "xml"] as const) {
        await add("end-to-end", () => benchEndToEnd({ documents: options.documents, format }, figures[0]!.perSecond));
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
