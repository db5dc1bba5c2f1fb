import { createHash } from "node:crypto";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { describe, expect, it } from "vitest";
import { SignaturesError } from "../errors.ts";
import { xades } from "../sign/xades.ts";
import {
  findXmlSignatures,
  isCovered,
  parseXml,
  readXadesProperties,
  readXmlSignature,
  verifyWithKeyInfo,
  xmlBudget,
} from "./index.ts";

/** A small stream of numbers from a seed, the same on every machine. */
function random(seed: string): (below: number) => number {
  let block = createHash("sha256").update(seed).digest();
  let at = 0;
  return (below) => {
    if (at + 4 > block.length) {
      block = createHash("sha256").update(block).digest();
      at = 0;
    }
    at += 4;
    return block.readUInt32BE(at - 4) % below;
  };
}

const PIECES = [
  "<",
  ">",
  "&",
  "&#0;",
  "&lt;",
  "]]>",
  "<![CDATA[",
  "<!--",
  "-->",
  "<?",
  "?>",
  "<!DOCTYPE x [",
  '"',
  "'",
  ' xmlns="u"',
  ' xmlns:ds=""',
  ' Id="m1"',
  "\u0000",
  "\ud800",
  "<ds:Object/>",
  "<ds:SignedInfo/>",
  "ancestor-or-self::node()",
  "[",
  "(",
  "//",
  "#xpointer(/)",
  "#",
  "%ff",
];

const URIS = [
  "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
  "http://www.w3.org/2006/12/xml-c14n11",
  "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
  "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
  "http://www.w3.org/2000/09/xmldsig#base64",
  "http://www.w3.org/TR/1999/REC-xpath-19991116",
  "http://www.w3.org/2002/06/xmldsig-filter2",
  "http://www.w3.org/2007/05/xmldsig-more#rsa-pss",
  "http://www.w3.org/2001/04/xmlenc#sha512",
];

function mutate(bytes: Uint8Array, pick: (below: number) => number): Uint8Array {
  let text = Buffer.from(bytes).toString("latin1");
  for (let n = 1 + pick(2); n > 0; n--) {
    const at = pick(text.length);
    const length = pick(40);
    switch (pick(6)) {
      case 0:
        text = text.slice(0, at) + String.fromCharCode(pick(256)) + text.slice(at + 1);
        break;
      case 1:
        text = text.slice(0, at) + text.slice(at + length);
        break;
      case 2:
        text = text.slice(0, at) + PIECES[pick(PIECES.length)] + text.slice(at);
        break;
      case 3:
        text = text.slice(0, at) + text.slice(at, at + length).repeat(1 + pick(3)) + text.slice(at + length);
        break;
      case 4: {
        // Another algorithm where one stands.
        const uri = text.indexOf('Algorithm="', at);
        const end = uri < 0 ? -1 : text.indexOf('"', uri + 11);
        if (end > 0) text = text.slice(0, uri + 11) + URIS[pick(URIS.length)] + text.slice(end);
        break;
      }
      default: {
        // An element goes elsewhere.
        const from = pick(text.length);
        text = text.slice(0, at) + text.slice(from, from + length * 20) + text.slice(at);
      }
    }
  }
  return new Uint8Array(Buffer.from(text, "latin1"));
}

const certificate = new Uint8Array(300).fill(0x30);
const source = new TextEncoder().encode(
  '<r><d Id="m1"><a x="1">Ngữ <b/>văn</a><!--c--></d><d Id="m2" xml:lang="vi"><p:q xmlns:p="u"/></d><h/><k></k></r>',
);
const signer = { certificate, chain: [], algorithm: "rsa-pkcs1-sha256" } as const;
const members = ["#m1", "#m2"].map((reference, i) => ({
  signer,
  spec: { reference, holder: "hk"[i]!, signatureId: `s${i}`, signingTime: new Date(0), claimedRole: "x" },
}));
const prepared = xades.prepareBatch(source, members);
const values = [new Uint8Array(256).fill(1), new Uint8Array(256).fill(2)];
const signed = xades.completeBatch(prepared, values, [Uint8Array.of(0x30, 0), Uint8Array.of(0x30, 0)]);

/** Everything a verifier does; returns how many references were intact. */
function readAll(bytes: Uint8Array): number {
  const document = parseXml(bytes, { dtd: "internal-subset" });
  const budget = xmlBudget(bytes.length);
  let intact = 0;
  for (const element of findXmlSignatures(document)) {
    const signature = readXmlSignature(document, element, { crypto: nodeCrypto, budget });
    verifyWithKeyInfo(signature, nodeCrypto);
    const properties = readXadesProperties(signature);
    for (const stamp of [...(properties?.signatureTimestamps ?? []), ...(properties?.archiveTimestamps ?? [])]) {
      stamp.inputs();
    }
    intact += signature.references.filter(
      (r) => r.status === "intact" && isCovered(r, document.root) !== undefined,
    ).length;
  }
  return intact;
}

describe("mutants of signed XML", { timeout: 60_000 }, () => {
  it("end in a result or an error of ours, soon", () => {
    const pick = random("hocba-xml-1");
    let refused = 0;
    let slowest = 0;
    const rounds = 3000;
    for (let i = 0; i < rounds; i++) {
      const mutant = mutate(signed, pick);
      const start = process.cpuUsage();
      try {
        readAll(mutant);
      } catch (error) {
        if (!(error instanceof SignaturesError)) {
          throw new Error(`round ${i}: ${Buffer.from(mutant).toString("latin1")}`, { cause: error });
        }
        refused++;
      }
      const spent = process.cpuUsage(start);
      slowest = Math.max(slowest, (spent.user + spent.system) / 1000);
    }
    console.log(`xml fuzz: ${rounds} mutants, ${refused} refused, slowest ${slowest.toFixed(0)} ms of processor`);
    expect(refused).toBeGreaterThan(rounds / 10);
    expect(slowest).toBeLessThan(2000);
  });

  it("never verify as before when an octet of a signed part or of SignedInfo has changed", () => {
    expect(readAll(signed)).toBe(4);
    const text = Buffer.from(signed).toString("latin1");
    const ranges = ["m1", "m2"].map((id) => {
      const start = text.indexOf(`<d Id="${id}"`);
      return [start, text.indexOf("</d>", start) + 4] as const;
    });
    // Comments are left out of what is signed, as same-document references by Id demand.
    const comment = text.indexOf("<!--c-->");
    for (const [start, end] of ranges) {
      for (let at = start; at < end; at++) {
        if (at >= comment && at < comment + 8) continue;
        const changed = signed.slice();
        changed[at] = changed[at]! ^ 1;
        let intact = 0;
        try {
          intact = readAll(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(SignaturesError);
        }
        // Quotation marks and white space inside tags may change without changing the document: there are none here.
        expect(intact, `octet ${at}: ${text.slice(at - 10, at + 10)}`).toBeLessThan(4);
      }
    }
  });
});
