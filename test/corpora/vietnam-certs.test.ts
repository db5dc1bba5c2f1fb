import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { validatePath } from "@hocba/certs/path";
import { evidenceLocations } from "@hocba/certs/revocation";
import { pinOf, trustAnchor, trustPins } from "@hocba/certs/trust";
import { type Certificate, parseCertificate, pemOrDerBlocks } from "@hocba/certs/x509";
import { describe, expect, it } from "vitest";
import { certificate, testKey } from "../pki-builder.ts";
import { sharedPath } from "../shared-material.ts";

const root = sharedPath("vietnam/certs");

describe.skipIf(!root)("the hierarchies of VGCA and the national roots", () => {
  const all: Certificate[] = root
    ? readdirSync(root).flatMap((name) =>
        pemOrDerBlocks(readFileSync(join(root, name))).map((der) => parseCertificate(der)),
      )
    : [];
  const roots = all.filter((c) => pinOf(c, nodeCrypto)?.kind === "root");
  const anchors = roots.map((c) => trustAnchor(c));
  const validate = (target: Certificate, pool: readonly Certificate[] = all) =>
    validatePath({
      certificate: target,
      anchors,
      certificates: pool,
      time: target.notBefore + 86_400_000,
      crypto: nodeCrypto,
      strictness: "strict-profile",
    });

  it("carry the fingerprints that are pinned", () => {
    const found = all.flatMap((c) => pinOf(c, nodeCrypto)?.id ?? []);
    expect(found.sort()).toEqual(trustPins.map((p) => p.id).sort());
    expect(roots).toHaveLength(4);
  });

  it("validate to their pinned roots by every letter of the profile", () => {
    const verdicts = all.map((c) => [c.subject.get("CN"), validate(c).code]);
    console.log(
      `Vietnamese CA and TSA certificates: ${verdicts.filter(([, code]) => code === "VALID").length} of ${all.length} valid`,
    );
    expect(verdicts.filter(([, code]) => code !== "VALID")).toEqual([]);
  });

  it("are not entered by a look-alike that copies the issuer's name", () => {
    const genuine = all.find((c) => c.subject.get("CN") === "CA phục vụ các cơ quan Nhà nước G2")!;
    const lookAlike = certificate({ subject: genuine.subject.raw, key: testKey(), ca: true });
    const forged = certificate({ subject: "Hiệu trưởng", key: testKey(), issuer: lookAlike, notBefore: "2024-01-01" });
    expect(validate(forged.certificate).code).toBe("SIGNATURE_INVALID");
    expect(validate(forged.certificate, [lookAlike.certificate]).code).toBe("NO_PATH");
  });

  it("say where their evidence is", () => {
    const g2 = all.find((c) => c.subject.get("CN") === "CA phục vụ các cơ quan Nhà nước G2")!;
    expect(evidenceLocations(g2)).toEqual({
      crls: ["http://ca.gov.vn/pki/pub/crl/rootcag2.crl"],
      ocsp: ["http://ocsp.ca.gov.vn/"],
      caIssuers: ["http://ca.gov.vn/pki/pub/crt/rootcag2.crt"],
    });
  });
});
