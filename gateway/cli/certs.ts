import { readFileSync } from "node:fs";
import { CertsError } from "@hocba/certs";
import { algorithmPolicies } from "@hocba/certs/algorithms";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { AllowList, fetchGuarded } from "@hocba/certs/online";
import { type PathRequest, type PathResult, validatePath } from "@hocba/certs/path";
import { parseCrl, parseOcspResponse } from "@hocba/certs/revocation";
import { checkPins, parseTrustAnchors, type TrustPin, trustPins } from "@hocba/certs/trust";
import { type Certificate, parseCertificate, pemOrDerBlocks } from "@hocba/certs/x509";
import { Command, InvalidArgumentError, Option } from "commander";
import { pathJson, pathText } from "./path-report.ts";
import { filesIn, readEach, storeCertificate } from "./trust-files.ts";

/** Exit codes: valid or done; not valid, or a pin that does not match; bad use or an unreadable file. */
const EXIT = { good: 0, bad: 1, unusable: 3 } as const;

interface ValidateOptions {
  json?: boolean;
  at?: Date;
  trust: string[];
  certs: string[];
  crls: string[];
  ocsp: string[];
  policyOid: string[];
  explicitPolicy?: boolean;
  inhibitMapping?: boolean;
  inhibitAny?: boolean;
  purpose: string[];
  maxIntermediates?: number;
  algorithms: keyof typeof algorithmPolicies;
  strictness: NonNullable<PathRequest["strictness"]>;
}

const collect = (value: string, list: string[]): string[] => [...list, value];

/** `hocba certs`: path validation by itself, and the certificates of the pinned CAs. */
export function certsCommand(): Command {
  const command = new Command("certs").description("Chứng thư số\nCertificates");
  for (const sub of [validateCommand(), importCommand(), fetchCommand(), pinsCommand()]) {
    command.addCommand(sub.exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.good : EXIT.unusable)));
  }
  return command.exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.good : EXIT.unusable));
}

function validateCommand(): Command {
  return new Command("validate")
    .description(
      "Kiểm tra đường dẫn chứng thực của một chứng thư số (RFC 5280); có CRL hoặc OCSP thì kiểm tra cả thu hồi\nValidate the certification path of a certificate (RFC 5280); revocation too when CRLs or OCSP responses are given",
    )
    .option("--json", "in một đối tượng JSON / print one JSON object")
    .addOption(
      new Option("--at <time>", "kiểm tra như tại thời điểm này (ISO 8601) / validate as at this time").argParser(
        parseTime,
      ),
    )
    .option("--trust <path>", "CA gốc tin cậy, tệp hoặc thư mục / trusted roots, file or folder", collect, [])
    .option("--certs <path>", "chứng thư trung gian / intermediate certificates", collect, [])
    .option("--crls <path>", "danh sách thu hồi / certificate revocation lists", collect, [])
    .option("--ocsp <path>", "phản hồi OCSP / OCSP responses", collect, [])
    .addOption(
      new Option("--policy-oid <oid>", "chính sách chấp nhận (nhiều lần) / acceptable policy (repeatable)")
        .argParser((value: string, list: string[]) => [...list, parseOid(value)])
        .default([]),
    )
    .option("--explicit-policy", "phải có chính sách / require an explicit policy")
    .option("--inhibit-mapping", "không ánh xạ chính sách / inhibit policy mapping")
    .option("--inhibit-any", "không nhận anyPolicy / inhibit anyPolicy")
    .addOption(
      new Option("--purpose <oid>", "mục đích khoá phải cho phép / key purpose that must be allowed")
        .argParser((value: string, list: string[]) => [...list, parseOid(value)])
        .default([]),
    )
    .addOption(
      new Option("--max-intermediates <n>", "số CA trung gian tối đa / most intermediates in a path").argParser(
        parseCount,
      ),
    )
    .addOption(
      new Option("--algorithms <name>", "quy tắc thuật toán / algorithm policy")
        .choices(Object.keys(algorithmPolicies))
        .default("not-broken"),
    )
    .addOption(
      new Option(
        "--strictness <name>",
        "chỉ §6, cả hồ sơ §4, hay từng chữ / §6 alone, the profile of §4, or every letter of it",
      )
        .choices(["validation", "profile", "strict-profile"])
        .default("profile"),
    )
    .argument("<leaf>")
    .action((leaf: string, options: ValidateOptions) => {
      process.exitCode = validate(leaf, options);
    });
}

