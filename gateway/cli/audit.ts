import { Command } from "commander";
import { type AuditEntry, auditGenesis, findAuditBreak } from "../ledger/index.ts";
import { configOption, withLedger } from "./config-option.ts";

const PAGE = 5000;

/** `hocba audit`: the audit log and the proof that nobody changed it. */
export function auditCommand(): Command {
  const command = new Command("audit").description(
    "Nhật ký kiểm toán: xem, kiểm tra chuỗi băm\nThe audit log: show it, check its hash chain",
  );
  command
    .command("list")
    .description("Liệt kê, mỗi dòng một mục JSON\nList, one JSON entry a line")
    .addOption(configOption())
    .option("--document <id>", "chỉ của tài liệu này / of this document only")
    .option("--batch <id>", "chỉ của lô này / of this batch only")
    .option("--after <seq>", "sau số thứ tự này / after this sequence number", Number, 0)
    .action((options: { config?: string; document?: string; batch?: string; after: number }) =>
      withLedger(options.config, async (ledger) => {
        const filter = {
          limit: PAGE,
          ...(options.document === undefined ? {} : { documentId: options.document }),
          ...(options.batch === undefined ? {} : { batchId: options.batch }),
        };
        for (let after = options.after; ; ) {
          const entries = await ledger.audit.entries({ ...filter, after });
          for (const { at, ...entry } of entries)
            console.log(JSON.stringify({ at: new Date(at).toISOString(), ...entry }));
          if (entries.length < PAGE) return;
          after = entries.at(-1)!.seq;
        }
      }),
    );
  command
    .command("check")
    .description(
      "Kiểm tra chuỗi băm; mã thoát 1 khi chuỗi bị đứt\nCheck the hash chain; exit code 1 when it is broken\n\n" +
        "Số thứ tự và mã băm cuối cùng được in ra: giữ chúng ở nơi khác để phát hiện việc cắt bớt.\n" +
        "Prints the last sequence number and hash: keep them elsewhere, so that a cut-off end shows too.",
    )
    .addOption(configOption())
    .option("--expect <seq:hash>", "mục đã biết / an entry known from before")
    .action((options: { config?: string; expect?: string }) =>
      withLedger(options.config, async (ledger) => {
        const [seq, hash] = options.expect?.split(":") ?? [];
        let last: Pick<AuditEntry, "seq" | "hash"> = { seq: 0, hash: auditGenesis };
        let met = options.expect === undefined;
        for (;;) {
          const entries = await ledger.audit.entries({ after: last.seq, limit: PAGE });
          const broken = findAuditBreak(entries, last);
          if (broken !== null) {
            console.error(`hỏng tại / broken at ${broken.seq}: ${broken.problem}`);
            process.exitCode = 1;
            return;
          }
          met ||= entries.some((entry) => String(entry.seq) === seq && entry.hash === hash);
          last = entries.at(-1) ?? last;
          if (entries.length < PAGE) break;
        }
        if (!met) {
          console.error(`không còn mục đã biết / the entry known from before is gone: ${options.expect}`);
          process.exitCode = 1;
          return;
        }
        console.log(`nguyên vẹn / intact ${last.seq}:${last.hash}`);
      }),
    );
  return command;
}
