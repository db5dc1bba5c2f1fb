import { describe, expect, it } from "vitest";
import { parseXmlText } from "../parse-xml.ts";
import { parseXPath, type Value, XPathEvaluator } from "./index.ts";

const document = parseXmlText(
  '<r xmlns:p="u"><a n="1">x</a><p:a n="2">y</p:a><b><a n="3">10</a><!--c--><?t d?></b><a n="4">20</a></r>',
);

function evaluate(expression: string, steps = 1e6): Value {
  const parsed = parseXPath(expression, (prefix) => (prefix === "p" ? "u" : undefined));
  return new XPathEvaluator(document, document.root, { steps }).evaluate(parsed, document.root);
}

describe("XPath 1.0", () => {
  it.each<[string, string | number | boolean]>([
    ["count(//a)", 3],
    ["count(//p:a)", 1],
    ["string(a[2]/@n)", "4"],
    ["string(a[last()]/@n)", "4"],
    ["count(//a[@n > 1])", 2],
    ["count(//@n)", 4],
    ["count(//node())", 12],
    ["count(b/a/ancestor-or-self::*)", 3],
    ["string((//a)[2]/@n)", "3"],
    ["count(//a/following-sibling::a)", 1],
    ["string(b/preceding-sibling::*[1]/@n)", "2"],
    ["count(b/following::*)", 1],
    ["count(b/a/preceding::*)", 2],
    ["name(//*[namespace-uri() = 'u'])", "p:a"],
    ["local-name(b/processing-instruction())", "t"],
    ["count(b/processing-instruction('t') | b/comment())", 2],
    ["sum(//a[. > 5])", 30],
    ["2 + 3 * 4 - 6 div 2 mod 2", 13],
    ["- - 2 = 2 and 3 > 2 or false()", true],
    ["not(a = 'z') and a != 'x'", true],
    ["1 < 2 = true()", true],
    ["concat(substring('12345', 1.5, 2.6), '-', substring-after('a:b', ':'))", "234-b"],
    ["translate('bar', 'abc', 'AB')", "BAr"],
    ["normalize-space('  a   b ')", "a b"],
    ["string-length('𝄞a')", 2],
    ["string(1 div 0)", "Infinity"],
    ["count(here())", 1],
    ["count(.//* [self::a or self::p:a])", 4],
    ["count(namespace::*)", 2],
    ["count(/)", 1],
    ["* * 2 = 0", false],
    ["count(self::node()[count(ancestor::node()) = 1])", 1],
  ])("%s is %s", (expression, value) => {
    expect(evaluate(expression) instanceof Set).toBe(false);
    expect(evaluate(expression)).toBe(value);
  });

  it.each([
    "",
    "a[",
    "a b",
    "foo()",
    "q:a",
    "$x",
    "a::b",
    "1 +",
    "count()",
    "//",
    "'x",
    "document('file:///etc/passwd')",
  ])("refuses %j", (expression) => {
    expect(() => evaluate(expression)).toThrow(expect.objectContaining({ code: "XML_UNSUPPORTED" }));
  });

  it("ends when its budget is used up, however the cost is made", () => {
    const limit = expect.objectContaining({ code: "XML_LIMIT" });
    const nested = "//node()[count(//node()[count(//node()[count(//node()) > 0]) > 0]) > 0]";
    expect(() => evaluate(nested, 10_000)).toThrow(limit);
    expect(() => evaluate("(".repeat(100))).toThrow(limit);
    expect(() => evaluate(`'${"x".repeat(9000)}'`)).toThrow(limit);
  });
});