function validate(file: string, options: ValidateOptions): number {
  let leaf: Certificate;
  let request: Omit<PathRequest, "certificate">;
  try {
    const [der, ...chain] = pemOrDerBlocks(readFileSync(file));
    if (!der) throw new CertsError("DER_MALFORMED", "the file is empty");
    request = requestOf(options, chain);
    leaf = parseCertificate(der);
  } catch (error) {
    return unreadable(file, error, options);
  }
  const result: PathResult = validatePath({ ...request, certificate: leaf });
  process.stdout.write(options.json ? `${JSON.stringify(pathJson(result))}\n` : pathText(result));
  return result.valid ? EXIT.good : EXIT.bad;
}

/** A certificate too broken to read is judged, not refused: it is not valid. Everything else is bad use. */
function unreadable(file: string, error: unknown, options: ValidateOptions): number {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof CertsError) || error.code !== "CERTIFICATE_MALFORMED") {
    process.stderr.write(`hocba certs validate: ${file}: không đọc được / cannot be read: ${message}\n`);
    return EXIT.unusable;
  }
  const verdict = { valid: false, code: error.code, path: [], policies: [], reason: message };
  process.stdout.write(
    options.json ? `${JSON.stringify(verdict)}\n` : `KHÔNG HỢP LỆ / NOT VALID  ${error.code}\n  ${message}\n`,
  );
  return EXIT.bad;
}

/** @param chain certificates behind the leaf in its file, usable like those of `--certs` */
function requestOf(options: ValidateOptions, chain: readonly Uint8Array[]): Omit<PathRequest, "certificate"> {
  const crls = readEach(options.crls, (bytes) => pemOrDerBlocks(bytes).map(parseCrl));
  const ocspResponses = readEach(options.ocsp, (bytes) => [parseOcspResponse(bytes)]);
  const time = (options.at ?? new Date()).getTime();
  const withRevocation = options.crls.length > 0 || options.ocsp.length > 0;
  const given = readEach(options.certs, (bytes) => pemOrDerBlocks(bytes).map((der) => parseCertificate(der)));
  const certificates = [...given, ...chain.map((der) => parseCertificate(der))];
  return {
    anchors: readEach(options.trust, parseTrustAnchors),
    certificates,
    time,
    crypto: nodeCrypto,
    explicitPolicy: options.explicitPolicy ?? false,
    inhibitPolicyMapping: options.inhibitMapping ?? false,
    inhibitAnyPolicy: options.inhibitAny ?? false,
    algorithms: algorithmPolicies[options.algorithms],
    strictness: options.strictness,
    ...(options.policyOid.length > 0 && { policies: options.policyOid }),
    ...(options.purpose.length > 0 && { purposes: options.purpose }),
    ...(options.maxIntermediates !== undefined && { maxIntermediates: options.maxIntermediates }),
    ...(withRevocation && { revocation: { crls, ocspResponses } }),
  };
}

function importCommand(): Command {
  return new Command("import")
    .description(
      "Nhập chứng thư của các CA đã ghim dấu vân tay từ tệp PEM, DER, PKCS #7\nImport certificates of the pinned CAs from PEM, DER or PKCS #7 files",
    )
    .option("--store <folder>", "thư mục lưu / folder to store them in", "trust")
    .argument("<file...>")
    .action((files: string[], options: { store: string }) => {
      let worst: number = EXIT.good;
      for (const path of files.flatMap((file) => filesIn([file]))) {
        worst = Math.max(
          worst,
          importOne(path, () => readFileSync(path), null, options.store),
        );
      }
      process.exitCode = worst;
    });
}

