import { spawnSync } from "node:child_process";
import { type KeyObject, sign } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { type DevPki, startDevPki } from "@hocba/certs/dev-pki";
import { AllowList, EvidenceFetcher } from "@hocba/certs/online";
import { trustAnchor } from "@hocba/certs/trust";
import { certificatePem, parseCertificate } from "@hocba/certs/x509";
import { type ExtendedDocument, type ExtensionParts, extendDocument } from "@hocba/gateway/extension";
import { httpTransport, TimestampEndpoint, timestampRouter } from "@hocba/gateway/timestamps";
import {
  cadesFormat,
  padesFormat,
  type SignerIdentity,
  type TwoPhaseFormat,
  xadesFormat,
} from "@hocba/signatures/sign";
import { type VerificationReport, verifyDocument } from "@hocba/signatures/verify";
import { afterAll, beforeAll, beforeEach } from "vitest";

export const YEAR = 365 * 86_400_000;
/** The Python in which pyHanko and lxml are looked for; where they are not, their verdicts are left out and that is said. */
export const python = process.env.HOCBA_PYTHON ?? "python3";
export const pades = padesFormat(nodeCrypto);
export const xades = xadesFormat(nodeCrypto);
export const cades = cadesFormat(nodeCrypto);

export function pythonHas(module: string, forWhat: string): boolean {
  const has = spawnSync(python, ["-c", `import ${module}`]).status === 0;
  if (!has) console.log(`${forWhat}: ${python} has no ${module}, left out (HOCBA_PYTHON names another Python)`);
  return has;
}

/** One of the scripts beside this file, run in the site's folder; what it printed. */
export type Script = (name: string, ...args: string[]) => string;

export interface LevelSite {
  /** Folder for the foreign programs; `root.pem`, `root.der` and `ca.pem` (root and issuing CA) are in it. */
  readonly dir: string;
  readonly started: number;
  /** The clock of everything in the test. */
  now: number;
  pki: DevPki;
  parts: ExtensionParts;
  /** Revocation data that was fetched since the test began. */
  requests: string[];
  /** Signs, stamped unless `bare`. Signer 0 has RSA, 1 has P-256. */
  signed<Spec, Placement>(
    format: TwoPhaseFormat<Spec, Placement>,
    document: Uint8Array,
    spec: Spec,
    options?: { signer?: number; bare?: boolean },
  ): Promise<Uint8Array>;
  extend(bytes: Uint8Array, level: "LT" | "LTA", content?: Uint8Array): Promise<ExtendedDocument>;
  /** What somebody finds who has the roots, and later no network any more. */
  judged(bytes: Uint8Array, at: number, content?: Uint8Array): VerificationReport;
  write(name: string, bytes: Uint8Array): void;
  /** A foreign program in `dir`: all it said, and `exit N`. */
  run(command: string, ...args: string[]): string;
  script: Script;
}

