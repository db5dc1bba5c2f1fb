import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { AllowList, EvidenceFetcher } from "@hocba/certs/online";
import { PathCache } from "@hocba/certs/path";
import { parseTrustAnchors } from "@hocba/certs/trust";
import { pemOrDerBlocks } from "@hocba/certs/x509";
import { type Profile, shippedProfiles } from "@hocba/signatures/profiles";
import {
  type PolicyName,
  sentence,
  stoppedReport,
  type VerificationContext,
  type VerificationReport,
} from "@hocba/signatures/verify";
import { readProfile } from "../profiles/index.ts";
import { writeReports } from "../reports/write-reports.ts";
import { readRegister } from "../verification/certificate-register.ts";
import { verifyWithEvidence } from "../verification/verify-with-evidence.ts";
import { humanReport } from "./human-report.ts";
import { jsonLine, printable } from "./printable.ts";
import { readPemBlocks } from "./read-pem-blocks.ts";
import { readRegularFile } from "./read-regular-file.ts";
import { readEach } from "./trust-files.ts";

/** Exit codes of `hocba verify`: all passed, any failed, any undecided or unsigned, bad use or unreadable file. */
export const VERIFY_EXIT = { passed: 0, failed: 1, undecided: 2, unusable: 3 } as const;

/** What the command line says, as plain values: it is handed to worker threads. */
export interface VerifyOptions {
  json?: boolean;
  /** ISO 8601; now when absent. */
  at?: string;
  policy: PolicyName;
  /** Name of a shipped profile, or a file that holds one; found by the document's shape when absent. */
  profile?: string;
  /** File of a certificate register, as \`hocba registry export\` writes it. */
  register?: string;
  trust: string[];
  certs: string[];
  crls: string[];
  ocsp: string[];
  evidence: string[];
  content?: string;
  offline?: boolean;
  allow: string[];
  /** Where to write a report for printing, and one as ETSI TS 119 102-2 XML. */
  reportPdf?: string;
  reportXml?: string;
}

export interface FileOutcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/**
 * Reads trust and evidence once and gives the function that verifies one file after the other.
 * @throws Error when a path cannot be read or an option makes no sense
 */
export function fileVerifier(options: VerifyOptions): (file: string) => Promise<FileOutcome> {
  const context = readContext(options);
  const fetcher = options.offline ? null : new EvidenceFetcher({ allow: new AllowList(options.allow) });
  return async (file) => {
    let bytes: Uint8Array;
    let beside: Pick<VerificationContext, "detachedContent">;
    try {
      bytes = readRegularFile(file);
      beside = contentBeside(file, context);
    } catch (error) {
      return unreadable(file, error);
    }
    const report = await verifyWithEvidence(bytes, { ...context, ...beside, fileName: file }, fetcher);
    const stdout = shown(report, options);
    try {
      await writeReports(report, { pdf: options.reportPdf, xml: options.reportXml }, context.certificates);
    } catch (error) {
      return { stdout, stderr: `hocba verify: ${(error as Error).message}\n`, code: VERIFY_EXIT.unusable };
    }
    return { stdout, stderr: "", code: exitCode(report) };
  };
}

const DETACHED = /\.p7[sm]$/i;

/** A signature `a.zip.p7s` is over `a.zip`, where nobody named another content. What is not its content makes it fail. */
function contentBeside(
  file: string,
  context: Pick<VerificationContext, "detachedContent">,
): Pick<VerificationContext, "detachedContent"> {
  const content = file.replace(DETACHED, "");
  if (context.detachedContent || content === file) return {};
  if (!statSync(content, { throwIfNoEntry: false })?.isFile()) return {};
  return { detachedContent: readRegularFile(content) };
}

/**
 * The outcome of a file whose verification ended without one: it took too long, too much memory, or met an error of ours. The file
 * stays undecided, and the others are not concerned.
 */
export async function stoppedOutcome(file: string, options: VerifyOptions, reason: string): Promise<FileOutcome> {
  let sha256: string;
  try {
    sha256 = createHash("sha256").update(readRegularFile(file)).digest("hex");
  } catch (error) {
    return unreadable(file, error);
  }
  const report = stoppedReport({
    file,
    sha256,
    policy: options.policy,
    time: options.at === undefined ? new Date() : new Date(options.at),
    reason,
  });
  return { stdout: shown(report, options), stderr: "", code: exitCode(report) };
}

function shown(report: VerificationReport, options: VerifyOptions): string {
  return options.json ? jsonLine(report) : humanReport(report, sentence(report));
}

function unreadable(file: string, error: unknown): FileOutcome {
  const { code } = error as NodeJS.ErrnoException;
  return {
    stdout: "",
    stderr: `${printable(file)}: không đọc được / cannot be read (${code})\n`,
    code: VERIFY_EXIT.unusable,
  };
}

function exitCode(report: VerificationReport): number {
  switch (report.indication) {
    case "TOTAL-PASSED":
      return VERIFY_EXIT.passed;
    case "TOTAL-FAILED":
      return VERIFY_EXIT.failed;
    default:
      return VERIFY_EXIT.undecided;
  }
}

function readContext(options: VerifyOptions): Omit<VerificationContext, "fileName"> {
  return {
    crypto: nodeCrypto,
    policy: options.policy,
    time: options.at === undefined ? new Date() : new Date(options.at),
    anchors: readEach(options.trust, parseTrustAnchors),
    certificates: readEach(options.certs, pemOrDerBlocks),
    crls: readEach(options.crls, (bytes) => readPemBlocks(bytes, /^X509 CRL$/)),
    ocspResponses: readEach(options.ocsp, (bytes) => readPemBlocks(bytes, /^OCSP RESPONSE$/)),
    evidenceRecords: readEach(options.evidence, (bytes) => [bytes]),
    cache: new PathCache(),
    ...(options.profile === undefined ? {} : { profile: profileNamed(options.profile) }),
    ...(options.register === undefined ? {} : { registry: readRegister(readFileSync(options.register, "utf8")) }),
    ...(options.content ? { detachedContent: readFileSync(options.content) } : {}),
  };
}

/** @throws GatewayError CONFIG_INVALID; Error when there is neither a profile nor a file of that name */
function profileNamed(name: string): Profile {
  return shippedProfiles.get(name) ?? readProfile(readFileSync(name, "utf8"), name);
}
