import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { parseCertificate, pemOrDerBlocks } from "@hocba/certs/x509";
import type { SigningAlgorithm } from "@hocba/hsm-adapters";
import type { Role } from "@hocba/signatures/profiles";
import { Command, Option } from "commander";
import { mintApiKey } from "../access/index.ts";
import { GatewayError } from "../errors.ts";
import { type Ledger, type Scope, scopes } from "../ledger/index.ts";
import { newId } from "../new-id.ts";
import { checkSigningCertificate } from "../pipeline/index.ts";
import { registerLine } from "../verification/index.ts";
import { configOption, withLedger } from "./config-option.ts";

interface Common {
  config?: string;
}

/** Who did it, for the audit log. */
const actor = () => `operator ${userInfo().username}`;

/** `hocba registry`: who may send, who signs, with which certificate. */
export function registryCommand(): Command {
  const command = new Command("registry").description(
    "Trường, khoá API, người ký, chứng thư số\nSchools, API keys, signers, certificate bindings",
  );
  command
    .command("school <code> <name>")
    .description("Thêm hoặc đổi tên trường\nAdd or rename a school")
    .addOption(configOption())
    .action((code: string, name: string, options: Common) =>
      withLedger(options.config, (ledger) => ledger.registry.putSchool({ code, name }, actor())),
    );
  command.addCommand(apiKeyCommand());
  command
    .command("signer <id> <name>")
    .description("Thêm người ký hoặc con dấu\nAdd a person or a seal")
    .addOption(configOption())
    .requiredOption("--school <code>", "mã trường / school")
    .addOption(
      new Option("--kind <kind>", "người hoặc con dấu / person or seal").choices(["person", "seal"]).default("person"),
    )
    .action((id: string, name: string, options: Common & { school: string; kind: "person" | "seal" }) =>
      withLedger(options.config, (ledger) =>
        ledger.registry.putSigner({ id, name, school: options.school, kind: options.kind }, actor()),
      ),
    );
  command.addCommand(bindCommand());
  command
    .command("unbind <binding>")
    .description("Ngừng dùng một chứng thư\nWithdraw a binding: it signs nothing any more")
    .addOption(configOption())
    .action((id: string, options: Common) =>
      withLedger(options.config, async (ledger) => found(await ledger.registry.revokeBinding(id, actor()), id)),
    );
  command
    .command("list")
    .description("Liệt kê đăng ký chứng thư\nList the bindings")
    .addOption(configOption())
    .option("--school <code>", "mã trường / school")
    .action((options: Common & { school?: string }) =>
      withLedger(options.config, (ledger) => list(ledger, options.school)),
    );
  command
    .command("export")
    .description(
      "In sổ đăng ký chứng thư, mỗi dòng một mục JSON, cho hocba verify --register; không chứa khoá\n" +
        "Print the certificate register, one JSON object a line, for hocba verify --register; it holds no keys",
    )
    .addOption(configOption())
    .option("--school <code>", "mã trường / school")
    .action((options: Common & { school?: string }) =>
      withLedger(options.config, async (ledger) => {
        for (const binding of await ledger.registry.bindings(options.school ?? null)) {
          console.log(JSON.stringify(registerLine(binding)));
        }
      }),
    );
  command
    .command("resume [document...]")
    .description(
      "Cho ký lại các tài liệu bị lỗi sau khi đã khắc phục nguyên nhân\n" +
        "Take up failed documents again after the cause was removed; signatures made before stay",
    )
    .addOption(configOption())
    .option("--all-failed", "mọi tài liệu ở trạng thái failed / every failed document")
    .action((documents: string[], options: Common & { allFailed?: boolean }) =>
      withLedger(options.config, (ledger) => resume(ledger, documents, options.allFailed === true)),
    );
  return command;
}

function apiKeyCommand(): Command {
  const command = new Command("api-key").description("Khoá API\nAPI keys");
  command
    .command("add")
    .description("Tạo khoá; bí mật chỉ hiện một lần\nMake a key; its secret is shown once and stored nowhere")
    .addOption(configOption())
    .option("--school <code>", "trường mà khoá đại diện / school it acts for")
    .addOption(
      new Option("--scope <scope...>", "quyền / scopes")
        .choices([...scopes])
        .default(["documents:write", "documents:read"]),
    )
    .requiredOption("--label <text>", "dùng vào việc gì / what it is for")
    .action((options: Common & { school?: string; scope: Scope[]; label: string }) =>
      withLedger(options.config, async (ledger) => {
        const { id, secret } = await mintApiKey(ledger, {
          school: options.school ?? null,
          scopes: options.scope,
          label: options.label,
          actor: actor(),
          now: Date.now(),
        });
        console.error(`id: ${id}`);
        console.log(secret);
      }),
    );
  command
    .command("list")
    .description("Liệt kê khoá\nList the keys")
    .addOption(configOption())
    .action((options: Common) =>
      withLedger(options.config, async (ledger) => {
        for (const key of await ledger.registry.apiKeys()) {
          const state = key.revokedAt === null ? "" : " (đã thu hồi / revoked)";
          console.log(`${key.id}  ${key.school ?? "*"}  ${key.scopes.join(",")}  ${key.label}${state}`);
        }
      }),
    );
  command
    .command("revoke <id>")
    .description("Thu hồi khoá, có hiệu lực ngay\nRevoke a key, at once")
    .addOption(configOption())
    .action((id: string, options: Common) =>
      withLedger(options.config, async (ledger) => found(await ledger.registry.revokeApiKey(id, actor()), id)),
    );
  return command;
}

