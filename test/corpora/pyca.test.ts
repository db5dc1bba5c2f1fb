import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CertsError } from "@hocba/certs";
import { signatureAlgorithmOf } from "@hocba/certs/crypto";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { validatePath } from "@hocba/certs/path";
import { evidenceLocations, parseCrl, parseOcspResponse } from "@hocba/certs/revocation";
import { trustAnchor } from "@hocba/certs/trust";
import { type Certificate, parseCertificate, pemOrDerBlocks } from "@hocba/certs/x509";
import { describe, expect, it } from "vitest";
import { sharedPath } from "../shared-material.ts";

const roots = [sharedPath("corpora/pyca-vectors"), sharedPath("corpora/dss-tsp-crl")].filter((r) => r !== null);

const filesUnder = (dir: string): string[] =>
  readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((e) => e.isFile() && !e.name.endsWith(".json"))
    .map((e) => join(e.parentPath, e.name));

/** The value, or null when it was refused with a code of ours; anything else thrown is a defect. */
function tolerant<T>(action: () => T): T | null {
  try {
    return action();
  } catch (error) {
    if (error instanceof CertsError) return null;
    throw error;
  }
}

const EXTENSIONS = [
  "basicConstraints",
  "keyUsage",
  "extendedKeyUsage",
  "subjectKeyId",
  "authorityKeyId",
  "subjectAltNames",
  "issuerAltNames",
  "crlDistributionPoints",
  "freshestCrl",
  "authorityInfoAccess",
  "certificatePolicies",
  "policyMappings",
  "policyConstraints",
  "inhibitAnyPolicy",
  "nameConstraints",
] as const satisfies readonly (keyof Certificate)[];

function exercise(certificate: Certificate): void {
  for (const property of EXTENSIONS) tolerant(() => certificate[property]);
  certificate.subject.toString();
  certificate.issuer.canonicalKey.toString();
  evidenceLocations(certificate);
  validatePath({
    certificate,
    anchors: [trustAnchor(certificate)],
    certificates: [certificate],
    time: certificate.notBefore,
    crypto: nodeCrypto,
    strictness: "strict-profile",
  });
}

describe.skipIf(roots.length === 0)("odd certificates, CRLs and OCSP responses", () => {
  it("are read or refused with a code, never more", { timeout: 60_000 }, () => {
    const read = { certificates: 0, crls: 0, ocsp: 0, refused: 0 };
    for (const file of roots.flatMap(filesUnder)) {
      const blocks = tolerant(() => pemOrDerBlocks(readFileSync(file))) ?? [];
      if (blocks.length === 0) read.refused++;
      for (const der of blocks) {
        const certificate = tolerant(() => parseCertificate(der));
        if (certificate) exercise(certificate);
        const crl = certificate ? null : tolerant(() => parseCrl(der));
        if (crl) tolerant(() => crl.hasUnknownCriticalExtension || crl.issuingDistributionPoint || crl.size);
        const ocsp = certificate || crl ? null : tolerant(() => parseOcspResponse(der));
        if (certificate) read.certificates++;
        else if (crl) read.crls++;
        else if (ocsp) read.ocsp++;
        else read.refused++;
      }
    }
    console.log(`pyca and DSS vectors: ${JSON.stringify(read)}`);
    expect(read.certificates).toBeGreaterThan(70);
    expect(read.crls).toBeGreaterThan(15);
    expect(read.ocsp).toBeGreaterThan(10);
  });

  const pyca = roots.find((r) => r.includes("pyca"));
  const custom = (name: string) => pemOrDerBlocks(readFileSync(join(pyca ?? "", "x509/custom", name)))[0]!;

  it.skipIf(!pyca)("tell signatures that hold from those that do not", () => {
    const holds = (which: string) => {
      const { spki } = parseCertificate(custom(`${which}_signature_cert.pem`));
      const { tbs, signature, signatureAlgorithm } = parseCrl(custom(`${which}_signature_crl.pem`));
      const algorithm = signatureAlgorithmOf(signatureAlgorithm.oid, signatureAlgorithm.parameters);
      return nodeCrypto.verify(spki, algorithm, [tbs], signature);
    };
    expect(holds("valid")).toBe(true);
    expect(holds("invalid")).toBe(false);
  });

  it.skipIf(!pyca)("are known by their faults", () => {
    expect(parseCertificate(custom("negative_serial.pem")).serial).toMatch(/^[0-9A-F]+$/);
    expect(parseCertificate(custom("two_basic_constraints.pem")).duplicateExtensions).toEqual(["2.5.29.19"]);
    expect(tolerant(() => parseCertificate(custom("invalid_version.pem")))).toBeNull();
    const bad = parseCertificate(custom("nc_ip_invalid_length.pem"));
    const used = validatePath({
      certificate: bad,
      anchors: [trustAnchor(bad)],
      certificates: [],
      time: bad.notBefore,
      crypto: nodeCrypto,
      strictness: "strict-profile",
    });
    expect(used.valid).toBe(false);
    expect(parseCrl(custom("crl_md2_unknown_crit_entry_ext.pem")).hasUnknownCriticalExtension).toBe(true);
    expect(tolerant(() => parseCrl(custom("crl_bad_version.pem")))).toBeNull();
  });
});
