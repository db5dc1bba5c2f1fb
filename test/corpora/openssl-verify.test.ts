import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type AlgorithmPolicy, algorithmPolicies } from "@hocba/certs/algorithms";
import { signatureAlgorithmOf } from "@hocba/certs/crypto";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { validatePath } from "@hocba/certs/path";
import { parseTrustAnchors, type TrustAnchor } from "@hocba/certs/trust";
import { type Certificate, KeyPurpose, parseCertificate, pemOrDerBlocks } from "@hocba/certs/x509";
import { describe, expect, it } from "vitest";
import { sharedPath } from "../shared-material.ts";

interface Case {
  expected: "valid" | "invalid";
  args: string;
  title: string;
}
interface Arguments {
  leaf: string;
  purpose: string;
  trusted: string[];
  untrusted: string[];
  options: string[];
}

const NOW = Date.parse("2026-11-01T00:00:00Z");
const root = sharedPath("corpora/openssl-verify");

/** Cases where we judge otherwise, each with the clause that makes us. */
const PROXY =
  "RFC 3820 proxy certificates: issued by an end entity, which RFC 5280 §6.1.4 (k) refuses; nobody signs documents by them";
const TRUSTED_FIRST =
  "OpenSSL takes the issuer from the trust store and tries no other path. RFC 5280 §6.1: any path that satisfies the conditions makes the certificate valid, and RFC 4158 §2.2 has several tried; root-cert, trusted for every purpose, is reached through ca-cert";
const EXCEPTIONS: Readonly<Record<string, string>> = {
  "accept proxy cert 1": PROXY,
  "accept proxy cert 2": PROXY,
  "accept proxy cert missing proxy policy": PROXY,
  "fail client purpose intermediate trusted": TRUSTED_FIRST,
  "fail client mistrust and client purpose": TRUSTED_FIRST,
  "fail trusted-first path with server mistrust": TRUSTED_FIRST,
  "fail trusted-first path with client trust": TRUSTED_FIRST,
};

/** Perl arguments of the recipe's `verify(...)`: strings, `[...]` and `[qw(...)]` lists; `@prov` picks a provider of OpenSSL. */
function parseArguments(text: string): Arguments {
  const tokens = text.match(/\[qw\([^)]*\)\]|\[[^\]]*\]|"[^"]*"/g) ?? [];
  const list = (token: string) => (token.match(/[^\s"[\](),]+/g) ?? []).filter((word) => word !== "qw");
  const string = (token: string) => token.slice(1, -1);
  const [leaf, purpose, trusted, untrusted, ...options] = tokens;
  return {
    leaf: string(leaf!),
    purpose: string(purpose!),
    trusted: list(trusted!),
    untrusted: list(untrusted!),
    options: options.map(string),
  };
}

/** OpenSSL's security levels 0 to 3 as far as these cases use them (SSL_CTX_set_security_level). */
function securityLevel(level: number): AlgorithmPolicy {
  const bits = [0, 1024, 2048, 3072][level]!;
  const base = algorithmPolicies["not-broken"];
  return {
    ...base,
    name: `openssl-level-${level}`,
    digests: { ...base.digests, sha1: level > 0 ? "never" : "always", md5: level > 0 ? "never" : "always" },
    keys: { ...base.keys, rsa: [{ minBits: bits, until: "always" }] },
  };
}

function selfSigned(certificate: Certificate): boolean {
  const { oid, parameters } = certificate.signatureAlgorithm;
  return (
    certificate.selfIssued &&
    nodeCrypto.verify(certificate.spki, signatureAlgorithmOf(oid, parameters), [certificate.tbs], certificate.signature)
  );
}

function accepts(dir: string, args: Arguments): boolean {
  // The recipe names pc6-cert, the file is bad-pc6-cert.
  const path = (name: string) => join(dir, `${name === "pc6-cert" ? "bad-pc6-cert" : name}.pem`);
  const file = (name: string) => readFileSync(path(name));
  const all = (name: string) => pemOrDerBlocks(file(name)).map((der) => parseCertificate(der));
  const option = (name: string) => args.options[args.options.indexOf(name) + 1]!;
  const has = (name: string) => args.options.includes(name);
  const trusted = args.trusted.flatMap((name) => parseTrustAnchors(file(name)));
  // Without -partial_chain a certificate in the trust store that is not self-signed is an anchor only by explicit trust.
  const isAnchor = (a: TrustAnchor) =>
    has("-partial_chain") || a.purposes !== null || a.rejectedPurposes.length > 0 || selfSigned(a.certificate);
  const purposes: Record<string, string> = { sslserver: KeyPurpose.SERVER_AUTH, sslclient: KeyPurpose.CLIENT_AUTH };
  const purpose = purposes[args.purpose];
  return validatePath({
    certificate: all(args.leaf)[0]!,
    anchors: trusted.filter(isAnchor),
    certificates: [...trusted.filter((a) => !isAnchor(a)).map((a) => a.certificate), ...args.untrusted.flatMap(all)],
    time: has("-attime") ? Number(option("-attime")) * 1000 : NOW,
    crypto: nodeCrypto,
    algorithms: securityLevel(has("-auth_level") ? Number(option("-auth_level")) : 1),
    strictness: has("-x509_strict") ? "strict-profile" : "validation",
    explicitPolicy: has("-explicit_policy"),
    ...(purpose && { purposes: [purpose] }),
    ...(has("-policy") && { policies: [option("-policy")] }),
    ...(has("-verify_depth") && { maxIntermediates: Number(option("-verify_depth")) }),
  }).valid;
}

describe.skipIf(!root)("OpenSSL's path cases", () => {
  it("gives the stated verdict, but for exceptions with their reason", () => {
    const dir = root ?? "";
    const cases: Case[] = JSON.parse(readFileSync(join(dir, "expected-cases.json"), "utf8"));
    const wrong = cases
      .filter((c) => accepts(dir, parseArguments(c.args)) !== (c.expected === "valid"))
      .map((c) => c.title);
    console.log(`openssl-verify: ${cases.length - wrong.length} of ${cases.length}, ${wrong.length} exceptions`);
    expect(wrong.sort()).toEqual(Object.keys(EXCEPTIONS).sort());
  });
});
