import { describe, expect, it } from "vitest";
import { C14N_10, C14N_11, type C14nMethod, c14nMethodOf, EXC_C14N } from "./c14n-methods.ts";
import { canonicalText } from "./canonicalize.ts";
import { joinUriReferences } from "./inherited-attributes.ts";
import { members, type NodeSet, subtree } from "./node-set.ts";
import { parseXmlText } from "./parse-xml.ts";

const method = (uri: string, prefixes: string[] = []): C14nMethod => ({
  ...c14nMethodOf(uri)!,
  inclusivePrefixes: prefixes,
});

/** Both writers must agree: the fast one for subtrees and the general one for the same nodes as a list. */
function both(text: string, apex: string | null, how: C14nMethod): string {
  const document = parseXmlText(text);
  const top = apex === null ? document : document.ids.get(apex)![0]!;
  const set = subtree(top, true);
  const list: NodeSet = { kind: "nodes", document, nodes: new Set(members(set)) };
  const fast = canonicalText(set, how);
  expect(canonicalText(list, how)).toBe(fast);
  return fast;
}

describe("canonicalize", () => {
  it("writes processing instructions and comments outside the document element on lines of their own", () => {
    const text = '<?xml version="1.0"?>\n\n<?p  d ?>\n<!--c1-->\n<doc>x<!--c2--></doc>\n<!--c3-->\n<?q?>';
    expect(both(text, null, method(C14N_10))).toBe("<?p d ?>\n<doc>x</doc>\n<?q?>");
    expect(both(text, null, method(`${C14N_10}#WithComments`))).toBe(
      "<?p d ?>\n<!--c1-->\n<doc>x<!--c2--></doc>\n<!--c3-->\n<?q?>",
    );
  });

  it("sorts attributes and declarations, and drops superfluous ones", () => {
    const text = `<e5 a:attr="out" b:attr="sorted" attr2="all" attr="I'm" xmlns:b="http://www.ietf.org" xmlns:a="http://www.w3.org" xmlns="http://example.org"><x xmlns="http://example.org" xmlns:a="http://www.w3.org"><y xmlns=""/></x></e5>`;
    expect(both(text, null, method(C14N_10))).toBe(
      `<e5 xmlns="http://example.org" xmlns:a="http://www.w3.org" xmlns:b="http://www.ietf.org" attr="I'm" attr2="all" b:attr="sorted" a:attr="out"><x><y xmlns=""></y></x></e5>`,
    );
  });

  it("escapes what must be escaped", () => {
    const text = "<a b='&lt;&quot;&#9;&#10;&#13;>&amp;'>&lt;&gt;&amp;\"&#13;</a>";
    expect(both(text, null, method(C14N_10))).toBe('<a b="&lt;&quot;&#x9;&#xA;&#xD;>&amp;">&lt;&gt;&amp;"&#xD;</a>');
  });

  const nested =
    '<r xmlns="urn:d" xmlns:u="urn:u" xml:lang="vi" xml:id="r0" xml:base="http://x/a/"><m xml:base="b/"><e Id="e" xml:space="preserve"><u:f/></e></m></r>';

  it("takes inherited declarations and xml attributes into a subtree (1.0)", () => {
    expect(both(nested, "e", method(C14N_10))).toBe(
      '<e xmlns="urn:d" xmlns:u="urn:u" Id="e" xml:base="b/" xml:id="r0" xml:lang="vi" xml:space="preserve"><u:f></u:f></e>',
    );
  });

  it("joins xml:base and leaves xml:id (1.1)", () => {
    expect(both(nested, "e", method(C14N_11))).toBe(
      '<e xmlns="urn:d" xmlns:u="urn:u" Id="e" xml:base="http://x/a/b/" xml:lang="vi" xml:space="preserve"><u:f></u:f></e>',
    );
  });

  it("takes only what is visibly utilised (exclusive), and what the list names", () => {
    expect(both(nested, "e", method(EXC_C14N))).toBe(
      '<e xmlns="urn:d" Id="e" xml:space="preserve"><u:f xmlns:u="urn:u"></u:f></e>',
    );
    expect(both(nested, "e", method(EXC_C14N, ["u"]))).toBe(
      '<e xmlns="urn:d" xmlns:u="urn:u" Id="e" xml:space="preserve"><u:f></u:f></e>',
    );
  });

  it("undeclares a default namespace where an element without one follows (exclusive)", () => {
    const text = '<a xmlns="urn:a"><b xmlns=""><c xmlns="urn:a"/></b></a>';
    expect(both(text, null, method(EXC_C14N))).toBe('<a xmlns="urn:a"><b xmlns=""><c xmlns="urn:a"></c></b></a>');
  });

  it("gives the same form for every way of writing the same document", () => {
    const a = both("<a  b = '1'  ><c/>x</a >", null, method(EXC_C14N));
    const b = both('<a b="&#49;"><c></c><![CDATA[x]]></a>', null, method(EXC_C14N));
    expect(a).toBe(b);
  });
});

describe("joinUriReferences", () => {
  it.each([
    ["http://a/b/c", "d", "http://a/b/d"],
    ["http://a/b/c", "../d", "http://a/d"],
    ["http://a/b/c", "/d", "http://a/d"],
    ["http://a/b/c", "//h/d", "http://h/d"],
    ["http://a", "d", "http://a/d"],
    ["a/b/", "../../../c", "../c"],
    ["a", "..", "../"],
    ["../a", "../b", "../../b"],
    ["http://a/b?x", "?y", "http://a/b?y"],
    ["http://a/b#f", "", "http://a/b"],
  ])("%s and %s give %s", (base, reference, joined) => {
    expect(joinUriReferences(base, reference)).toBe(joined);
  });
});
