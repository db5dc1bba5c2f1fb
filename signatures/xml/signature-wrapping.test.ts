import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { beforeAll, describe, expect, it } from "vitest";
import {
  c14nMethodOf,
  canonicalize,
  EXC_C14N,
  encodeBase64,
  findXmlSignatures,
  isCovered,
  parseXmlText,
  readXmlSignature,
  SHA256,
  subtree,
  verifySignatureValue,
  type XmlDocument,
} from "./index.ts";

const DS = "http://www.w3.org/2000/09/xmldsig#";
const ENVELOPED = `<Transform Algorithm="${DS}enveloped-signature"/>`;

/**
 * Attacks on XML signatures, each built from a file that verifies. The attacker cannot sign; he moves, doubles and hides.
 * Every test asks the question of the application: does an intact reference speak for the element I am about to use?
 */
describe("signature wrapping", () => {
  let key: KeyObject;
  let spki: Uint8Array;
  beforeAll(() => {
    const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
    key = pair.privateKey;
    spki = new Uint8Array(pair.publicKey.export({ type: "spki", format: "der" }));
  });

  const digestOf = (text: string, id: string) => {
    const element = parseXmlText(text).ids.get(id)![0]!;
    return encodeBase64(nodeCrypto.digest("sha256", canonicalize(subtree(element, false), c14nMethodOf(EXC_C14N)!)));
  };

  /** A ds:Signature over `#m1`, by hand. */
  function signature(digest: string, transforms = "", uri = "#m1"): string {
    const info =
      `<SignedInfo xmlns="${DS}"><CanonicalizationMethod Algorithm="${EXC_C14N}"></CanonicalizationMethod>` +
      `<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"></SignatureMethod>` +
      `<Reference URI="${uri}"><Transforms>${transforms}<Transform Algorithm="${EXC_C14N}"/></Transforms>` +
      `<DigestMethod Algorithm="${SHA256}"></DigestMethod><DigestValue>${digest}</DigestValue></Reference></SignedInfo>`;
    const octets = canonicalize(subtree(parseXmlText(info), true), c14nMethodOf(EXC_C14N)!);
    const value = encodeBase64(new Uint8Array(sign("sha256", octets, { key, dsaEncoding: "ieee-p1363" })));
    return `<Signature xmlns="${DS}">${info}<SignatureValue>${value}</SignatureValue></Signature>`;
  }

  const MARK = '<mark Id="m1"><subject>Toán</subject><score>5.0</score></mark>';
  const good = () => `<r>${MARK}<s>${signature(digestOf(`<r>${MARK}</r>`, "m1"))}</s></r>`;

  function judge(text: string) {
    const document: XmlDocument = parseXmlText(text);
    const read = readXmlSignature(document, findXmlSignatures(document)[0]!, { crypto: nodeCrypto });
    const value = verifySignatureValue(read, spki, nodeCrypto);
    return { document, read, reference: read.references[0]!, value };
  }
  const used = (document: XmlDocument) => document.root.first("mark")!;

  it("does not trouble the file as signed", () => {
    const { document, reference, value } = judge(good());
    expect([value, reference.status]).toEqual(["valid", "intact"]);
    expect(isCovered(reference, used(document))).toBe(true);
  });

  it("by moved content: the signed mark is hidden in a wrapper, a forged one takes its place", () => {
    const forged = '<mark Id="m2"><subject>Toán</subject><score>9.9</score></mark>';
    const { document, reference, value } = judge(
      good().replace(MARK, forged).replace("<s>", `<s><hidden>${MARK}</hidden>`),
    );
    expect([value, reference.status]).toEqual(["valid", "intact"]);
    expect(isCovered(reference, used(document))).toBe(false);
  });

  it("by a second element with the signed Id: the reference is void, whichever comes first", () => {
    const forged = MARK.replace("5.0", "9.9");
    for (const text of [good().replace(MARK, forged + MARK), good().replace(MARK, MARK + forged)]) {
      expect(judge(text).reference.status).toBe("ambiguous");
    }
    // The same by an attribute of another spelling, which some parsers take for the Id.
    expect(judge(good().replace(MARK, `${forged.replace("Id=", "ID=")}${MARK}`)).reference.status).toBe("ambiguous");
    expect(judge(good().replace(MARK, `${forged.replace("Id=", "xml:id=")}${MARK}`)).reference.status).toBe(
      "ambiguous",
    );
  });

  it("by content injected beside the mark: it is not covered", () => {
    const { document, reference } = judge(good().replace(MARK, `${MARK}<mark Id="m9"><score>9.9</score></mark>`));
    const [first, second] = document.root.elements("mark");
    expect([isCovered(reference, first!), isCovered(reference, second!)]).toEqual([true, false]);
  });

  it("by content injected inside what an enveloped transform leaves out: the holder is not covered as a whole", () => {
    const holder = '<mark Id="m1"><score>5.0</score></mark>';
    const signed = holder.replace("</mark>", `${signature(digestOf(`<r>${holder}</r>`, "m1"), ENVELOPED)}</mark>`);
    const extra = signed.replace("</Signature>", "<Object><score>9.9</score></Object></Signature>");
    const { document, reference, value } = judge(`<r>${extra}</r>`);
    expect([value, reference.status, reference.enclosesSignature]).toEqual(["valid", "intact", true]);
    expect(isCovered(reference, used(document))).toBe(false);
    expect(isCovered(reference, used(document).first("score")!)).toBe(true);
    expect(isCovered(reference, document.root.elements()[0]!.elements()[1]!)).toBe(false);
  });

  it("by a comment that splits text: the text read is the text signed", () => {
    const { document, reference } = judge(good().replace("5.0", "5<!-- -->.0"));
    expect(reference.status).toBe("intact");
    expect(used(document).first("score")!.ownText).toBe("5.0");
  });

  it("by a comment in DigestValue: the digest read is the digest signed", () => {
    const forged = MARK.replace("5.0", "9.9");
    const hidden = digestOf(`<r>${forged}</r>`, "m1");
    const text = good().replace(MARK, forged).replace("<DigestValue>", `<DigestValue><!--${hidden}-->`);
    expect(judge(text).reference.status).toBe("broken");
  });

  it("by a second SignedInfo, or one in another place: malformed", () => {
    const info = /<SignedInfo.*<\/SignedInfo>/s.exec(good())![0];
    for (const text of [
      good().replace("<SignatureValue>", `${info}<SignatureValue>`),
      good().replace(info, `<Object>${info}</Object>`),
      good().replace(info, `<!-- -->${info.replace(SHA256, "x")}${info}`),
    ]) {
      expect(() => judge(text)).toThrow(expect.objectContaining({ code: "XML_SIGNATURE_MALFORMED" }));
    }
  });

  it("by transforms that take everything away, or that are programs: nothing is covered", () => {
    const empty = encodeBase64(nodeCrypto.digest("sha256", new Uint8Array()));
    const nothing =
      '<Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><XPath>false()</XPath></Transform>';
    const forged = MARK.replace("5.0", "9.9");
    const { document, reference } = judge(`<r>${forged}<s>${signature(empty, nothing)}</s></r>`);
    expect(reference.status).toBe("intact");
    expect(isCovered(reference, used(document))).toBe(false);
    const xslt = '<Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>';
    expect(judge(`<r>${forged}<s>${signature(empty, xslt)}</s></r>`).reference.status).toBe("unsupported");
  });

  it("by text alone: a base64 transform covers no element", () => {
    const text = '<mark Id="m1">NS4w</mark>';
    const digest = encodeBase64(nodeCrypto.digest("sha256", new TextEncoder().encode("5.0")));
    const base64 = `<Transform Algorithm="${DS}base64"/>`;
    const whole = `<r>${text}<s>${signature(digest, base64).replace(/<Transform Algorithm="http:\/\/www.w3.org\/2001\/10[^>]*>/, "")}</s></r>`;
    const { document, reference } = judge(whole.replace('<mark Id="m1">', '<mark Id="m1" score="9.9">'));
    expect(reference.status).toBe("intact");
    expect(isCovered(reference, used(document))).toBe(false);
  });

  it("by an outside address: nothing is fetched", () => {
    const digest = encodeBase64(nodeCrypto.digest("sha256", new Uint8Array()));
    for (const uri of ["http://127.0.0.1/x", "file:///etc/passwd", "x.xml"]) {
      expect(judge(`<r>${MARK}<s>${signature(digest, "", uri)}</s></r>`).reference.status).toBe("unresolved");
    }
  });

  it("by thousands of references to large parts: the work is bounded", () => {
    const big = `<mark Id="m1">${"<a>xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx</a>".repeat(5000)}</mark>`;
    const [before, after] = signature("AAAA").split(/<Reference.*<\/Reference>/s) as [string, string];
    const inner = `<Reference URI="#m1"><Transforms>${ENVELOPED}</Transforms><DigestMethod Algorithm="${SHA256}"/>`;
    const one = `${inner}<DigestValue>AAAA</DigestValue></Reference>`;
    const document = parseXmlText(`<r>${big}<s>${before}${one.repeat(1500)}${after}</s></r>`);
    const read = readXmlSignature(document, findXmlSignatures(document)[0]!, { crypto: nodeCrypto });
    expect(read.references[0]!.status).toBe("broken");
    expect(read.references.at(-1)!.status).toBe("unsupported");
  });

  it.each<[string, string, string]>([
    [
      "deep inheritance",
      "self::leaf",
      `${`<x ${Array.from({ length: 200 }, (_, i) => `a${i}=""`).join(" ")} xml:base="a/">`.repeat(200)}${"<leaf/>".repeat(20_000)}${"</x>".repeat(200)}`,
    ],
    [
      "many namespaces",
      "true()",
      `<x ${Array.from({ length: 250 }, (_, i) => `xmlns:n${i}="u"`).join(" ")}>${"<leaf/>".repeat(50_000)}</x>`,
    ],
    [
      "namespace nodes asked for",
      "count(//namespace::*) > 0",
      `<x ${Array.from({ length: 250 }, (_, i) => `xmlns:n${i}="u"`).join(" ")}>${"<leaf/>".repeat(50_000)}</x>`,
    ],
    ["text over and over", "contains(string(/), 'y')", `<x>${"<leaf>xxxxxxxx</leaf>".repeat(20_000)}</x>`],
    [
      "declarations in siblings",
      "",
      `${`<x ${Array.from({ length: 200 }, (_, i) => `xmlns:n${i}="u"`).join(" ")}>`.repeat(100)}${'<leaf xmlns:z="u"/>'.repeat(20_000)}${"</x>".repeat(100)}`,
    ],
  ])("by %s: the work is bounded", { timeout: 60_000 }, (_, expression, content) => {
    const xpath = `<Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><XPath>${expression.replace(">", "&gt;")}</XPath></Transform>`;
    for (const c14n of ["http://www.w3.org/2006/12/xml-c14n11", EXC_C14N]) {
      const text = `<r><mark Id="m1">${content}</mark><s>${signature("AAAA", expression && xpath).replaceAll(EXC_C14N, c14n)}</s></r>`;
      const start = process.cpuUsage();
      expect(judge(text).reference.status).not.toBe("intact");
      const spent = process.cpuUsage(start);
      expect((spent.user + spent.system) / 1000).toBeLessThan(2000);
    }
  });
});
