import { createHash, createPrivateKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { parseTrustAnchors } from "@hocba/certs/trust";
import { completeInPlace, padesFormat } from "@hocba/signatures/sign";
import { verifyDocument } from "@hocba/signatures/verify";
import { readWhole } from "../store/read-file.ts";

/** One large file, verified or signed in a process of its own, so that its peak of memory is known. */
export interface LargeTask {
  readonly work: "verify" | "sign";
  readonly file: string;
  readonly root: string;
  readonly crls: readonly string[];
  readonly certificate: string;
  readonly key: string;
}

export interface LargeOutcome {
  readonly workMs: number;
  /** One SHA-256 over the file. */
  readonly hashMs: number;
  readonly peakOctets: number;
  readonly octets: number;
  readonly outcome: string;
}

const task = JSON.parse(process.argv[2]!) as LargeTask;
const octets = (path: string) => readFileSync(path) as Uint8Array;

// As the file store reads it.
const file = await open(task.file, "r");
const content = await readWhole(file);
await file.close();
const hashMs = timed(() => createHash("sha256").update(content).digest());
let outcome = "";
const workMs = timed(() => {
  outcome = task.work === "verify" ? verified() : signed();
});
process.send!({ workMs, hashMs, peakOctets: peakMemory(), octets: content.length, outcome } satisfies LargeOutcome);
process.disconnect();

/** Linux carries the resource usage over from the parent process; VmHWM is this program's own. */
function peakMemory(): number {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS * 1024;
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return Number(kilobytes) * 1024;
}

/** Processor time: what else runs on the machine does not count. */
function timed(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const spent = process.cpuUsage(before);
  return (spent.user + spent.system) / 1000;
}

function verified(): string {
  return verifyDocument(content, {
    crypto: nodeCrypto,
    policy: "vn-official",
    time: new Date(),
    anchors: parseTrustAnchors(octets(task.root)),
    certificates: [],
    crls: task.crls.map(octets),
    ocspResponses: [],
    fileName: "bench",
  }).report.indication;
}

function signed(): string {
  const identity = { certificate: octets(task.certificate), chain: [], algorithm: "rsa-pkcs1-sha256" as const };
  const prepared = padesFormat(nodeCrypto).prepare(content, identity, { fieldName: "Large", signingTime: new Date() });
  const value = sign("sha256", prepared.toBeSigned, createPrivateKey(readFileSync(task.key)));
  return `${completeInPlace(prepared, value, nodeCrypto).length - content.length} octets added`;
}
