import { execFileSync } from "node:child_process";
import { constants, createHash, sign as nodeSign } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CryptoProvider } from "@hocba/certs/crypto";
import { afterAll, describe, expect, it } from "vitest";
import {
  buildSignedAttributes,
  buildSignedData,
  CmsOid,
  type CmsSigningAlgorithm,
  cmsSigner,
  parseSignedData,
  signatureTimestampAttribute,
  signedAttributesForms,
} from "./index.ts";

const dir = mkdtempSync(join(tmpdir(), "hocba-cms-"));
afterAll(() => rmSync(dir, { recursive: true }));
const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: dir, stdio: ["ignore", "pipe", "pipe"] });

const crypto: CryptoProvider = {
  digest: (algorithm, ...chunks) => {
    const hash = createHash(algorithm);
    for (const chunk of chunks) hash.update(chunk);
    return hash.digest();
  },
  startDigest: () => {
    throw new Error("not needed here");
  },
  verify: () => false,
};

const KEYS: Record<CmsSigningAlgorithm, string[]> = {
  "rsa-pkcs1-sha256": ["-newkey", "rsa:2048"],
  "rsa-pss-sha256": ["-newkey", "rsa:2048"],
  "ecdsa-p256-sha256": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
};

function makeSigner(algorithm: CmsSigningAlgorithm) {
  const name = algorithm;
  openssl(
    "req",
    "-x509",
    ...KEYS[algorithm],
    "-nodes",
    "-keyout",
    `${name}.key`,
    "-out",
    `${name}.pem`,
    "-utf8",
    "-days",
    "30",
    "-subj",
    "/C=VN/O=Trường THCS Chu Văn An/CN=Hà Văn Tý",
    "-addext",
    "keyUsage=critical,digitalSignature,nonRepudiation",
  );
  const certificate = openssl("x509", "-in", `${name}.pem`, "-outform", "DER");
  const key = readFileSync(join(dir, `${name}.key`), "utf8");
  const sign = (data: Uint8Array) =>
    nodeSign("sha256", data, {
      key,
      ...(algorithm === "rsa-pss-sha256" ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : {}),
    });
  return { certificate: new Uint8Array(certificate), sign };
}

describe.each(Object.keys(KEYS) as CmsSigningAlgorithm[])("a detached SignedData made with %s", (algorithm) => {
  const { certificate, sign } = makeSigner(algorithm);
  const signer = cmsSigner({ certificate, chain: [], algorithm }, crypto);
  const content = new TextEncoder().encode("học bạ số");
  const signedAttributes = buildSignedAttributes(signer, {
    messageDigest: crypto.digest("sha256", content),
    signingTime: new Date("2026-05-31T02:00:00Z"),
  });
  const cms = buildSignedData(signer, { signedAttributes, signatureValue: sign(signedAttributes) });

  it("is accepted by openssl with its signing-certificate attribute, and refused over other content", () => {
    writeFileSync(join(dir, "a.p7s"), cms);
    writeFileSync(join(dir, "a.txt"), content);
    writeFileSync(join(dir, "b.txt"), "học bạ giả");
    const verify = (file: string) =>
      openssl(
        "cms",
        "-verify",
        "-cades",
        "-binary",
        "-inform",
        "DER",
        "-in",
        "a.p7s",
        "-content",
        file,
        "-CAfile",
        `${algorithm}.pem`,
      );
    expect(new Uint8Array(verify("a.txt"))).toEqual(content);
    expect(() => verify("b.txt")).toThrow();
  });

  it("reads back as it was built, signed attributes in DER order", () => {
    const read = parseSignedData(cms);
    expect(read.content).toBeNull();
    expect(read.certificates).toEqual([certificate]);
    expect(read.signerInfos).toHaveLength(1);
    const info = read.signerInfos[0]!;
    expect(signedAttributesForms(info)).toEqual([signedAttributes]);
    expect(info.signedAttributes?.single(CmsOid.signingTime)).not.toBeNull();
  });

  it("keeps the signature value when an unsigned attribute is added", () => {
    const signatureValue = sign(signedAttributes);
    const token = cms;
    const stamped = parseSignedData(
      buildSignedData(signer, {
        signedAttributes,
        signatureValue,
        unsignedAttributes: [signatureTimestampAttribute(token)],
      }),
    ).signerInfos[0]!;
    expect(stamped.signature).toEqual(new Uint8Array(signatureValue));
    expect(stamped.unsignedAttributes?.single(CmsOid.signatureTimestamp)?.raw).toEqual(token);
  });
});

describe("parseSignedData", () => {
  it("reads openssl's streamed BER with indefinite lengths and joins the content", () => {
    makeSigner("ecdsa-p256-sha256");
    const content = new Uint8Array(100_000).fill(7);
    writeFileSync(join(dir, "big.bin"), content);
    openssl(
      "cms",
      "-sign",
      "-binary",
      "-stream",
      "-nodetach",
      "-in",
      "big.bin",
      "-signer",
      "ecdsa-p256-sha256.pem",
      "-inkey",
      "ecdsa-p256-sha256.key",
      "-outform",
      "DER",
      "-out",
      "big.p7m",
    );
    const read = parseSignedData(readFileSync(join(dir, "big.p7m")));
    expect(read.content).toEqual(content);
  });

  it("refuses other content types, truncation and deep nesting with CMS_MALFORMED", () => {
    const nested = new Uint8Array(20_000).fill(0x30);
    for (let i = 1; i < nested.length; i += 2) nested[i] = 0x80;
    for (const bytes of [
      new Uint8Array(),
      Uint8Array.of(0x30, 0x80, 0, 0),
      nested,
      new TextEncoder().encode("%PDF-1.7"),
    ]) {
      expect(() => parseSignedData(bytes)).toThrow(expect.objectContaining({ code: "CMS_MALFORMED" }));
    }
  });
});
