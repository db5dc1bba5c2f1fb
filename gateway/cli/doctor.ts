import { join } from "node:path";
import { Command } from "commander";
import type { Config } from "../config/index.ts";
import {
  type Complaint,
  type DoctorParts,
  examine,
  examineFiles,
  examineWorkList,
  type UnreferencedFiles,
} from "../doctor/index.ts";
import { evidenceRecords, openRecordBook, type RecordBook } from "../evidence-records/index.ts";
import { openPreservationBook } from "../extension/index.ts";
import type { Ledger } from "../ledger/index.ts";
import { loadProfiles } from "../profiles/index.ts";
import { listedDocuments } from "../queue/index.ts";
import { openReceiptIssuer } from "../receipts/index.ts";
import { openFileStore } from "../store/index.ts";
import { createVerifier, loadTrust } from "../verification/index.ts";
import { configOption, configOrExit, withLedger } from "./config-option.ts";

interface Options {
  config?: string;
  json?: boolean;
  verify: boolean;
  redis: boolean;
  removeUnreferenced?: boolean;
}

/** What the doctor says at the end, with `--json` as its last line. */
interface Summary {
  documents: number;
  states: Record<string, number>;
  /** Issued at a lower level than wanted: their time stamps are late. `oldestSeconds`: since the oldest was issued. */
  waiting: { documents: number; oldestSeconds: number };
  /** Files in the store that no document leads to; `old`: for more than a day. */
  unreferenced: UnreferencedFiles;
  errors: number;
  warnings: number;
  problems: Record<string, number>;
}

