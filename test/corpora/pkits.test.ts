import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type CryptoProvider, portableCrypto } from "@hocba/certs/crypto";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { CertificatePool, PathCache, validatePath } from "@hocba/certs/path";
import { parseCrl } from "@hocba/certs/revocation";
import { trustAnchor } from "@hocba/certs/trust";
import { parseCertificate } from "@hocba/certs/x509";
import { describe, expect, it } from "vitest";
import { sharedPath } from "../shared-material.ts";

interface PkitsCase {
  id: string;
  name: string;
  expected: "valid" | "invalid";
  anchor: string;
  target: string;
  intermediates: string[];
  crls: string[];
  params: {
    user_initial_policy_set?: string[];
    initial_explicit_policy?: boolean;
    initial_policy_mapping_inhibit?: boolean;
    initial_any_policy_inhibit?: boolean;
  } | null;
}

const root = sharedPath("corpora/pkits");
/** Inside the validity of every certificate and CRL that is meant to be current. */
const TIME = Date.parse("2020-06-01T00:00:00Z");

describe.skipIf(!root)("NIST PKITS", () => {
  const dir = root ?? "";
  const cases: PkitsCase[] = root ? JSON.parse(readFileSync(join(dir, "expected-cases.json"), "utf8")) : [];
  const certificate = (name: string) => parseCertificate(readFileSync(join(dir, "certs", name)));
  const crl = (name: string) => parseCrl(readFileSync(join(dir, "crls", name)));
  const run = (
    c: PkitsCase,
    pool: CertificatePool,
    crls: ReturnType<typeof crl>[],
    cache?: PathCache,
    crypto: CryptoProvider = nodeCrypto,
  ) =>
    validatePath({
      certificate: certificate(c.target),
      anchors: [trustAnchor(certificate(c.anchor))],
      certificates: pool,
      time: TIME,
      crypto,
      ...(c.params?.user_initial_policy_set && { policies: c.params.user_initial_policy_set }),
      explicitPolicy: c.params?.initial_explicit_policy ?? false,
      inhibitPolicyMapping: c.params?.initial_policy_mapping_inhibit ?? false,
      inhibitAnyPolicy: c.params?.initial_any_policy_inhibit ?? false,
      revocation: { crls, ocspResponses: [] },
      ...(cache && { cache }),
    });
  const score = (title: string, judge: (c: PkitsCase) => boolean) => {
    const wrong = cases.filter((c) => judge(c) !== (c.expected === "valid")).map((c) => `${c.id} ${c.name}`);
    console.log(`PKITS ${title}: ${cases.length - wrong.length} of ${cases.length}`);
    expect(wrong).toEqual([]);
  };

  it("gives the stated verdict with the certificates and CRLs of each case", () => {
    score("per case", (c) => run(c, new CertificatePool(c.intermediates.map(certificate)), c.crls.map(crl)).valid);
  });

  it("gives the same verdicts with the cryptography of the browser", { timeout: 120_000 }, () => {
    const cache = new PathCache();
    const pool = (c: PkitsCase) => new CertificatePool(c.intermediates.map(certificate));
    score("with portableCrypto", (c) => run(c, pool(c), c.crls.map(crl), cache, portableCrypto).valid);
  });

  it("finds its way when given every certificate and every CRL of the suite at once", () => {
    const all = new CertificatePool(
      readdirSync(join(dir, "certs"))
        .filter((n) => n.endsWith(".crt"))
        .map(certificate),
    );
    const crls = readdirSync(join(dir, "crls")).map(crl);
    const cache = new PathCache();
    score(
      "from one pool",
      (c) =>
        run(
          c,
          all,
          crls.filter((l) => c.crls.length > 0 && l),
          cache,
        ).valid,
    );
  });
});
