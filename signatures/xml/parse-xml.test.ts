import { describe, expect, it } from "vitest";
import { parseXml, parseXmlText } from "./parse-xml.ts";

const code = (value: string) => expect.objectContaining({ code: value });
const utf8 = (text: string) => new TextEncoder().encode(text);

describe("parseXml", () => {
  it("knows where every tag stands in the text", () => {
    const text = '\ufeff<?xml version="1.0"?>\r\n<a x="1"\r\n y=">"><é:b xmlns:é="u"  />𝄞<c>t</c ></a>';
    const { root } = parseXmlText(text);
    const at = (e: typeof root) => [text.slice(e.start, e.contentStart), text.slice(e.contentEnd, e.end)];
    expect(at(root)).toEqual(['<a x="1"\r\n y=">">', "</a>"]);
    const [b, c] = root.elements();
    expect(at(b!)).toEqual(['<é:b xmlns:é="u"  />', ""]);
    expect([b!.selfClosing, b!.uri, b!.local]).toEqual([true, "u", "b"]);
    expect(at(c!)).toEqual(["<c>", "</c >"]);
  });

  it("joins text, CDATA and references, and normalises line ends", () => {
    const { root } = parseXmlText("<a>x\r\n<![CDATA[<y>\r]]>&amp;&#13;<!--c--></a>");
    expect(root.children.map((c) => c.type)).toEqual(["text", "comment"]);
    expect(root.ownText).toBe("x\n<y>\n&\r");
  });

  it("decodes UTF-16 and ISO-8859-1, and refuses octets that are not of the encoding", () => {
    const utf16 = new Uint8Array(Buffer.from("\ufeff<a>ữ</a>", "utf16le"));
    expect(parseXml(utf16).root.ownText).toBe("ữ");
    const latin1 = new Uint8Array(Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><a>é\x80</a>', "latin1"));
    expect(parseXml(latin1).root.ownText).toBe("é\x80");
    expect(() => parseXml(Uint8Array.of(0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e))).toThrow(
      code("XML_NOT_WELL_FORMED"),
    );
    expect(() => parseXml(utf8('<?xml version="1.0" encoding="EBCDIC-37"?><a/>'))).toThrow(code("XML_UNSUPPORTED"));
  });

  it.each([
    ["an end tag of another name", "<a><b></a></b>"],
    ["an attribute twice", "<a b='1' b='2'/>"],
    ["an attribute twice by namespace", '<a xmlns:x="u" xmlns:y="u" x:b="" y:b=""/>'],
    ["an unbound prefix", "<p:a/>"],
    ["two document elements", "<a/><b/>"],
    ["text after the end", "<a/>x"],
    ["nothing", ""],
    ["an undefined entity", "<a>&nbsp;</a>"],
    ["an entity named as a member of objects", "<a>&constructor;&toString;</a>"],
    ["]]> in text", "<a>]]></a>"],
    ["a control character", "<a>\u0001</a>"],
    ["a reference to no character", "<a>&#0;</a>"],
    ["< in an attribute", "<a b='<'/>"],
    ["-- in a comment", "<a><!-- -- --></a>"],
    ["the xmlns prefix rebound", '<a xmlns:xmlns="u"/>'],
    ["no end", "<a>"],
  ])("refuses %s", (_, text) => {
    expect(() => parseXmlText(text)).toThrow(code("XML_NOT_WELL_FORMED"));
  });

  it("refuses a document type declaration, but not its name in a comment", () => {
    expect(() => parseXmlText("<!DOCTYPE a><a/>")).toThrow(code("XML_DTD_FORBIDDEN"));
    expect(() => parseXmlText('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>')).toThrow(
      code("XML_DTD_FORBIDDEN"),
    );
    expect(parseXmlText("<!-- <!DOCTYPE a> --><a/>").root.local).toBe("a");
    expect(() => parseXmlText('<?xml version="1.1"?><a/>')).toThrow(code("XML_UNSUPPORTED"));
  });

  it("reads an internal subset on request, expanding nothing that could grow", () => {
    const dtd = { dtd: "internal-subset" } as const;
    const subset = '<!DOCTYPE a [<!ATTLIST a b CDATA "d" c NMTOKENS #IMPLIED k ID #IMPLIED><!ENTITY e "text">]>';
    const { root, ids } = parseXmlText(`${subset}<a c="  x   y " k="i">&e;</a>`, dtd);
    expect([root.attribute("b"), root.attribute("c"), root.ownText]).toEqual(["d", "x y", "text"]);
    expect(ids.get("i")).toEqual([root]);
    const laughs = '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]><a>&y;</a>';
    expect(() => parseXmlText(laughs, dtd)).toThrow(code("XML_DTD_FORBIDDEN"));
    expect(() => parseXmlText("<!DOCTYPE a [<!ENTITY % p '<!ENTITY q \"r\">'> %p;]><a/>", dtd)).toThrow(
      code("XML_DTD_FORBIDDEN"),
    );
    expect(() => parseXmlText('<!DOCTYPE a [<!ENTITY x SYSTEM "x.txt">]><a>&x;</a>', dtd)).toThrow(
      code("XML_NOT_WELL_FORMED"),
    );
  });

  it("stops at its limits", () => {
    expect(() => parseXmlText("<a>".repeat(300))).toThrow(code("XML_LIMIT"));
    expect(() => parseXmlText(`<a>${"<b/>".repeat(11)}</a>`, { maxNodes: 10 })).toThrow(code("XML_LIMIT"));
    const attributes = Array.from({ length: 257 }, (_, i) => `a${i}=""`).join(" ");
    expect(() => parseXmlText(`<a ${attributes}/>`)).toThrow(code("XML_LIMIT"));
    expect(() => parseXml(utf8(`<a>${"x".repeat(100)}</a>`), { maxBytes: 50 })).toThrow(code("XML_LIMIT"));
  });

  it("indexes Ids without a schema and reports those claimed twice", () => {
    const d = parseXmlText(
      '<a Id="1"><b ID="2"/><c id="3"/><d xml:id="4"/><e Id="2"/><f Id="9" ID="9"/><g x:Id="7" xmlns:x="u"/></a>',
    );
    expect([...d.ids.keys()]).toEqual(["1", "2", "3", "4", "9"]);
    expect(d.duplicateIds()).toEqual(["2"]);
  });
});