/** A PKI with time stamps and two signers, for the file of tests that calls this. */
export function levelSite(): LevelSite {
  const started = Math.floor(Date.now() / 1000) * 1000;
  const dir = mkdtempSync(join(tmpdir(), "hocba-levels-"));
  let signers: { identity: SignerIdentity; key: KeyObject }[];
  const clock = () => site.now;

  function recordingFetcher(): ExtensionParts["fetcher"] {
    const fetcher = new EvidenceFetcher({ allow: new AllowList([new URL(site.pki.baseUrl).host]), clock });
    return {
      async fetch(wanted) {
        const results = await fetcher.fetch(wanted);
        for (const r of results) {
          if (r.ok && r.source === "network") site.requests.push(`${r.request.kind} ${r.request.url}`);
        }
        return results;
      },
    };
  }

  const site: LevelSite = {
    dir,
    started,
    now: started,
    pki: undefined as unknown as DevPki,
    parts: undefined as unknown as ExtensionParts,
    requests: [],
    async signed(format, document, spec, { signer = 0, bare = false } = {}) {
      const { identity, key } = signers[signer]!;
      const prepared = format.prepare(document, identity, spec);
      // XML wants r and s side by side.
      const dsaEncoding = signer === 1 && (format as unknown) === xades ? "ieee-p1363" : "der";
      const value = new Uint8Array(sign("sha256", prepared.toBeSigned, { key, dsaEncoding }));
      if (bare) return format.complete(prepared, value);
      const imprint = nodeCrypto.digest("sha256", format.timestampInput(prepared, value));
      return format.complete(prepared, value, (await site.parts.timestamps!.stamp(imprint)).token);
    },
    extend: (bytes, level, content) =>
      extendDocument(bytes, { level, fileName: "file", ...(content ? { content } : {}) }, site.parts),
    judged: (bytes, at, content) =>
      verifyDocument(bytes, {
        crypto: nodeCrypto,
        policy: "etsi-baseline",
        time: new Date(at),
        anchors: site.parts.anchors,
        certificates: [],
        crls: [],
        ocspResponses: [],
        fileName: "file",
        ...(content ? { detachedContent: content } : {}),
      }).report,
    write: (name, bytes) => writeFileSync(join(dir, name), bytes),
    run(command, ...args) {
      const result = spawnSync(command, args, { cwd: dir, encoding: "utf8" });
      return `${result.stdout}${result.stderr}exit ${result.status}`;
    },
    script(name, ...args) {
      const file = fileURLToPath(new URL(name, import.meta.url));
      return spawnSync(python, [file, ...args], { cwd: dir, encoding: "utf8" }).stdout;
    },
  };

  beforeAll(async () => {
    site.pki = await startDevPki({ keyBits: 2048, clock: () => new Date(site.now) });
    const leaves = [
      await site.pki.issueLeaf({ subject: { commonName: "Nguyễn Văn An" } }),
      await site.pki.issueLeaf({ subject: { commonName: "Trần Thị Bình" }, keyType: "ec-p256" }),
    ];
    signers = leaves.map(({ certificate, chain, privateKey }, i) => ({
      identity: {
        certificate,
        chain: chain.slice(1, 2),
        algorithm: i === 0 ? "rsa-pkcs1-sha256" : "ecdsa-p256-sha256",
      },
      key: privateKey,
    }));
    const [root, issuing] = [site.pki.root.certificate, site.pki.issuing.certificate];
    writeFileSync(join(dir, "root.der"), root);
    writeFileSync(join(dir, "root.pem"), certificatePem(root));
    writeFileSync(join(dir, "ca.pem"), certificatePem(root, issuing));
    const endpoint = new TimestampEndpoint({
      name: "dev",
      transport: httpTransport(site.pki.tsa.url, 2),
      timeoutMs: 5000,
      concurrency: 2,
      policy: null,
      clockToleranceMs: 60_000,
      breaker: { failures: 5, restMs: 1000 },
      crypto: nodeCrypto,
      trust: () => true,
      clock,
    });
    site.parts = {
      anchors: [trustAnchor(parseCertificate(root))],
      certificates: [],
      policy: "etsi-baseline",
      clock,
      fetcher: recordingFetcher(),
      timestamps: timestampRouter([endpoint], 0),
    };
  }, 60_000);
  beforeEach(() => {
    site.now = started;
    site.requests = [];
    site.pki.faults.crl = {};
    site.pki.faults.ocsp = {};
    // A new one for each test: the clock goes back between them.
    site.parts = { ...site.parts, fetcher: recordingFetcher() };
  });
  afterAll(async () => {
    await site.pki?.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return site;
}

const signatures = (report: VerificationReport) => report.signatures.filter((s) => s.format !== "DocTimeStamp");
/** `ID LEVEL INDICATION` of each signature. */
export const levels = (report: VerificationReport) =>
  signatures(report).map((s) => `${s.id} ${s.level} ${s.indication}`);
export const signedAt = (report: VerificationReport) => signatures(report).map((s) => s.bestSignatureTime);