/** `hocba doctor`: proves that ledger, documents, audit log, receipts and work list agree. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description(
      "Đối chiếu sổ cái, kho tài liệu, nhật ký, biên nhận và hàng đợi: mỗi bước ký đúng một lần, không mất gì\n" +
        "Hold ledger, documents, audit log, receipts and work list against each other: each step signed once, nothing lost",
    )
    .addOption(configOption())
    .option("--json", "mỗi sai lệch một dòng JSON, dòng cuối là tổng kết / one JSON object a line, the summary last")
    .option(
      "--remove-unreferenced",
      "xoá tệp cũ hơn một ngày mà không tài liệu nào cần / remove files older than a day that no document needs",
    )
    .option("--no-verify", "không kiểm tra lại chữ ký / do not verify the signatures again")
    .option("--no-redis", "không xem hàng đợi / leave the work list alone")
    .addHelpText(
      "after",
      "\nCó thể chạy khi cổng đang làm việc / may run beside a working gateway." +
        "\nMã thoát / exit code: 0 khớp / all agree · 1 có sai lệch / something differs · 2 chỉ có cảnh báo / warnings only · 3 dùng sai, không mở được / bad use, cannot be opened",
    )
    .action(async (options: Options) => {
      const config = configOrExit(options.config);
      await withLedger(options.config, async (ledger) => {
        const summary = await run(config, ledger, options);
        print(summary, options);
        process.exitCode = summary.errors > 0 ? 1 : summary.warnings > 0 ? 2 : 0;
      });
    });
}

async function run(config: Config, ledger: Ledger, options: Options): Promise<Summary> {
  const summary: Summary = {
    documents: 0,
    states: {},
    waiting: { documents: 0, oldestSeconds: 0 },
    unreferenced: { files: 0, bytes: 0, old: { files: 0, bytes: 0 }, removed: { files: 0, bytes: 0 } },
    errors: 0,
    warnings: 0,
    problems: {},
  };
  const store = await openFileStore(join(config.dataDir, "documents"));
  const preserved = openPreservationBook(join(config.dataDir, "preservation.sqlite"));
  const book = openRecordBook(join(config.dataDir, "evidence-records.sqlite"));
  const verifier = options.verify
    ? createVerifier(config.verification, {
        trust: loadTrust(config.trust),
        allowedHosts: config.trust.allowedHosts,
        clock: Date.now,
      })
    : null;
  const note = (complaint: Complaint) => {
    if (complaint.severity === "error") summary.errors++;
    else summary.warnings++;
    summary.problems[complaint.problem] = (summary.problems[complaint.problem] ?? 0) + 1;
    if (options.json === true) console.log(JSON.stringify(complaint));
    else {
      console.error(
        `${complaint.severity === "error" ? "✘" : "!"} ${complaint.about}: ${complaint.problem} ${JSON.stringify(complaint.details)}`,
      );
    }
  };
  try {
    const parts = {
      ledger,
      store,
      receiptKey: openReceiptIssuer(config.dataDir).key,
      profiles: loadProfiles(config.profiles.path),
      evidence: evidenceOf(config, book, ledger, store),
      preservedOf: (id: string) => preserved.get(id)?.sha256 ?? null,
      verify: verifier === null ? null : verifier.verify,
    };
    const seen = (_: string, state: string) => {
      summary.documents++;
      summary.states[state] = (summary.states[state] ?? 0) + 1;
    };
    for await (const complaint of examine(parts, seen)) note(complaint);
    const kept = [preserved.revisions, book.embeddedFiles];
    const removing = options.removeUnreferenced === true;
    summary.unreferenced = await examineFiles({ ledger, store, kept, clock: Date.now }, removing);
    const { removed } = summary.unreferenced;
    if (removed.files > 0) {
      await ledger.audit.append({ actor: "doctor", action: "store.unreferenced-removed", details: removed });
    }
    const { documents, since } = await ledger.documents.waiting();
    const oldestSeconds = since === null ? 0 : Math.max(0, Math.round((Date.now() - since) / 1000));
    summary.waiting = { documents, oldestSeconds };
    if (options.redis) {
      const listed = await listedDocuments(config.redis);
      // Two turns of the reconciler: what is not on the list by then is waiting for nobody.
      const grace = 2 * config.worker.reconcileEveryMs;
      for await (const complaint of examineWorkList(ledger, listed, Date.now(), grace)) note(complaint);
    }
  } finally {
    preserved.close();
    book.dispose();
    await store.close();
  }
  return summary;
}

const megabytes = (octets: number): string => `${(octets / 1_000_000).toFixed(1)} MB`;

function evidenceOf(
  config: Config,
  book: RecordBook,
  ledger: Ledger,
  store: Parameters<typeof evidenceRecords>[1],
): NonNullable<DoctorParts["evidence"]> {
  const { profiles } = config.evidenceRecords;
  return {
    ofDocument: evidenceRecords(book, store).ofDocument,
    async isDue({ id, profile }) {
      if (profiles !== "all" && !profiles.includes(profile)) return false;
      // What was issued after the keeper's last look is on its way.
      const later = await ledger.audit.entries({ after: book.cursor(), limit: 100, documentId: id });
      return !later.some(({ action }) => action === "document.signed" || action === "document.raised");
    },
  };
}

function print(summary: Summary, options: Options): void {
  if (options.json === true) {
    console.log(JSON.stringify({ summary }));
    return;
  }
  const states = Object.entries(summary.states).map(([state, n]) => `${state} ${n}`);
  const { documents, oldestSeconds } = summary.waiting;
  if (documents > 0) {
    console.log(`${documents} chờ dấu thời gian / waiting for a time stamp, the oldest for ${oldestSeconds} s`);
  }
  const { files, bytes, old, removed } = summary.unreferenced;
  if (files > 0) {
    const done = removed.files > 0 ? `; đã xoá / removed: ${removed.files}, ${megabytes(removed.bytes)}` : "";
    console.log(
      `${files} tệp không tài liệu nào cần / files no document needs, ${megabytes(bytes)}; cũ hơn một ngày / older than a day: ${old.files}, ${megabytes(old.bytes)}${done}`,
    );
  }
  console.log(
    `${summary.documents} tài liệu / documents${states.length === 0 ? "" : `: ${states.join(", ")}`}\n` +
      `${summary.errors === 0 ? "✔" : "✘"} sai lệch / differences: ${summary.errors}; cảnh báo / warnings: ${summary.warnings}`,
  );
}
