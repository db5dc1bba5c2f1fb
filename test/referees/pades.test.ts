import { execFileSync, spawnSync } from "node:child_process";
import { createPrivateKey, createSign, type KeyObject, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { SignaturesError } from "@hocba/signatures";
import { analyseChanges, coverage, openPdf, securityStore, signatureFields, signedRanges } from "@hocba/signatures/pdf";
import {
  appendValidationData,
  completeDocumentTimestamp,
  openPlace,
  type PadesSpec,
  padesFormat,
  prepareDocumentTimestamp,
  raiseToT,
  type SignerIdentity,
} from "@hocba/signatures/sign";
import { PDFDocument, StandardFonts } from "pdf-lib";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { load, pdfFiles } from "../corpora/pdf-corpus.ts";
import { sharedPath } from "../shared-material.ts";

// Each test starts dozens of foreign programs.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** Foreign verifiers on what `padesFormat` makes: pdfsig (poppler), qpdf and openssl must agree with us on every file. */
const format = padesFormat(nodeCrypto);
const dir = mkdtempSync(join(tmpdir(), "pades-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface Signer {
  identity: SignerIdentity;
  key: KeyObject;
  pem: string;
}
const signers: Signer[] = [];

function makeSigner(name: string, algorithm: SignerIdentity["algorithm"]): Signer {
  const [key, cert] = [join(dir, `${name}.key`), join(dir, `${name}.pem`)];
  const kind = algorithm.startsWith("rsa") ? ["rsa:2048"] : ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  const args = ["req", "-x509", "-newkey", ...kind, "-nodes", "-keyout", key, "-out", cert, "-days", "30", "-utf8"];
  const usage = [
    "-addext",
    "keyUsage=critical,digitalSignature,nonRepudiation",
    "-addext",
    "basicConstraints=CA:FALSE",
  ];
  execFileSync("openssl", [...args, "-subj", `/CN=${name}/C=VN`, ...usage], { stdio: "pipe" });
  return {
    identity: { certificate: new Uint8Array(new X509Certificate(readFileSync(cert)).raw), chain: [], algorithm },
    key: createPrivateKey(readFileSync(key)),
    pem: cert,
  };
}

function sign(document: Uint8Array, signer: Signer, spec: PadesSpec): Uint8Array {
  const prepared = format.prepare(document, signer.identity, spec);
  const pss = signer.identity.algorithm === "rsa-pss-sha256" ? { padding: 6, saltLength: 32 } : {};
  const value = createSign("sha256")
    .update(prepared.toBeSigned)
    .sign({ key: signer.key, ...pss });
  return format.complete(prepared, new Uint8Array(value));
}

/** A token of openssl's own time-stamping authority over `data`. */
function stamp(data: Uint8Array): Uint8Array {
  const path = (name: string) => join(dir, name);
  const config = [
    "[tsa]",
    `serial=${path("tsa.serial")}`,
    `certs=${path("tsa.pem")}`,
    `signer_cert=${path("tsa.pem")}`,
    `signer_key=${path("tsa.key")}`,
    "signer_digest=sha256",
    "default_policy=1.2.3.4",
    "digests=sha256",
    "ess_cert_id_alg=sha256",
  ].join("\n");
  writeFileSync(path("tsa.cnf"), `${config}\n`);
  writeFileSync(path("tsa.serial"), "01\n");
  writeFileSync(path("data"), data);
  const run = (...args: string[]) => execFileSync("openssl", args, { stdio: "pipe" });
  const eku = ["-addext", "extendedKeyUsage=critical,timeStamping", "-addext", "keyUsage=critical,digitalSignature"];
  const key = ["-newkey", "rsa:2048", "-nodes", "-keyout", path("tsa.key"), "-out", path("tsa.pem")];
  run("req", "-x509", ...key, "-days", "30", "-subj", "/CN=TSA", ...eku);
  run("ts", "-query", "-data", path("data"), "-sha256", "-cert", "-out", path("tsq"));
  const reply = ["-config", path("tsa.cnf"), "-section", "tsa", "-queryfile", path("tsq"), "-out", path("token")];
  run("ts", "-reply", ...reply, "-token_out");
  return new Uint8Array(readFileSync(path("token")));
}

const time = new Date("2026-05-20T03:00:00Z");

beforeAll(() => {
  signers.push(
    makeSigner("Giáo viên", "rsa-pkcs1-sha256"),
    makeSigner("Hiệu trưởng", "ecdsa-p256-sha256"),
    makeSigner("Trường THCS", "rsa-pkcs1-sha256"),
  );
});

async function drawn(useObjectStreams: boolean): Promise<Uint8Array> {
  const pdf = await PDFDocument.create();
  const font = await pdf.embedFont(StandardFonts.Helvetica);
  for (let n = 1; n <= 3; n++) pdf.addPage([595, 842]).drawText(`Page ${n} of a record`, { x: 50, y: 780, font });
  return pdf.save({ useObjectStreams });
}

function qpdf(bytes: Uint8Array, ...options: string[]): Uint8Array {
  const [from, to] = [join(dir, "in.pdf"), join(dir, "out.pdf")];
  writeFileSync(from, bytes);
  execFileSync("qpdf", [...options, from, to]);
  return new Uint8Array(readFileSync(to));
}

function pdfsig(bytes: Uint8Array): { valid: number; invalid: number; total: boolean[] } {
  const path = join(dir, "signed.pdf");
  writeFileSync(path, bytes);
  const out = spawnSync("pdfsig", ["-nocert", path], { encoding: "utf8" }).stdout;
  return {
    valid: out.match(/Signature Validation: Signature is Valid/g)?.length ?? 0,
    invalid: out.match(/Signature Validation: (?!Signature is Valid)/g)?.length ?? 0,
    total: [...out.matchAll(/- (Not t|T)otal document signed/g)].map((m) => m[1] === "T"),
  };
}

function expectCleanByQpdf(bytes: Uint8Array): void {
  const path = join(dir, "check.pdf");
  writeFileSync(path, bytes);
  const result = spawnSync("qpdf", ["--check", path], { encoding: "utf8" });
  expect(result.stderr).toBe("");
  expect(result.status).toBe(0);
}

function expectGoodByOpenssl(bytes: Uint8Array, index: number, signer: Signer): void {
  const document = openPdf(bytes);
  const signature = signatureFields(document)[index]!;
  const [cms, content] = [join(dir, "sig.der"), join(dir, "content.bin")];
  writeFileSync(cms, signature.contents);
  writeFileSync(content, Buffer.concat(signedRanges(document, signature)!));
  const args = ["cms", "-verify", "-cades", "-inform", "DER", "-in", cms, "-content", content, "-binary"];
  const result = spawnSync("openssl", [...args, "-CAfile", signer.pem, "-purpose", "any", "-out", join(dir, "x")], {
    encoding: "utf8",
  });
  expect(result.stderr).toContain("CAdES Verification successful");
}

const inputs: [string, () => Promise<Uint8Array>][] = [
  ["a classic cross-reference table", () => drawn(false)],
  ["a cross-reference stream with object streams", () => drawn(true)],
  ["a linearised file", async () => qpdf(await drawn(false), "--linearize")],
  ["a linearised file with object streams", async () => qpdf(await drawn(true), "--linearize")],
  ["object streams made by qpdf", async () => qpdf(await drawn(false), "--object-streams=generate")],
  ["a file without object streams made by qpdf", async () => qpdf(await drawn(true), "--object-streams=disable")],
];

describe("three signers one after the other", () => {
  it.each(inputs)("are valid for pdfsig, qpdf and openssl on %s", async (_, make) => {
    let document = await make();
    for (const [i, signer] of signers.entries()) {
      const before = document;
      const appearance =
        i === 2 ? { page: -1, rect: [50, 50, 250, 110] as const, picture: await drawn(true) } : undefined;
      document = sign(before, signer, {
        fieldName: `Ký số ${i + 1}`,
        signingTime: time,
        reason: "Xác nhận học bạ",
        location: "Hà Nội",
        name: "Nguyễn Thị Ánh (a\\b)",
        ...(appearance ? { appearance } : {}),
      });
      expect(Buffer.compare(document.subarray(0, before.length), before), "the old octets stay").toBe(0);
      const seen = pdfsig(document);
      expect(seen.valid).toBe(i + 1);
      expect(seen.invalid).toBe(0);
      expect(seen.total.at(-1)).toBe(true);
      expectCleanByQpdf(document);
    }
    for (const [i, signer] of signers.entries()) expectGoodByOpenssl(document, i, signer);
    const opened = openPdf(document);
    const ours = signatureFields(opened);
    expect(ours.map((s) => s.fieldName)).toEqual(["Ký số 1", "Ký số 2", "Ký số 3"]);
    expect(ours.map((s) => coverage(opened, s).level)).toEqual(["earlier-revision", "earlier-revision", "whole-file"]);
    expect(ours.map((s) => analyseChanges(opened, s).verdict)).toEqual(["permitted", "permitted", "none"]);
    expect(ours[0]!.signingTime).toBe(time.getTime());
    expect(ours[0]!.reason).toBe("Xác nhận học bạ");
    expect(opened.anomalies.size).toBe(0);
  });

  it("a changed octet is refused by pdfsig", async () => {
    const document = sign(await drawn(false), signers[0]!, { fieldName: "S1", signingTime: time });
    const changed = document.slice();
    const at = Buffer.from(changed).indexOf("MediaBox");
    changed[at + 12] = changed[at + 12]! ^ 1;
    expect(pdfsig(document)).toMatchObject({ valid: 1, invalid: 0 });
    expect(pdfsig(changed)).toMatchObject({ valid: 0, invalid: 1 });
  });

  it("signs with RSA-PSS", async () => {
    const signer = { ...signers[0]!, identity: { ...signers[0]!.identity, algorithm: "rsa-pss-sha256" as const } };
    const document = sign(await drawn(true), signer, { fieldName: "S1", signingTime: time });
    expectGoodByOpenssl(document, 0, signer);
    expectCleanByQpdf(document);
  });
});

describe("level T in the place of level B", () => {
  it("is reached by complete and by raising, with the same octets", async () => {
    const prepared = format.prepare(await drawn(false), signers[0]!.identity, { fieldName: "S1", signingTime: time });
    const value = new Uint8Array(createSign("sha256").update(prepared.toBeSigned).sign(signers[0]!.key));
    const token = stamp(format.timestampInput(prepared, value));
    // From a store the document comes back as a Buffer; what was prepared must stay as it is.
    const kept = { ...prepared, document: Buffer.from(prepared.document) };
    const levelB = format.complete(kept, value);
    expect(Buffer.compare(kept.document, prepared.document)).toBe(0);
    expect(openPlace(levelB, "S1").timestampInput).toEqual(value);
    const levelT = format.complete(prepared, value, token);
    expect(Buffer.compare(raiseToT(levelB, "S1", token), levelT)).toBe(0);
    expect(pdfsig(levelT)).toMatchObject({ valid: 1, invalid: 0, total: [true] });
    expectGoodByOpenssl(levelT, 0, signers[0]!);
    expectCleanByQpdf(levelT);
    const signature = signatureFields(openPdf(levelT))[0]!;
    expect(Buffer.from(signature.contents).includes(Buffer.from(token))).toBe(true);
  });

  it("is refused once somebody signed after", async () => {
    let document = sign(await drawn(false), signers[0]!, { fieldName: "S1", signingTime: time });
    document = sign(document, signers[1]!, { fieldName: "S2", signingTime: time });
    expect(() => raiseToT(document, "S1", new Uint8Array(10))).toThrowError(
      expect.objectContaining({ code: "PDF_CERTIFIED_NO_CHANGES" }),
    );
  });
});

describe("levels LT and LTA", () => {
  it("keep every signature valid, under P 1 too, and are renewed by another stamp", async () => {
    let document = sign(await drawn(true), signers[0]!, { fieldName: "S1", signingTime: time, certify: 1 });
    const crl = new Uint8Array(2000).fill(48);
    const data = { certificates: signers.map((s) => s.identity.certificate), crls: [crl], ocspResponses: [] };
    for (const round of [1, 2]) {
      const stored = appendValidationData(document, data, nodeCrypto, round === 1 ? "S1" : undefined);
      if (round === 2) expect(stored).toBe(document);
      const prepared = prepareDocumentTimestamp(stored, { fieldName: `Stamp${round}` }, nodeCrypto);
      const covered = signedRangesOf(prepared.document, prepared.placement);
      const token = stamp(covered);
      document = completeDocumentTimestamp(prepared, token);
      expectCleanByQpdf(document);
      const seen = pdfsig(document);
      // This poppler does not judge ETSI.RFC3161; openssl does, below.
      expect(seen.valid).toBe(1);
      expect(seen.total.at(-1)).toBe(true);
      expectStampGoodByOpenssl(token, prepared.messageImprint);
    }
    const opened = openPdf(document);
    const ours = signatureFields(opened);
    expect(ours.map((s) => s.subFilter)).toEqual(["ETSI.CAdES.detached", "ETSI.RFC3161", "ETSI.RFC3161"]);
    expect(analyseChanges(opened, ours[0]!)).toMatchObject({ level: "lta", verdict: "permitted", permission: 1 });
    expect(analyseChanges(opened, ours[1]!)).toMatchObject({ level: "lta", verdict: "permitted" });
    const store = securityStore(opened.latest)!;
    expect(store.certificates.map((c) => Buffer.from(c).toString("hex"))).toEqual(
      data.certificates.map((c) => Buffer.from(c).toString("hex")),
    );
    expect(store.crls).toEqual([crl]);
    expect(store.vri.map((v) => v.certificates.length)).toEqual([3]);
  });

  function signedRangesOf(document: Uint8Array, { start, capacity }: { start: number; capacity: number }): Uint8Array {
    return Buffer.concat([document.subarray(0, start - 1), document.subarray(start + capacity * 2 + 1)]);
  }

  function expectStampGoodByOpenssl(token: Uint8Array, imprint: Uint8Array): void {
    writeFileSync(join(dir, "stamp.der"), token);
    const args = [
      "ts",
      "-verify",
      "-token_in",
      "-in",
      join(dir, "stamp.der"),
      "-digest",
      Buffer.from(imprint).toString("hex"),
    ];
    const result = spawnSync("openssl", [...args, "-CAfile", join(dir, "tsa.pem")], { encoding: "utf8" });
    expect(result.stdout + result.stderr).toContain("Verification: OK");
  }
});

describe("certification", () => {
  it("with P 1 lets nobody sign afterwards", async () => {
    const document = sign(await drawn(false), signers[0]!, { fieldName: "S1", signingTime: time, certify: 1 });
    expect(pdfsig(document)).toMatchObject({ valid: 1, invalid: 0, total: [true] });
    expectCleanByQpdf(document);
    expect(() => sign(document, signers[1]!, { fieldName: "S2", signingTime: time })).toThrowError(
      expect.objectContaining({ code: "PDF_CERTIFIED_NO_CHANGES" }),
    );
  });

  it("with P 2 permits a second signature", async () => {
    let document = sign(await drawn(true), signers[0]!, { fieldName: "S1", signingTime: time, certify: 2 });
    document = sign(document, signers[1]!, { fieldName: "S2", signingTime: time });
    expect(pdfsig(document)).toMatchObject({ valid: 2, invalid: 0 });
    expectCleanByQpdf(document);
    const opened = openPdf(document);
    expect(analyseChanges(opened, signatureFields(opened)[0]!)).toMatchObject({ verdict: "permitted", permission: 2 });
  });

  it("must be the first signature", async () => {
    const document = sign(await drawn(false), signers[0]!, { fieldName: "S1", signingTime: time });
    expect(() => sign(document, signers[1]!, { fieldName: "S2", signingTime: time, certify: 2 })).toThrowError(
      expect.objectContaining({ code: "PDF_CERTIFIED_NO_CHANGES" }),
    );
  });
});

describe("what cannot be signed", () => {
  it.each([
    ["an encrypted file", "PDF_ENCRYPTED", async () => qpdf(await drawn(false), "--encrypt", "", "o", "256", "--")],
    ["a file that is not a PDF", "PDF_NOT_A_PDF", async () => new TextEncoder().encode("hello")],
    ["a truncated file", "PDF_MALFORMED", async () => (await drawn(false)).subarray(0, 700)],
  ])("%s is refused with %s", async (_, code, make) => {
    const document = await make();
    expect(() => sign(document, signers[0]!, { fieldName: "S1", signingTime: time })).toThrowError(
      expect.objectContaining({ code }),
    );
  });

  it("a field that is signed already", async () => {
    const document = sign(await drawn(false), signers[0]!, { fieldName: "S1", signingTime: time });
    expect(() => sign(document, signers[1]!, { fieldName: "S1", signingTime: time })).toThrowError(
      expect.objectContaining({ code: "PDF_FIELD_EXISTS" }),
    );
  });

  it("a CMS larger than its place", async () => {
    const prepared = format.prepare(await drawn(false), signers[0]!.identity, {
      fieldName: "S1",
      signingTime: time,
      reservedBytes: 64,
    });
    expect(() => format.complete(prepared, new Uint8Array(256))).toThrowError(
      expect.objectContaining({ code: "RESERVED_PLACE_TOO_SMALL" }),
    );
  });
});

const strange = ["corpora/pyhanko-pdf", "corpora/dss-pades", "vietnam/signed"].map(sharedPath);
describe.skipIf(strange.includes(null))("strange files of other makers", () => {
  it("are signed so that pdfsig and qpdf find no more fault than before, or refused with a code", () => {
    const files = strange.flatMap((root, i) => pdfFiles(root!).filter((_, k) => i !== 1 || k % 6 === 0));
    const outcomes = new Map<string, number>();
    for (const file of files) {
      const before = load(file);
      let outcome = "signed";
      try {
        const after = sign(before, signers[0]!, { fieldName: "Signed_here", signingTime: time });
        const [old, now] = [pdfsig(before), pdfsig(after)];
        expect(now.valid, file).toBe(old.valid + 1);
        expect(qpdfStatus(after), file).toBeLessThanOrEqual(qpdfStatus(before));
      } catch (error) {
        if (!(error instanceof SignaturesError)) throw error;
        outcome = error.code;
      }
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    console.log(
      `signing other makers' files: ${files.length}, ${[...outcomes].map(([k, n]) => `${k} ${n}`).join(", ")}`,
    );
    expect(outcomes.get("signed")).toBeGreaterThan(files.length / 2);
  }, 60_000);

  function qpdfStatus(bytes: Uint8Array): number {
    const path = join(dir, "check.pdf");
    writeFileSync(path, bytes);
    return spawnSync("qpdf", ["--check", path]).status ?? 9;
  }
});
