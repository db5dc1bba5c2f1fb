import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CertsError } from "@hocba/certs";
import {
  type CryptoProvider,
  type DigestAlgorithm,
  portableCrypto,
  type SignatureAlgorithm,
  signatureAlgorithmOf,
} from "@hocba/certs/crypto";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { fromHex, readWhole } from "@hocba/certs/der";
import { describe, expect, it } from "vitest";
import { sharedPath } from "../shared-material.ts";

interface Group {
  type: string;
  sha?: string;
  mgfSha?: string;
  sLen?: number;
  publicKeyDer?: string;
  publicKeyAsn?: string;
  keyDer?: string;
  publicKey?: { der?: string };
  tests: { tcId: number; msg: string; sig: string; result: "valid" | "invalid" | "acceptable" }[];
}

const root = sharedPath("corpora/wycheproof-sig");
const files = root ? readdirSync(root).filter((n) => n.endsWith("_test.json")) : [];

const digestOf = (sha: string): DigestAlgorithm =>
  sha
    .toLowerCase()
    .replace(/^sha-/, "sha")
    .replace("sha512/", "sha512-")
    .replace(/^sha3-/, "sha3-") as DigestAlgorithm;

function algorithmOf(file: string, group: Group, spki: Uint8Array): SignatureAlgorithm {
  if (group.type.startsWith("Rsassa") && group.type.includes("Pss")) {
    const [algorithm] = readWhole(spki).children();
    const [oid, parameters] = algorithm!.children();
    // With parameters in the key, what they say is under test too.
    if (parameters?.constructed && oid) return signatureAlgorithmOf("1.2.840.113549.1.1.10", parameters);
    return {
      scheme: "rsa-pss",
      digest: digestOf(group.sha!),
      mgfDigest: digestOf(group.mgfSha!),
      saltLength: group.sLen!,
    };
  }
  if (group.type.startsWith("Rsassa")) return { scheme: "rsa-pkcs1", digest: digestOf(group.sha!) };
  if (file.startsWith("ed")) return { scheme: "eddsa", curve: file.startsWith("ed448") ? "ed448" : "ed25519" };
  const encoding = group.type.includes("P1363") ? "p1363" : "der";
  return { scheme: file.startsWith("dsa") ? "dsa" : "ecdsa", digest: digestOf(group.sha!), encoding };
}

function score(crypto: CryptoProvider): { right: number; total: number; wrong: string[]; unsupported: Set<string> } {
  const outcome = { right: 0, total: 0, wrong: [] as string[], unsupported: new Set<string>() };
  for (const file of files) {
    const groups: Group[] = JSON.parse(readFileSync(join(root ?? "", file), "utf8")).testGroups;
    for (const group of groups) {
      const spki = fromHex((group.publicKeyDer ?? group.publicKeyAsn ?? group.keyDer ?? group.publicKey?.der)!);
      for (const test of group.tests) {
        outcome.total++;
        let accepted = false;
        try {
          accepted = crypto.verify(spki, algorithmOf(file, group, spki), [fromHex(test.msg)], fromHex(test.sig));
        } catch (error) {
          if (!(error instanceof CertsError) || error.code !== "ALGORITHM_UNSUPPORTED") throw error;
          outcome.unsupported.add(`${file} ${error.message}`);
        }
        const good = test.result === "acceptable" || accepted === (test.result === "valid");
        if (good) outcome.right++;
        else outcome.wrong.push(`${file} ${test.tcId} ${test.result}`);
      }
    }
  }
  return outcome;
}

describe.skipIf(!root)("Wycheproof signature vectors", () => {
  for (const [name, crypto] of [
    ["nodeCrypto", nodeCrypto],
    ["portableCrypto", portableCrypto],
  ] as const) {
    it(`every valid one is accepted and every invalid one refused by ${name}`, { timeout: 300_000 }, () => {
      const { right, total, wrong, unsupported } = score(crypto);
      console.log(`Wycheproof, ${name}: ${right} of ${total} in ${files.length} files`);
      expect(wrong).toEqual([]);
      expect([...unsupported]).toEqual([]);
    });
  }
});
