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
import { parseCertificate } from "@hocba/certs/x509";
import { type ExtensionParts, extendDocument, reliedOnUntil, signedParts } from "@hocba/gateway/extension";
import { httpTransport, TimestampEndpoint, timestampRouter } from "@hocba/gateway/timestamps";
import { openPdf, securityStore } from "@hocba/signatures/pdf";
import {
  cadesFormat,
  padesFormat,
  type SignerIdentity,
  type TwoPhaseFormat,
  xadesFormat,
} from "@hocba/signatures/sign";
import { type VerificationReport, verifyDocument } from "@hocba/signatures/verify";
import { PDFDocument } from "pdf-lib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

const YEAR = 365 * 86_400_000;
const beside = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const python = process.env.HOCBA_PYTHON ?? "python3";
const hasPyHanko = spawnSync(python, ["-c", "import pyhanko.sign.validation.ades"]).status === 0;
const hasLxml = spawnSync(python, ["-c", "import lxml.etree"]).status === 0;
if (!hasLxml) console.log(`levels: ${python} has no lxml, its canonical form is left out`);
if (!hasPyHanko)
  console.log(`levels: ${python} has no pyHanko, its verdicts are left out (HOCBA_PYTHON names another one)`);

const started = Math.floor(Date.now() / 1000) * 1000;
let now = started;
const clock = () => now;
const dir = mkdtempSync(join(tmpdir(), "hocba-levels-"));
let pki: DevPki;
let parts: ExtensionParts;
let signers: { identity: SignerIdentity; key: KeyObject }[];
let requests: string[] = [];

beforeAll(async () => {
  pki = await startDevPki({ keyBits: 2048, clock: () => new Date(now) });
  const leaves = [
    await pki.issueLeaf({ subject: { commonName: "Nguyễn Văn An" } }),
    await pki.issueLeaf({ subject: { commonName: "Trần Thị Bình" }, keyType: "ec-p256" }),
  ];
  signers = leaves.map(({ certificate, chain, privateKey }, i) => ({
    identity: {
      certificate,
      chain: chain.slice(1, 2),
      algorithm: i === 0 ? "rsa-pkcs1-sha256" : "ecdsa-p256-sha256",
    },
    key: privateKey,
  }));
  writeFileSync(join(dir, "root.der"), pki.root.certificate);
  writeFileSync(join(dir, "ca.pem"), [pki.root, pki.issuing].map((ca) => pem(ca.certificate)).join(""));
  const endpoint = new TimestampEndpoint({
    name: "dev",
    transport: httpTransport(pki.tsa.url, 2),
    timeoutMs: 5000,
    concurrency: 2,
    policy: null,
    clockToleranceMs: 60_000,
    breaker: { failures: 5, restMs: 1000 },
    crypto: nodeCrypto,
    trust: () => true,
    clock,
  });
  parts = {
    anchors: [trustAnchor(parseCertificate(pki.root.certificate))],
    certificates: [],
    policy: "etsi-baseline",
    clock,
    fetcher: recordingFetcher(),
    timestamps: timestampRouter([endpoint], 0),
  };
}, 60_000);
beforeEach(() => {
  now = started;
  requests = [];
  pki.faults.crl = {};
  pki.faults.ocsp = {};
  // A new one for each test: the clock goes back between them.
  parts = { ...parts, fetcher: recordingFetcher() };
});
afterAll(async () => {
  await pki?.close();
  rmSync(dir, { recursive: true, force: true });
});

function recordingFetcher(): ExtensionParts["fetcher"] {
  const fetcher = new EvidenceFetcher({ allow: new AllowList([new URL(pki.baseUrl).host]), clock });
  return {
    async fetch(wanted) {
      const results = await fetcher.fetch(wanted);
      for (const r of results) {
        if (r.ok && r.source === "network") requests.push(`${r.request.kind} ${r.request.url}`);
      }
      return results;
    },
  };
}

