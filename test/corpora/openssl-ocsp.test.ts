import { readFileSync } from "node:fs";
import { join } from "node:path";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { validatePath } from "@hocba/certs/path";
import { parseOcspResponse } from "@hocba/certs/revocation";
import { trustAnchor } from "@hocba/certs/trust";
import { parseCertificate, pemOrDerBlocks } from "@hocba/certs/x509";
import { describe, expect, it } from "vitest";
import { sharedPath } from "../shared-material.ts";

interface OcspCase {
  name: string;
  root: string;
  other_certs?: string[];
  cert: string;
  ocsps: string[];
  moment: string;
  expected: "valid" | "invalid";
}
const root = sharedPath("corpora/openssl-ocsp");

/** The files hold DER in Base64. */
const base64 = (bytes: Uint8Array) => Uint8Array.from(Buffer.from(Buffer.from(bytes).toString("latin1"), "base64"));

/**
 * In some cases the responses speak of the end entity alone and nothing speaks of the CA between it and the root; the answer
 * stands for the end entity.
 */
const onlyEndEntity = (c: OcspCase): boolean => (c.other_certs?.length ?? 0) >= c.ocsps.length;

describe.skipIf(!root)("OpenSSL's OCSP cases", () => {
  const file = (name: string) => readFileSync(join(root ?? "", name));
  const certificate = (name: string) => parseCertificate(pemOrDerBlocks(file(name))[0]!);
  const accepts = (c: OcspCase): boolean => {
    const result = validatePath({
      certificate: certificate(c.cert),
      anchors: [trustAnchor(certificate(c.root))],
      certificates: (c.other_certs ?? []).map(certificate),
      time: Date.parse(c.moment),
      crypto: nodeCrypto,
      revocation: {
        crls: [],
        ocspResponses: c.ocsps.map((name) => parseOcspResponse(base64(file(name)))),
        required: !onlyEndEntity(c),
      },
    });
    return result.valid && result.revocation[0]?.status === "good";
  };

  it("gives the stated verdict", () => {
    const cases: OcspCase[] = JSON.parse(file("expected-cases.json").toString());
    const wrong = cases.filter((c) => accepts(c) !== (c.expected === "valid")).map((c) => c.name);
    console.log(`openssl-ocsp: ${cases.length - wrong.length} of ${cases.length}`);
    expect(wrong).toEqual([]);
  });
});
