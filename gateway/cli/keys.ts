import { constants, createHash, createPublicKey, randomBytes, verify } from "node:crypto";
import { certificatePem, parseCertificate } from "@hocba/certs/x509";
import { type Signer, SignerError, type SigningAlgorithm, type TokenKey } from "@hocba/hsm-adapters";
import { PinLock } from "@hocba/hsm-adapters/pkcs11";
import { Command } from "commander";
import { describeSignerError, EXIT_UNUSABLE, openSigner, readTokenHostConfig } from "./open-signer.ts";

interface Where {
  config?: string;
  socket?: string;
  json?: boolean;
}

/** A key as the commands print it. */
interface KeyLine {
  readonly token: string;
  readonly id: string;
  readonly label: string;
  readonly key: string;
  readonly algorithms: readonly SigningAlgorithm[];
  readonly certificate: { subject: string; issuer: string; serial: string; notBefore: string; notAfter: string } | null;
}

/** What `check` finds wrong with a key. */
type KeyProblem =
  | "NO_ALGORITHM"
  | "NO_CERTIFICATE"
  | "CERTIFICATE_UNREADABLE"
  | "CERTIFICATE_EXPIRED"
  | "CERTIFICATE_NOT_YET_VALID"
  | "CERTIFICATE_EXPIRES_SOON"
  | "SIGNATURE_WRONG"
  | SignerError["code"];

const problemText: Readonly<Partial<Record<KeyProblem, string>>> = {
  NO_ALGORITHM: "khoá không dùng để ký được / no algorithm of ours fits this key",
  NO_CERTIFICATE: "không có chứng thư số cùng CKA_ID / no certificate with this CKA_ID",
  CERTIFICATE_UNREADABLE: "chứng thư số không đọc được / the certificate cannot be read",
  CERTIFICATE_EXPIRED: "chứng thư số đã hết hạn / the certificate has expired",
  CERTIFICATE_NOT_YET_VALID: "chứng thư số chưa có hiệu lực / the certificate is not valid yet",
  CERTIFICATE_EXPIRES_SOON: "chứng thư số sắp hết hạn (30 ngày) / the certificate expires within 30 days",
  SIGNATURE_WRONG: "chữ ký không khớp khoá công khai / the signature does not fit the public key",
};

const DAY = 86_400_000;
/** Problems that leave the key usable. */
const WARNINGS = new Set<KeyProblem>(["CERTIFICATE_EXPIRES_SOON", "NO_CERTIFICATE"]);

/** `hocba keys`: what is on the tokens, and whether it works. */
export function keysCommand(): Command {
  const command = new Command("keys").description("Khoá trên thiết bị ký\nKeys on the tokens");
  const withWhere = (sub: Command): Command =>
    sub
      .option(
        "--config <file>",
        "cấu hình của tiến trình giữ khoá / configuration of the token host",
        process.env.HOCBA_TOKEN_HOST_CONFIG,
      )
      .option("--socket <path>", "hỏi tiến trình giữ khoá đang chạy / ask the token host that runs there")
      .option("--json", "mỗi khoá một dòng JSON / one JSON object a line, per key");

  command.addCommand(
    withWhere(new Command("list"))
      .description("Liệt kê khoá, CKA_ID, thuật toán, chứng thư số\nList keys, CKA_ID, algorithms, certificates")
      .action((options: Where) => run(() => list(options))),
  );
  command.addCommand(
    withWhere(new Command("check"))
      .description(
        "Ký thử bằng từng khoá, đối chiếu chứng thư số và hạn dùng. Mã thoát 1 khi có khoá hỏng\nSign a test message with every key, check certificate and validity. Exit code 1 when a key is unfit",
      )
      .action((options: Where) => run(() => check(options))),
  );
  command.addCommand(
    withWhere(new Command("certificate"))
      .description(
        "In chứng thư số của một khoá (PEM), để gắn trong registry\nPrint the certificate of a key (PEM), to be bound in the registry",
      )
      .argument("<cka-id>", "CKA_ID, hex")
      .action((id: string, options: Where) => run(() => certificate(id, options))),
  );
  command.addCommand(
    new Command("clear-pin-lock")
      .description(
        "Cho phép thử lại một PIN đã bị thiết bị từ chối (token có thể bị khoá nếu PIN vẫn sai)\nAllow a refused PIN to be tried again (the token may lock if it is still wrong)",
      )
      .requiredOption(
        "--config <file>",
        "cấu hình của tiến trình giữ khoá / configuration of the token host",
        process.env.HOCBA_TOKEN_HOST_CONFIG,
      )
      .argument("<token>", "tên thiết bị trong cấu hình / name of the token in the configuration")
      .action((token: string, options: { config: string }) => run(() => clearPinLock(token, options.config))),
  );
  return command;
}

/** Runs the action and turns its errors into an exit code and two lines. */
async function run(action: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await action();
  } catch (error) {
    if (!(error instanceof SignerError)) throw error;
    process.stderr.write(`hocba keys: ${describeSignerError(error)}\n`);
    process.exitCode = error.code === "CONFIG_INVALID" ? EXIT_UNUSABLE : 1;
  }
}

async function list(options: Where): Promise<number> {
  return eachKey(options, (key) => {
    print(keyLine(key), null, options);
    return true;
  });
}

async function certificate(id: string, options: Where): Promise<number> {
  const signer = await openSigner(options);
  try {
    const key = (await signer.keys()).find((k) => k.id === id.toLowerCase());
    if (!key?.certificate) {
      throw new SignerError("KEY_NOT_FOUND", "no key with this CKA_ID has a certificate", { details: { id } });
    }
    process.stdout.write(certificatePem(key.certificate));
    return 0;
  } finally {
    await signer.close();
  }
}

