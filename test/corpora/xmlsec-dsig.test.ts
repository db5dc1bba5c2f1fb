import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { findXmlSignatures, parseXml, readXmlSignature, verifyWithKeyInfo, verifySignatureValue, type XmlSignature } from "@hocba/signatures/xml";
import { describe, expect, it } from "vitest";
import { sharedPath } from "../shared-material.ts";

const folder = sharedPath("corpora/xmlsec-dsig");

interface Entry {
  file: string;
  expected?: { expected: string; runs: { expected: string; verifyArgs: string; transforms: string }[] };
}

const URLS: Record<string, string> = {
  "http://www.w3.org/TR/xml-stylesheet": "external-data/xml-stylesheet-2005",
  "http://www.w3.org/Signature/2002/04/xml-stylesheet.b64": "external-data/xml-stylesheet-2005.b64",
  "http://www.ietf.org/rfc/rfc3161.txt": "external-data/rfc3161.txt",
};

const read = (path: string) => new Uint8Array(readFileSync(join(folder!, path)));

describe.skipIf(!folder)("xmlsec", () => {
  const manifest: Entry[] = folder ? JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) : [];
  it("all", () => {
    for (const e of manifest) {
      if (!e.expected) continue;
      const args = e.expected.runs.map((r) => r.verifyArgs).join(" ");
      let say = "";
      try {
        const document = parseXml(read(e.file), { dtd: "internal-subset" });
        const [element] = findXmlSignatures(document);
        const s = readXmlSignature(document, element!, { crypto: nodeCrypto, resolve: (u) => { if(u===null) return null; const p = URLS[u]; if (p) return read(p); try { return new Uint8Array(readFileSync(join(folder!, dirname(e.file), u))) } catch { return null } }, parse: { dtd: "internal-subset" } });
        const refs = s.references.flatMap((r) => [r, ...(r.manifest ?? [])]).map((r) => r.status === "intact" ? "ok" : `${r.uri} ${r.status}:${r.reason}`).filter((x) => x !== "ok");
        let v = "";
        if (s.algorithm?.scheme === "hmac") v = "hmac";
        else {
          const certs: Uint8Array[] = []; const keys: Uint8Array[] = [];
          for (const m of args.matchAll(/(\S+) (\S+\.)(\$cert_format|\$pub_key_format)/g)) {
            const p = m[2]!.replace("$topfolder/", "").replace("$rsa_pub_key_suffix", "") + "der";
            const path = p.startsWith("certs/") ? join(dirname(e.file), p) : p;
            try { (m[3] === "$cert_format" ? certs : keys).push(read(path)); } catch {  say += " NOFILE " + path; }
          }
          v = verifyWithKeyInfo(s, nodeCrypto, certs).status;
          if (v !== "valid") for (const k of keys) if (verifySignatureValue(s, k, nodeCrypto) === "valid") v = "valid(key)";
        }
        say += `${v} ${refs.join(" | ")}`;
      } catch (x: any) { say = `THROWS ${x.code} ${x.message}` + (x.code ? "" : x.stack); }
      if (!/^(valid|valid\(key\)) $/.test(say)) console.log(e.file, e.expected.expected, "=>", say.slice(0, 600), e.expected.runs[0]!.transforms);
    }
  });
});
