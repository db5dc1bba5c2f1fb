import { readFileSync } from "node:fs";
import { join } from "node:path";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { validatePath } from "@hocba/certs/path";
import { parseCrl } from "@hocba/certs/revocation";
import { trustAnchor } from "@hocba/certs/trust";
import { type Certificate, KeyPurpose, parseCertificate, pemOrDerBlocks } from "@hocba/certs/x509";
import { describe, expect, it } from "vitest";
import { sharedPath } from "../shared-material.ts";

interface LimboCase {
  id: string;
  features: string[];
  description: string;
  trusted_certs: string[];
  untrusted_intermediates: string[];
  peer_certificate: string;
  validation_time: string | null;
  extended_key_usage: string[];
  expected_result: "SUCCESS" | "FAILURE";
  expected_peer_name: { kind: string; value: string } | null;
  max_chain_depth: number | null;
  crls: string[];
}

const SCORED = ["rfc5280", "pathlen", "crl", "pathological", "cve"];
const NOW = Date.parse("2026-11-01T00:00:00Z");
const root = sharedPath("corpora/x509-limbo");
const pem = (text: string): Uint8Array => pemOrDerBlocks(new TextEncoder().encode(text))[0]!;

/** Cases where we judge otherwise, each with the clause that makes us. */
const EXCEPTIONS: Readonly<Record<string, string>> = {};

/** x509-limbo asks for the name of a server too, which is no part of path validation (RFC 5280 §1, RFC 9525). */
function namesPeer(certificate: Certificate, peer: LimboCase["expected_peer_name"]): boolean {
  const names = certificate.subjectAltNames;
  if (peer?.kind !== "DNS" || !names) return true;
  const wanted = peer.value.toLowerCase();
  const dns = names.flatMap((n) => (n.type === "dNSName" ? [n.text.toLowerCase()] : []));
  return (
    dns.length === 0 ||
    dns.some((n) => n === wanted || (n.startsWith("*.") && wanted.split(".").slice(1).join(".") === n.slice(2)))
  );
}

function accepts(c: LimboCase): boolean {
  let leaf: Certificate;
  try {
    leaf = parseCertificate(pem(c.peer_certificate));
  } catch {
    return false;
  }
  const crls = c.crls.map((text) => parseCrl(pem(text)));
  const result = validatePath({
    certificate: leaf,
    anchors: c.trusted_certs.map((text) => trustAnchor(parseCertificate(pem(text)))),
    certificates: c.untrusted_intermediates.map((text) => parseCertificate(pem(text))),
    time: c.validation_time ? Date.parse(c.validation_time) : NOW,
    crypto: nodeCrypto,
    strictness: "strict-profile",
    ...(c.extended_key_usage.includes("serverAuth") && { purposes: [KeyPurpose.SERVER_AUTH] }),
    ...(c.max_chain_depth !== null && { maxIntermediates: c.max_chain_depth }),
    ...(crls.length > 0 && { revocation: { crls, ocspResponses: [] } }),
  });
  return result.valid && namesPeer(leaf, c.expected_peer_name);
}

describe.skipIf(!root)("x509-limbo", () => {
  it("gives the stated verdict in the groups that are about RFC 5280", () => {
    const all: LimboCase[] = JSON.parse(readFileSync(join(root ?? "", "limbo-regenerated.json"), "utf8")).testcases;
    const cases = all.filter((c) => SCORED.includes(c.id.split("::")[0]!));
    const wrong = cases.filter((c) => accepts(c) !== (c.expected_result === "SUCCESS")).map((c) => c.id);
    console.log(`x509-limbo: ${cases.length - wrong.length} of ${cases.length}`);
    expect(wrong).toEqual(Object.keys(EXCEPTIONS));
  });
});
