import { readFileSync } from "node:fs";
import type { Profile } from "@hocba/signatures/profiles";
import { Command } from "commander";
import { examineProfile, loadProfiles, problemLines } from "../profiles/index.ts";
import { textTable } from "../terminal/text-table.ts";
import { configOption, configOrExit, exitWith } from "./config-option.ts";

/** `hocba profiles`: which documents this gateway knows how to sign, and whether a profile of one's own is right. */
export function profilesCommand(): Command {
  const command = new Command("profiles").description(
    "Hồ sơ ký: loại tài liệu, các bước, vị trí chữ ký\nProfiles: kinds of documents, their steps, places of signatures",
  );
  command
    .command("list")
    .description("Liệt kê các hồ sơ có sẵn và của đơn vị\nList the shipped profiles and one's own (profiles.path)")
    .addOption(configOption())
    .option("--json", "in một đối tượng JSON mỗi dòng / print one JSON object a line")
    .action((options: { config?: string; json?: boolean }) => {
      try {
        const folder = options.config === undefined ? null : configOrExit(options.config).profiles.path;
        const profiles = [...loadProfiles(folder).values()];
        if (options.json) for (const profile of profiles) console.log(JSON.stringify(profile));
        else console.log(table(profiles));
      } catch (error) {
        exitWith(error);
      }
    });
  command
    .command("check")
    .description(
      "Kiểm tra tệp hồ sơ, báo lỗi theo dòng; mã thoát 0 đúng, 1 có lỗi, 3 không đọc được\nCheck profile files and name the lines; exit 0 right, 1 wrong, 3 unreadable",
    )
    .argument("<file...>")
    .action((files: string[]) => {
      for (const file of files) check(file);
    });
  return command.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 3));
}

function check(file: string): void {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    console.error(`hocba: ${file}: không đọc được / cannot be read (${(error as NodeJS.ErrnoException).code})`);
    process.exitCode = 3;
    return;
  }
  const { profile, problems } = examineProfile(text);
  if (profile === null) {
    for (const line of problemLines(problems, file)) console.log(line);
    process.exitCode ??= 1;
  } else console.log(`${file}: đúng / right: ${profile.name}, ${profile.steps.length} bước / steps`);
}

function table(profiles: readonly Profile[]): string {
  return textTable(
    ["Tên / Name", "Dạng / Format", "Nội dung / Title", "Các bước / Steps"],
    profiles.map((profile) => [
      profile.name,
      profile.format,
      `${profile.title.vi} / ${profile.title.en}`,
      profile.steps.map((step) => `${step.id} (${step.level})`).join(" → "),
    ]),
  );
}