async function check(options: Where): Promise<number> {
  return eachKey(options, async (key, signer) => {
    const problems = await problemsOf(signer, key, Date.now());
    print(keyLine(key), problems, options);
    return problems.every((problem) => WARNINGS.has(problem));
  });
}

/** Visits the keys of every token that answers, names those that do not. 0 when all answered and all keys are fit. */
async function eachKey(
  options: Where,
  visit: (key: TokenKey, signer: Signer) => boolean | Promise<boolean>,
): Promise<number> {
  const signer = await openSigner(options);
  let fit = true;
  try {
    for (const { token, error } of await signer.tokens()) {
      if (error) {
        fit = false;
        const { code, message, details } = error;
        const text = describeSignerError(new SignerError(code, message, { details }));
        process.stderr.write(`✘ ${token}\n    ${text}\n`);
        continue;
      }
      for (const key of await signer.keys(token)) if (!(await visit(key, signer))) fit = false;
    }
  } finally {
    await signer.close();
  }
  return fit ? 0 : 1;
}

async function clearPinLock(token: string, config: string): Promise<number> {
  const { tokens, stateDirectory } = readTokenHostConfig(config);
  if (!tokens.some((t) => t.name === token)) {
    throw new SignerError(
      "CONFIG_INVALID",
      `cấu hình không có thiết bị “${token}” / no such token in the configuration`,
    );
  }
  const had = new PinLock(stateDirectory, token, Date.now).clear();
  const text = had
    ? "đã xoá; PIN sẽ được thử lại một lần / cleared; the PIN will be tried once more"
    : "không có gì để xoá / nothing to clear";
  process.stdout.write(`${token}: ${text}\n`);
  return 0;
}

function keyLine(key: TokenKey): KeyLine {
  const { token, id, label, algorithms } = key;
  let certificate: KeyLine["certificate"] = null;
  if (key.certificate) {
    try {
      const c = parseCertificate(key.certificate);
      certificate = {
        subject: c.subject.toString(),
        issuer: c.issuer.toString(),
        serial: c.serial,
        notBefore: new Date(c.notBefore).toISOString(),
        notAfter: new Date(c.notAfter).toISOString(),
      };
    } catch {
      certificate = null; // `check` names it as CERTIFICATE_UNREADABLE
    }
  }
  return { token, id, label, key: keyKind(key), algorithms, certificate };
}

function keyKind(key: TokenKey): string {
  if (!key.spki) return "?";
  try {
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = publicKeyOf(key.spki);
    return type === "rsa" ? `RSA-${details?.modulusLength}` : (details?.namedCurve ?? type ?? "?");
  } catch {
    return "?";
  }
}

const publicKeyOf = (spki: Uint8Array) => createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });

async function problemsOf(signer: Signer, key: TokenKey, now: number): Promise<KeyProblem[]> {
  const problems: KeyProblem[] = [];
  if (!key.certificate) problems.push("NO_CERTIFICATE");
  else {
    try {
      const { notBefore, notAfter } = parseCertificate(key.certificate);
      if (now > notAfter) problems.push("CERTIFICATE_EXPIRED");
      else if (now < notBefore) problems.push("CERTIFICATE_NOT_YET_VALID");
      else if (notAfter - now < 30 * DAY) problems.push("CERTIFICATE_EXPIRES_SOON");
    } catch {
      problems.push("CERTIFICATE_UNREADABLE");
    }
  }
  const algorithm = key.algorithms[0];
  if (algorithm === undefined) problems.push("NO_ALGORITHM");
  else problems.push(...(await trySigning(signer, key, algorithm)));
  return problems;
}

/** Signs 32 random octets that no document can consist of, and verifies them with the public key. */
async function trySigning(signer: Signer, key: TokenKey, algorithm: SigningAlgorithm): Promise<KeyProblem[]> {
  const message = Buffer.concat([Buffer.from("hocba keys check\0"), randomBytes(32)]);
  try {
    const signature = await signer.sign(key, algorithm, createHash("sha256").update(message).digest());
    if (!key.spki) return [];
    const publicKey = publicKeyOf(key.spki);
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    const good =
      algorithm === "rsa-pss-sha256"
        ? verify("sha256", message, { key: publicKey, padding, saltLength: 32 }, signature)
        : verify("sha256", message, publicKey, signature);
    return good ? [] : ["SIGNATURE_WRONG"];
  } catch (error) {
    if (error instanceof SignerError) return [error.code];
    throw error;
  }
}

function print(line: KeyLine, problems: readonly KeyProblem[] | null, { json }: Where): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(problems ? { ...line, problems } : line)}\n`);
    return;
  }
  const { certificate } = line;
  const mark = !problems ? "·" : problems.some((p) => !WARNINGS.has(p)) ? "✘" : problems.length > 0 ? "!" : "✔";
  const out = [
    `${mark} ${line.token} / ${line.id}  ${line.label}`,
    `    Khoá / key              ${line.key}: ${line.algorithms.join(", ") || "–"}`,
    `    Chứng thư / certificate ${certificate?.subject ?? "–"}`,
  ];
  if (certificate) {
    out.push(
      `    Hạn dùng / validity     ${certificate.notBefore.slice(0, 10)} – ${certificate.notAfter.slice(0, 10)}`,
    );
  }
  for (const problem of problems ?? []) out.push(`    ${problem}: ${problemText[problem] ?? ""}`.trimEnd());
  process.stdout.write(`${out.join("\n")}\n`);
}