const pem = (der: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString("base64").replace(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;

/** Signs, stamped unless `bare`. */
async function signed<Spec, Placement>(
  format: TwoPhaseFormat<Spec, Placement>,
  document: Uint8Array,
  spec: Spec,
  { signer = 0, bare = false } = {},
): Promise<Uint8Array> {
  const { identity, key } = signers[signer]!;
  const prepared = format.prepare(document, identity, spec);
  const value = new Uint8Array(
    sign("sha256", prepared.toBeSigned, { key, dsaEncoding: signer === 0 ? "der" : encodingOf(format) }),
  );
  if (bare) return format.complete(prepared, value);
  const imprint = nodeCrypto.digest("sha256", format.timestampInput(prepared, value));
  return format.complete(prepared, value, (await parts.timestamps!.stamp(imprint)).token);
}
const pades = padesFormat(nodeCrypto);
const xades = xadesFormat(nodeCrypto);
const cades = cadesFormat(nodeCrypto);
const encodingOf = (format: unknown) => (format === xades ? "ieee-p1363" : "der");

/** What somebody finds who has the roots, and later no network any more. */
function judged(bytes: Uint8Array, at: number, content?: Uint8Array): VerificationReport {
  return verifyDocument(bytes, {
    crypto: nodeCrypto,
    policy: "etsi-baseline",
    time: new Date(at),
    anchors: parts.anchors,
    certificates: [],
    crls: [],
    ocspResponses: [],
    fileName: "file",
    ...(content ? { detachedContent: content } : {}),
  }).report;
}
const levels = (report: VerificationReport) =>
  report.signatures.filter((s) => s.format !== "DocTimeStamp").map((s) => `${s.id} ${s.level} ${s.indication}`);
const signedAt = (report: VerificationReport) =>
  report.signatures.filter((s) => s.format !== "DocTimeStamp").map((s) => s.bestSignatureTime);

function run(command: string, ...args: string[]): string {
  const result = spawnSync(command, args, { cwd: dir, encoding: "utf8" });
  return `${result.stdout}${result.stderr}exit ${result.status}`;
}
const extend = (bytes: Uint8Array, level: "LT" | "LTA", content?: Uint8Array) =>
  extendDocument(bytes, { level, fileName: "file", ...(content ? { content } : {}) }, parts);
const codeOf = (code: string) => expect.objectContaining({ code });

describe("PAdES", { timeout: 30_000 }, () => {
  let document: Uint8Array;
  let lta: Uint8Array;
  beforeAll(async () => {
    const pdf = await PDFDocument.create();
    pdf.addPage([300, 300]).drawText("hoc ba");
    document = await pdf.save({ useObjectStreams: false });
    for (const [signer, fieldName] of ["S1", "S2"].entries()) {
      document = await signed(pades, document, { fieldName, signingTime: new Date(now) }, { signer });
    }
  });

  function expectGoodByReaders(bytes: Uint8Array): void {
    writeFileSync(join(dir, "a.pdf"), bytes);
    expect(run("qpdf", "--check", "a.pdf")).toMatch(/No syntax or stream encoding errors.*exit 0/s);
    expect(run("pdfsig", "-nocert", "a.pdf").match(/Signature is Valid/g)).toHaveLength(2);
  }
  const pyHanko = (bytes: Uint8Array, at: number): string => {
    writeFileSync(join(dir, "a.pdf"), bytes);
    const args = [
      beside("pyhanko-pades-lta.py"),
      "a.pdf",
      "root.der",
      new Date(at).toISOString().replace("Z", "+00:00"),
    ];
    return spawnSync(python, args, { cwd: dir, encoding: "utf8" }).stdout;
  };
  const bothPassed = "S1 OK\nS2 OK\n";

  it("LT holds for who comes later without a network; nothing before it changes", async () => {
    const { document: lt, report, raised, stampedAt } = await extend(document, "LT");
    expect(raised).toEqual(["S1", "S2"]);
    expect(stampedAt).toEqual([]);
    expect(levels(report)).toEqual(["S1 LT TOTAL-PASSED", "S2 LT TOTAL-PASSED"]);
    expect(signedAt(report)).toEqual([new Date(started).toISOString(), new Date(started).toISOString()]);
    expect(Buffer.from(lt.subarray(0, document.length)).equals(document)).toBe(true);
    expect(judged(document, now).indication).toBe("INDETERMINATE");
    expectGoodByReaders(lt);
    expect((await extend(lt, "LT")).changed).toBe(false);
    if (hasPyHanko) expect(pyHanko(lt, now)).toBe(bothPassed);
  });

  it("LTA adds a time stamp over the validation data", async () => {
    const extended = await extend(document, "LTA");
    lta = extended.document;
    expect(extended.stampedAt).toHaveLength(1);
    expect(levels(extended.report)).toEqual(["S1 LTA TOTAL-PASSED", "S2 LTA TOTAL-PASSED"]);
    expectGoodByReaders(lta);
    if (hasPyHanko) {
      expect(pyHanko(lta, now)).toBe(bothPassed);
      // The referee can say no: nothing in the file speaks for its certificates.
      expect(pyHanko(document, now)).not.toContain("OK");
    }
  });

  it("LTA renewed after the signers' certificates ended still proves when they signed", async () => {
    now = started + 4 * YEAR;
    expect(judged(document, now).indication).toBe("INDETERMINATE");
    const renewed = await extend(lta, "LTA");
    expect(Buffer.from(renewed.document.subarray(0, lta.length)).equals(lta)).toBe(true);
    expect(levels(renewed.report)).toEqual(["S1 LTA TOTAL-PASSED", "S2 LTA TOTAL-PASSED"]);
    expect(signedAt(renewed.report)).toEqual([new Date(started).toISOString(), new Date(started).toISOString()]);
    expect(renewed.stampedAt).toEqual([now]);
    expectGoodByReaders(renewed.document);
    if (hasPyHanko) expect(pyHanko(renewed.document, now)).toBe(bothPassed);
  });

  it("a signature without a stamp gets one in its own place first, or by a document time stamp", async () => {
    const pdf = await PDFDocument.create();
    pdf.addPage([300, 300]);
    const plain = await pdf.save({ useObjectStreams: false });
    const bare = await signed(pades, plain, { fieldName: "S1", signingTime: new Date(now) }, { bare: true });
    const one = await extend(bare, "LT");
    expect(levels(one.report)).toEqual(["S1 LT TOTAL-PASSED"]);
    expect(one.report.signatures).toHaveLength(1);
    const two = await signed(pades, bare, { fieldName: "S2", signingTime: new Date(now) }, { bare: true, signer: 1 });
    const { report, document: extended } = await extend(two, "LT");
    expect(levels(report)).toEqual(["S1 LT TOTAL-PASSED", "S2 LT TOTAL-PASSED"]);
    expect(report.signatures.map((s) => s.format)).toEqual(["PAdES", "PAdES", "DocTimeStamp"]);
    expectGoodByReaders(extended);
  });

  it("certified against every change, it is extended all the same", async () => {
    const pdf = await PDFDocument.create();
    pdf.addPage([300, 300]);
    const spec = { fieldName: "S1", signingTime: new Date(now), certify: 1 } as const;
    const certified = await signed(pades, await pdf.save({ useObjectStreams: false }), spec);
    const extended = await extend(certified, "LTA");
    expect(levels(extended.report)).toEqual(["S1 LTA TOTAL-PASSED"]);
    expect(extended.report.signatures[0]!.laterChanges).toBe("permitted");
    if (hasPyHanko) expect(pyHanko(extended.document, now)).toBe("S1 OK\n");
  });

  it("validation data that was changed afterwards no longer proves anything", async () => {
    const { document: lt } = await extend(document, "LT");
    const changed = new Uint8Array(lt);
    const [crl] = securityStore(openPdf(lt).latest)!.crls;
    const end = Buffer.from(lt).indexOf(crl!) + crl!.length;
    changed[end - 9] = changed[end - 9]! ^ 1;
    expect(judged(lt, now).indication).toBe("TOTAL-PASSED");
    expect(judged(changed, now).indication).toBe("INDETERMINATE");
  });

  it("a document that was changed is not extended", async () => {
    const changed = new Uint8Array(document);
    changed[300] = changed[300]! ^ 1;
    await expect(extend(changed, "LT")).rejects.toThrow(codeOf("VERIFICATION_FAILED"));
  });
});

describe("XAdES", { timeout: 30_000 }, () => {
  // A teacher's signature lies inside what principal and seal sign.
  const source = new TextEncoder().encode('<r><o Id="o"><d Id="d">điểm</d><h/></o><k/><l/></r>');
  const places = [
    ["#d", "o/h"],
    ["#o", "k"],
    ["#o", "l"],
  ] as const;
  let document: Uint8Array;
  beforeAll(async () => {
    document = source;
    for (const [i, [reference, holder]] of places.entries()) {
      const spec = { reference, holder, signatureId: `s${i}`, signingTime: new Date(now) };
      document = await signed(xades, document, spec, { signer: i % 2 });
    }
  });

  function expectGoodByXmlsec(bytes: Uint8Array): void {
    writeFileSync(join(dir, "a.xml"), bytes);
    const ids = [
      "d",
      "o",
      "http://uri.etsi.org/01903/v1.3.2#:SignedProperties",
      "http://www.w3.org/2000/09/xmldsig#:Signature",
    ];
    for (const id of ["s0", "s1", "s2"]) {
      const attributes = ids.flatMap((name) => ["--id-attr:Id", name]);
      const trust = ["--trusted-pem", "ca.pem", "--enabled-key-data", "x509"];
      expect(run("xmlsec1", "--verify", ...attributes, ...trust, "--node-id", id, "a.xml")).toMatch(/exit 0$/);
    }
  }

  /** Another canonicaliser, and the clause read a second time. */
  function expectImprintByLxml(bytes: Uint8Array): void {
    writeFileSync(join(dir, "a.xml"), bytes);
    for (const { id, stamps } of signedParts(bytes, "xml").signatures.slice(1)) {
      const { stdout } = spawnSync(python, [beside("lxml-archive-input.py"), "a.xml", id], {
        cwd: dir,
        encoding: "utf8",
      });
      expect(stdout.trim()).toBe(Buffer.from(stamps.at(-1)!.token.imprint.digest).toString("hex"));
    }
  }

  it("LT and LTA raise the last signatures, and what they cover is left alone and yet preserved", async () => {
    const lt = await extend(document, "LT");
    expect(lt.raised).toEqual(["s1", "s2"]);
    expect(levels(lt.report)).toEqual(["s0 LT TOTAL-PASSED", "s1 LT TOTAL-PASSED", "s2 LT TOTAL-PASSED"]);
    expectGoodByXmlsec(lt.document);
    const lta = await extend(document, "LTA");
    expect(levels(lta.report)).toEqual(["s0 LT TOTAL-PASSED", "s1 LTA TOTAL-PASSED", "s2 LTA TOTAL-PASSED"]);
    expect(signedAt(lta.report)).toEqual(places.map(() => new Date(started).toISOString()));
    expectGoodByXmlsec(lta.document);

    now = started + 4 * YEAR;
    const renewed = await extend(lta.document, "LTA");
    expect(levels(renewed.report)).toEqual(["s0 LT TOTAL-PASSED", "s1 LTA TOTAL-PASSED", "s2 LTA TOTAL-PASSED"]);
    expect(signedAt(renewed.report)).toEqual(places.map(() => new Date(started).toISOString()));
    const stamps = signedParts(renewed.document, "xml").signatures.map((s) => s.stamps.length);
    expect(stamps).toEqual([1, 3, 3]);
    if (hasLxml) {
      for (const bytes of [lta.document, renewed.document]) expectImprintByLxml(bytes);
    }
  });

  it("a bare last signature is stamped first", async () => {
    const spec = { reference: "#d", holder: "k", signatureId: "s", signingTime: new Date(now) };
    const bare = await signed(xades, source, spec, { bare: true });
    const { report, stampedAt } = await extend(bare, "LTA");
    expect(levels(report)).toEqual(["s LTA TOTAL-PASSED"]);
    expect(stampedAt).toHaveLength(2);
  });
});

describe("CAdES of packages", { timeout: 30_000 }, () => {
  const content = new TextEncoder().encode("gói tin: 40 học bạ");
  const spec = () => ({ signingTime: new Date(now), mimeType: "application/zip" });

  const openssl = (cms: Uint8Array): string => {
    writeFileSync(join(dir, "a.p7s"), cms);
    writeFileSync(join(dir, "a.zip"), content);
    const trust = ["-CAfile", "ca.pem", "-purpose", "any", "-out", "/dev/null"];
    return run("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "a.p7s", "-content", "a.zip", ...trust);
  };

  const pyHanko = (cms: Uint8Array): string => {
    writeFileSync(join(dir, "a.p7s"), cms);
    writeFileSync(join(dir, "a.zip"), content);
    const time = new Date(now).toISOString().replace("Z", "+00:00");
    const args = [beside("pyhanko-cades.py"), "a.p7s", "a.zip", "root.der", time];
    return spawnSync(python, args, { cwd: dir, encoding: "utf8" }).stdout;
  };

  it.each([0, 1])("from B to LTA, signer %i", async (signer) => {
    const b = await signed(cades, content, spec(), { signer, bare: true });
    expect(openssl(b)).toMatch(/successful/);
    expect(judged(b, now, content).signatures[0]).toMatchObject({ format: "CAdES", level: "B", integrity: "intact" });
    const t = await signed(cades, content, spec(), { signer });
    expect(judged(t, now, content).signatures[0]).toMatchObject({ level: "T" });
    const lt = await extend(b, "LT", content);
    expect(levels(lt.report)).toEqual(["1 LT TOTAL-PASSED"]);
    expect(openssl(lt.document)).toMatch(/successful/);
    const lta = await extend(t, "LTA", content);
    expect(levels(lta.report)).toEqual(["1 LTA TOTAL-PASSED"]);
    expect(openssl(lta.document)).toMatch(/successful/);
    const stampedAt = new Date(started).toISOString().replace(".000Z", "+00:00");
    if (hasPyHanko) {
      expect(pyHanko(lt.document)).toBe(`OK ${stampedAt}\n`);
      expect(pyHanko(lta.document)).toBe(`OK ${stampedAt}\n`);
      expect(pyHanko(t)).toMatch(/^INTACT:UNTRUSTED/);
    }

    now = started + 4 * YEAR;
    const renewed = await extend(lta.document, "LTA", content);
    expect(levels(renewed.report)).toEqual(["1 LTA TOTAL-PASSED"]);
    expect(signedAt(renewed.report)).toEqual([new Date(started).toISOString()]);
    expect(renewed.report.signatures[0]!.timestamps.map((s) => s.imprintMatches)).toEqual([true, true, true]);
  });

  it("holds its content to the archive time stamp", async () => {
    const { document } = await extend(await signed(cades, content, spec()), "LTA", content);
    const other = new TextEncoder().encode("gói tin: 41 học bạ");
    const report = judged(document, now, other);
    expect(report.indication).toBe("TOTAL-FAILED");
    expect(report.signatures[0]!.timestamps.map((s) => s.imprintMatches)).toEqual([true, false]);
  });

  it("attached, needs no content beside it", async () => {
    const attached = await signed(cades, content, { ...spec(), attached: true });
    expect(levels((await extend(attached, "LTA")).report)).toEqual(["1 LTA TOTAL-PASSED"]);
  });
});

describe("the end of a time stamp", () => {
  const content = new TextEncoder().encode("gói");
  it("is the end of its certificates or of its algorithms, whichever comes first", async () => {
    const t = await signed(cades, content, { signingTime: new Date(now) });
    const { notAfter } = parseCertificate(pki.tsa.certificate);
    // RSA of 2048 bits ends with 2028 by ETSI TS 119 312, long before the certificate.
    expect(notAfter).toBeGreaterThan(Date.parse("2029-01-01"));
    expect(reliedOnUntil(t, "cms", parts)).toBe(Date.parse("2029-01-01"));
    const short = { ...parts, anchors: parts.anchors.map((a) => ({ ...a, validUntil: now + 30 * 86_400_000 })) };
    expect(reliedOnUntil(t, "cms", short)).toBe(now + 30 * 86_400_000);
    expect(reliedOnUntil(t, "cms", { ...parts, anchors: [] })).toBe(0);
    const bare = await signed(cades, content, { signingTime: new Date(now) }, { bare: true });
    expect(reliedOnUntil(bare, "cms", parts)).toBeNull();
  });
});

describe("validation data", { timeout: 30_000 }, () => {
  const content = new TextEncoder().encode("gói");
  const make = () => signed(cades, content, { signingTime: new Date(now) });

  it("is fetched once for each issuer, however many documents", async () => {
    const before = [await make(), await make(), await make()];
    for (const document of before) await extend(document, "LT", content);
    expect(requests.filter((r) => r.startsWith("crl")).sort()).toEqual([
      `crl ${pki.baseUrl}/crl/issuing.crl`,
      `crl ${pki.baseUrl}/crl/root.crl`,
    ]);
  });

  it("that cannot be had is waited for, never made up", async () => {
    pki.faults.crl = { http500: true };
    pki.faults.ocsp = { http500: true };
    const document = await make();
    await expect(extend(document, "LT", content)).rejects.toThrow(expect.objectContaining({ retryable: true }));
  });

  it("comes by OCSP where there is no CRL", async () => {
    pki.faults.crl = { http500: true };
    const { report } = await extend(await make(), "LTA", content);
    expect(levels(report)).toEqual(["1 LTA TOTAL-PASSED"]);
    expect(report.signatures[0]!.revocation.map((r) => r.source)).not.toContain("crl");
  });
});
