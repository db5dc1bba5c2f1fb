import { Command } from "commander";

const program = new Command("hocba")
  .description(
    "Cổng ký số và kiểm tra học bạ số tự vận hành\nSelf-hosted signing and verification gateway for digital school transcripts",
  )
  .showHelpAfterError();

await program.parseAsync();