function fetchCommand(): Command {
  return new Command("fetch")
    .description(
      "Tải chứng thư của các CA đã ghim và so dấu vân tay\nFetch the certificates of the pinned CAs and check their fingerprints",
    )
    .option("--store <folder>", "thư mục lưu / folder to store them in", "trust")
    .option("--allow <host>", "máy chủ nội bộ được phép / private host that may be asked", collect, [])
    .argument("[id...]", "tên trong “certs pins”, mặc định tất cả / names from “certs pins”, default all")
    .action(async (ids: string[], options: { store: string; allow: string[] }) => {
      const unknown = ids.filter((id) => !trustPins.some((pin) => pin.id === id));
      if (unknown.length > 0) {
        process.stderr.write(`hocba certs fetch: không có / no such: ${unknown.join(", ")}\n`);
        process.exitCode = EXIT.unusable;
        return;
      }
      const wanted = trustPins.filter((pin) => (ids.length > 0 ? ids.includes(pin.id) : pin.urls.length > 0));
      let worst: number = EXIT.good;
      for (const pin of wanted) worst = Math.max(worst, await fetchOne(pin, options));
      process.exitCode = worst;
    });
}

async function fetchOne(pin: TrustPin, options: { store: string; allow: string[] }): Promise<number> {
  let last: unknown = new CertsError(
    "FETCH_FAILED",
    "không rõ địa chỉ, hãy nhập từ tệp / no address known, import it from a file",
  );
  for (const url of pin.urls) {
    try {
      const { body } = await fetchGuarded(url, { allow: new AllowList(options.allow), maxBytes: 1 << 20 });
      return importOne(`${pin.id} (${url})`, () => body, pin, options.store);
    } catch (error) {
      last = error;
    }
  }
  process.stderr.write(
    `${pin.id}: không tải được / not fetched: ${last instanceof Error ? last.message : String(last)}\n`,
  );
  return EXIT.bad;
}

function importOne(name: string, read: () => Uint8Array, pin: TrustPin | null, store: string): number {
  try {
    for (const found of checkPins(read(), pin, nodeCrypto)) {
      const path = storeCertificate(store, found.pin, found.certificate.raw);
      process.stdout.write(`${found.pin.id}: khớp dấu vân tay, đã lưu / fingerprint matches, stored: ${path}\n`);
    }
    return EXIT.good;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (!(error instanceof CertsError)) {
      process.stderr.write(`${name}: không đọc được / cannot be read: ${message}\n`);
      return EXIT.unusable;
    }
    const mismatch = error.code === "TRUST_PIN_MISMATCH";
    process.stderr.write(
      `${name}: ${mismatch ? "KHÔNG khớp dấu vân tay, không lưu / fingerprint does NOT match, not stored" : `không đọc được / cannot be read: ${message}`}\n`,
    );
    return mismatch ? EXIT.bad : EXIT.unusable;
  }
}

function pinsCommand(): Command {
  return new Command("pins")
    .description("Các CA đã ghim: tên, loại, dấu vân tay, địa chỉ\nThe pinned CAs: name, kind, fingerprint, address")
    .option("--json", "mỗi CA một dòng JSON / one JSON object a line, per CA")
    .action((options: { json?: boolean }) => {
      for (const pin of trustPins) {
        const text = `${pin.id.padEnd(24)} ${pin.kind.padEnd(8)} ${pin.sha256}  ${pin.urls.join(" ")}`.trimEnd();
        process.stdout.write(`${options.json ? JSON.stringify(pin) : text}\n`);
      }
    });
}

function parseTime(text: string): Date {
  const time = new Date(text);
  if (Number.isNaN(time.getTime()))
    throw new InvalidArgumentError("không phải thời điểm ISO 8601 / not an ISO 8601 time");
  return time;
}

function parseOid(text: string): string {
  if (!/^[0-2](\.\d+)+$/.test(text)) throw new InvalidArgumentError("không phải OID / not an object identifier");
  return text;
}

function parseCount(text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw new InvalidArgumentError("không phải số / not a number");
  return Number(text);
}
