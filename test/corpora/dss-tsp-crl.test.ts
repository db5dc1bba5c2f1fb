import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CertsError } from "@hocba/certs";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { parseCrl } from "@hocba/certs/revocation";
import { parseCertificate, pemBlocks, pemOrDerBlocks } from "@hocba/certs/x509";
import { parseSignedData } from "@hocba/signatures/cms";
import { parseTimestampToken } from "@hocba/signatures/timestamps";
import { type VerificationReport, verifyDocument } from "@hocba/signatures/verify";
import { describe, expect, it } from "vitest";
import { sharedPath } from "../shared-material.ts";
import { readManifest } from "./dss-score.ts";

const folder = sharedPath("corpora/dss-tsp-crl");
const others = sharedPath("corpora/openssl-cms-tsa");
const pyca = sharedPath("corpora/pyca-vectors");

const context = {
  crypto: nodeCrypto,
  policy: "etsi-baseline",
  time: new Date("2026-06-01T00:00:00Z"),
  anchors: [],
  certificates: [],
  crls: [],
  ocspResponses: [],
} as const;

describe.skipIf(!folder)("DSS's time stamps and CRLs", () => {
  const files = folder ? readManifest(folder).map((f) => f.file) : [];
  const read = (file: string) => new Uint8Array(readFileSync(join(folder!, file)));
  const verify = (file: string): VerificationReport =>
    verifyDocument(read(file), { ...context, fileName: file }).report;
  console.log(`dss-tsp-crl: ${files.length} files`);

  it.each(files.filter((f) => f.endsWith(".tst")))(
    "reads %s and judges its own signature, trusting nothing",
    (file) => {
      const token = parseTimestampToken(read(file));
      expect(token.imprint.digestAlgorithm).not.toBeNull();
      expect(token.signerInfo.signedAttributes).not.toBeNull();
      const report = verify(file);
      expect(report.signatures).toMatchObject([{ format: "DocTimeStamp", indication: "INDETERMINATE" }]);
      expect(report.signatures[0]!.timestamps[0]!.time).toBe(new Date(token.genTime).toISOString());
      expect(report.signatures[0]!.integrity).not.toBe("broken");
    },
  );

  it.each(files.filter((f) => f.endsWith(".crl")))("reads the CRL %s", (file) => {
    const [block] = pemBlocks(read(file));
    expect(parseCrl(block?.der ?? read(file)).thisUpdate).toBeGreaterThan(0);
  });

  it.each(files.filter((f) => /\.(cer|crt)$/.test(f)))("reads the certificate %s", (file) => {
    for (const der of pemOrDerBlocks(read(file))) expect(parseCertificate(der).notAfter).toBeGreaterThan(0);
  });

  it.each(files.filter((f) => !f.endsWith(".tst")))("takes %s for no signed document", (file) => {
    expect(verify(file)).toMatchObject({ indication: "NO-SIGNATURE", signatures: [] });
  });
});

describe.skipIf(!others || !pyca)("odd certificates and CMS of OpenSSL and pyca", () => {
  it("refuses an enveloped CMS and reads certificates-only ones, which carry no signature", () => {
    const der = (file: string) => {
      const bytes = new Uint8Array(readFileSync(join(pyca!, file)));
      return pemBlocks(bytes)[0]?.der ?? bytes;
    };
    expect(() => parseSignedData(der("pkcs7/enveloped.pem"))).toThrow(
      expect.objectContaining({ code: "CMS_MALFORMED" }),
    );
    for (const file of ["pkcs7/amazon-roots.der", "pkcs7/amazon-roots.p7b", "pkcs7/isrg.pem"]) {
      expect(parseSignedData(der(file)).certificates.length).toBeGreaterThan(0);
      const { report } = verifyDocument(der(file), { ...context, fileName: file });
      expect(report).toMatchObject({ indication: "NO-SIGNATURE", findings: [{ code: "NO_SIGNATURE" }] });
    }
  });

  it("reads or refuses OpenSSL's test certificates by name", () => {
    for (const { file } of readManifest(others!)) {
      for (const block of pemBlocks(new Uint8Array(readFileSync(join(others!, file))))) {
        if (block.label !== "CERTIFICATE") continue;
        try {
          expect(parseCertificate(block.der).serial).not.toBe("");
        } catch (error) {
          expect(error).toBeInstanceOf(CertsError);
        }
      }
    }
  });
});