function bindCommand(): Command {
  interface Options extends Common {
    signer: string;
    school: string;
    role: Role;
    certificate: string;
    chain?: string;
    token?: string;
    key?: string;
    algorithm: SigningAlgorithm;
    subject?: string[];
    class?: string[];
  }
  return new Command("bind")
    .description("Gắn chứng thư số với người ký, vai trò, trường\nBind a certificate to a signer, a role and a school")
    .addOption(configOption())
    .requiredOption("--signer <id>", "người ký / signer")
    .requiredOption("--school <code>", "mã trường / school")
    .addOption(
      new Option("--role <role>", "vai trò / role")
        .choices(["subject-teacher", "homeroom-teacher", "principal", "seal"])
        .makeOptionMandatory(),
    )
    .requiredOption("--certificate <file>", "chứng thư số, PEM hoặc DER / certificate")
    .option("--chain <file>", "chứng thư của CA cấp / certificates of the issuing CAs")
    .option("--token <name>", "tên token trong cấu hình / token's name in its configuration")
    .option("--key <cka-id>", "CKA_ID, hex")
    .addOption(
      new Option("--algorithm <name>", "thuật toán / algorithm")
        .choices(["rsa-pkcs1-sha256", "rsa-pss-sha256", "ecdsa-p256-sha256"])
        .default("rsa-pkcs1-sha256"),
    )
    .option("--subject <code...>", "chỉ các môn này / these subjects only")
    .option("--class <name...>", "chỉ các lớp này / these classes only")
    .action((options: Options) =>
      withLedger(options.config, async (ledger) => {
        if ((options.token === undefined) !== (options.key === undefined)) {
          throw new GatewayError("REQUEST_INVALID", "--token and --key belong together");
        }
        const [certificate] = pemOrDerBlocks(readFileSync(options.certificate));
        if (certificate === undefined) throw new GatewayError("REQUEST_INVALID", "the file holds no certificate");
        const { notBefore, notAfter } = parseCertificate(certificate);
        const binding = {
          id: newId("binding", Date.now()),
          signerId: options.signer,
          school: options.school,
          role: options.role,
          subjects: options.subject ?? null,
          classes: options.class ?? null,
          certificate,
          chain: options.chain === undefined ? [] : pemOrDerBlocks(readFileSync(options.chain)),
          algorithm: options.algorithm,
          key: options.token === undefined ? null : { token: options.token, ckaId: options.key!.toLowerCase() },
          validFrom: notBefore,
          validTo: notAfter,
        };
        checkSigningCertificate({ ...binding, revokedAt: null }, Math.max(Date.now(), notBefore));
        await ledger.registry.addBinding(binding, actor());
        console.log(binding.id);
      }),
    );
}

async function list(ledger: Ledger, school: string | undefined): Promise<void> {
  for (const binding of await ledger.registry.bindings(school ?? null)) {
    const certificate = parseCertificate(binding.certificate);
    const limits = [...(binding.subjects ?? []), ...(binding.classes ?? [])].join(",");
    const key = binding.key === null ? "(ký sau / signs later)" : `${binding.key.token}:${binding.key.ckaId}`;
    const state = binding.revokedAt === null ? "" : " (đã ngừng / withdrawn)";
    console.log(
      `${binding.id}  ${binding.school}  ${binding.role}${limits === "" ? "" : `[${limits}]`}  ${key}  ` +
        `${new Date(certificate.notAfter).toISOString().slice(0, 10)}  ${certificate.subject.toString()}${state}`,
    );
  }
}

async function resume(ledger: Ledger, named: readonly string[], all: boolean): Promise<void> {
  let count = 0;
  const one = async (id: string) => {
    const dossier = await ledger.documents.dossier(id);
    if (dossier === null) throw new GatewayError("NOT_FOUND", `no document ${id}`);
    const to = dossier.steps.length === 0 ? "received" : "preparing";
    await ledger.documents.transition(dossier.document, to, { actor: actor(), details: { resumed: true } });
    count++;
  };
  for (const id of named) await one(id);
  for (let before: string | undefined; all; ) {
    const page = await ledger.documents.list({
      state: "failed",
      limit: 500,
      ...(before === undefined ? {} : { before }),
    });
    for (const document of page) await one(document.id);
    if (page.length < 500) break;
    before = page.at(-1)!.id;
  }
  console.log(`${count} tài liệu được ký tiếp trong vòng một phút / documents are taken up within a minute`);
}

function found(done: boolean, id: string): void {
  if (!done) throw new GatewayError("NOT_FOUND", `${id} is not there or was withdrawn before`);
}
