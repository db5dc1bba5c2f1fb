import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { certificatePem } from "@hocba/certs/x509";

/** Programs of other hands, each asked in the way that proves most. Files go through a directory of their own. */
export interface Referees {
  /** Verdict per signature, and for each whether it covers the whole file. */
  pdfsig(pdf: Uint8Array): Promise<{ verdicts: string[]; wholeFile: boolean[] }>;
  /** What `qpdf --check` complains of; empty for a clean file. */
  qpdf(pdf: Uint8Array): Promise<string>;
  /** CAdES-BES over detached content, with the path to the root; empty when it holds. */
  opensslCms(cms: Uint8Array, content: Uint8Array): Promise<string>;
  /** A time-stamp token over `data`, with the path to the root; empty when it holds. */
  opensslTs(token: Uint8Array, data: Uint8Array): Promise<string>;
  /** XMLDSig core validation with the path to the root, per signature in document order. */
  xmlsec1(xml: Uint8Array, count: number): Promise<boolean[]>;
  close(): void;
}

/** @param root DER of the only trusted root; `intermediates`: DER of further CAs, for programs that want them apart */
export function callReferees(root: Uint8Array, intermediates: readonly Uint8Array[]): Referees {
  const folder = mkdtempSync(join(tmpdir(), "referees-"));
  let files = 0;
  const file = (name: string, content: Uint8Array | string) => {
    const path = join(folder, `${files++}-${name}`);
    writeFileSync(path, content);
    return path;
  };
  const rootFile = file("root.pem", certificatePem(root));
  const intermediateFile = file("intermediates.pem", certificatePem(...intermediates));
  const complaint = async (program: string, args: string[], good: RegExp): Promise<string> => {
    const { status, stdout, stderr } = await run(program, args);
    const said = `${stdout}${stderr}`;
    return status === 0 && good.test(said) ? "" : said.trim() || `exit ${status}`;
  };
  return {
    async pdfsig(pdf) {
      // -nocert: the path is judged by openssl; what counts here is that signature and digest hold for poppler.
      const { stdout } = await run("pdfsig", ["-nocert", file("signed.pdf", pdf)]);
      return {
        verdicts: [...stdout.matchAll(/- Signature Validation: (.*)/g)].map((m) => m[1]!),
        wholeFile: [...stdout.matchAll(/- (Not t|T)otal document signed/g)].map((m) => m[1] === "T"),
      };
    },
    async qpdf(pdf) {
      const { status, stderr } = await run("qpdf", ["--check", file("check.pdf", pdf)]);
      return status === 0 && stderr === "" ? "" : stderr || `exit ${status}`;
    },
    opensslCms: (cms, content) =>
      complaint(
        "openssl",
        [
          ["cms", "-verify", "-cades", "-inform", "DER", "-in", file("signature.der", cms), "-binary"],
          ["-content", file("content.bin", content), "-CAfile", rootFile, "-purpose", "any"],
          ["-out", "/dev/null"],
        ].flat(),
        /CAdES Verification successful/,
      ),
    opensslTs: (token, data) =>
      complaint(
        "openssl",
        [
          ["ts", "-verify", "-token_in", "-in", file("token.der", token)],
          ["-data", file("stamped.bin", data), "-CAfile", rootFile],
        ].flat(),
        /Verification: OK/,
      ),
    xmlsec1(xml, count) {
      const path = file("signed.xml", xml);
      const names = ["DU_LIEU_HOC_BA", "THONG_TIN_HOC_BA", "DIEM_TONG_KET"];
      const qualified = [
        "http://uri.etsi.org/01903/v1.3.2#:SignedProperties",
        "http://www.w3.org/2000/09/xmldsig#:Object",
      ];
      const one = async (n: number) => {
        const args = [
          ["--verify", "--enabled-key-data", "x509"],
          [...names, ...qualified].flatMap((name) => ["--id-attr:Id", name]),
          ["--node-xpath", `(//*[local-name()='Signature'])[${n}]`],
          ["--trusted-pem", rootFile, "--untrusted-pem", intermediateFile, path],
        ].flat();
        return (await run("xmlsec1", args)).status === 0;
      };
      return Promise.all(Array.from({ length: count }, (_, i) => one(i + 1)));
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** True when all of them are installed. */
export function refereesPresent(): boolean {
  return (
    spawnSync("pdfsig", ["-v"]).error === undefined &&
    spawnSync("qpdf", ["--version"]).error === undefined &&
    spawnSync("openssl", ["version"]).error === undefined &&
    spawnSync("xmlsec1", ["--version"]).error === undefined
  );
}

export interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end without holding up this process, whose PKI and connections live on. */
export function run(program: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.once("error", reject);
    child.once("close", (status) =>
      resolve({ status, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    );
  });
}
