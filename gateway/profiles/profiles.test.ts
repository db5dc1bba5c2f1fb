import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shippedProfiles } from "@hocba/signatures/profiles";
import { afterAll, describe, expect, it } from "vitest";
import { examineProfile, loadProfiles, problemLines, readProfile } from "./index.ts";
import { parseJsonWithPositions } from "./json-with-positions.ts";

const shipped = new URL("../../signatures/profiles/", import.meta.url);
const text = (name: string) => readFileSync(new URL(`${name}.json`, shipped), "utf8");
const dir = mkdtempSync(join(tmpdir(), "profiles-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** hocba-pdf with a change, and the line on which `marker` stands then. */
function changed(from: string | RegExp, to: string, marker = to) {
  const before = text("hocba-pdf");
  const after = before.replace(from, to);
  expect(after).not.toBe(before);
  return { after, line: after.slice(0, after.indexOf(marker)).split("\n").length };
}

describe("a profile", () => {
  it.each(readdirSync(shipped).filter((name) => name.endsWith(".json")))("shipped as %s is right", (name) => {
    const { profile, problems } = examineProfile(readFileSync(new URL(name, shipped), "utf8"));
    expect(problems).toEqual([]);
    expect(shippedProfiles.get(profile!.name)).toEqual(profile);
    expect(name).toBe(`${profile!.name}.json`);
  });

  it.each([
    ["an unknown key", '"format": "pdf",', '"format": "pdf",\n  "fromat": 1,', '"fromat"', "fromat", /no such key/],
    ["a wrong word", '"level": "T"', '"level": "Q"', '"level": "Q"', "steps[0].level", /"B"/],
    [
      "two fields of one name",
      '"CBQL"',
      '"GVCN"',
      '"fieldName": "GVCN",\n        "reason": "Hiệu',
      "steps[1].pdf.fieldName",
      /another step/,
    ],
    [
      "a field name with a full stop",
      '"GVCN"',
      '"GV.CN"',
      '"fieldName": "GV.CN"',
      "steps[0].pdf.fieldName",
      /full stops/,
    ],
    [
      "a step twice",
      '"id": "principal"',
      '"id": "homeroom-teacher"',
      '"id": "homeroom-teacher",\n      "role": "principal"',
      "steps[1].id",
      /stands before/,
    ],
    ["page 0", '"page": -1', '"page": 0', '"page": 0', "steps[0].pdf.appearance.places[0].page", /count from 1/],
    [
      "a lock on a later field",
      '"fieldName": "GVCN",',
      '"fieldName": "GVCN",\n        "lock": { "action": "Exclude", "fields": [] },',
      '"lock"',
      "steps[0].pdf.lock",
      /CBQL/,
    ],
    [
      "DocMDP that ends the chain",
      '"pdf": {\n    "lookup"',
      '"pdf": {\n    "docMdp": 1,\n    "lookup"',
      '"docMdp"',
      "pdf.docMdp",
      /forbids/,
    ],
    ["a key twice", '"format": "pdf",', '"format": "pdf",\n  "format": "xml",', '"format": "xml"', "", /second time/],
    ["a missing comma", '"format": "pdf",', '"format": "pdf"', '"pdf": {', "", /comma/],
  ])("with %s is refused on its line", (_, from, to, marker, key, problem) => {
    const { after, line } = changed(from, to, marker);
    const { profile, problems } = examineProfile(after);
    expect(profile).toBeNull();
    expect(problems).toContainEqual(
      expect.objectContaining({ line, key, problem: expect.stringMatching(problem) as string }),
    );
  });

  it("says every problem at once, by line, as editors know it", () => {
    const { after } = changed('"level": "T"', '"level": "Q"');
    const both = after.replace('"order": 2', '"order": "two"');
    const { problems } = examineProfile(both);
    expect(problems.map((each) => each.key)).toEqual(["steps[0].level", "steps[1].order"]);
    expect(problemLines(problems, "a.json")[0]).toMatch(/^a\.json:\d+:\d+: steps\[0\]\.level: /);
    expect(() => readProfile(both, "a.json")).toThrow(/a\.json:\d+:\d+: steps\[1\]\.order/);
  });

  it("says what late time stamps do to its documents, and only where there are any", () => {
    const wait = (name: string) => text(name).replace('"format":', '"lateStamps": "wait", "format":');
    expect(examineProfile(wait("hocba-pdf"))).toMatchObject({ problems: [], profile: { lateStamps: "wait" } });
    const other = wait("hocba-pdf").replace('"wait"', '"later"');
    expect(examineProfile(other).problems).toMatchObject([{ key: "lateStamps" }]);
    const bare = wait("hocba-xml").replaceAll('"level": "T"', '"level": "B"');
    expect(examineProfile(bare).problems).toMatchObject([
      { key: "lateStamps", problem: expect.stringMatching(/could be late/) as string },
    ]);
  });

  it("of XML takes plain XMLDSig only without a time stamp", () => {
    const plain = text("hocba-xml").replace(
      '"reference": "#thongtinhocba"',
      '"form": "xmldsig", "reference": "#thongtinhocba"',
    );
    expect(examineProfile(plain).problems).toMatchObject([
      { key: "steps[1].level", problem: expect.stringMatching(/level B/) as string },
    ]);
    const levelB = plain.replace(/("order": 2,\s+"level": )"T"/, '$1"B"');
    expect(examineProfile(levelB)).toMatchObject({
      problems: [],
      profile: { steps: [{}, { xml: { form: "xmldsig" } }, {}, {}] },
    });
  });
});

describe("the operator's folder", () => {
  it("adds its profiles to those shipped, and no second one of a name", () => {
    writeFileSync(join(dir, "school.json"), text("hocba-pdf").replace('"hocba-pdf"', '"truong-em"'));
    expect([...loadProfiles(dir).keys()]).toEqual([...shippedProfiles.keys(), "truong-em"]);
    writeFileSync(join(dir, "z.json"), text("hocba-pdf"));
    expect(() => loadProfiles(dir)).toThrow(/already/);
    expect(() => loadProfiles(join(dir, "none"))).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }) as Error);
  });
});

describe("JSON with positions", () => {
  it("reads what JSON.parse reads", () => {
    const source = text("hocba-xml");
    expect(parseJsonWithPositions(source).value).toEqual(JSON.parse(source));
    const odd = '{"a\\u00e1\\n":[1.5e3,-0,"\\\\\\"",[],{},null,true,false],"__proto__":1}';
    expect(parseJsonWithPositions(odd).value).toEqual(JSON.parse(odd));
  });

  it.each(["", "{", "[1,]", '{"a" 1}', "01", "'a'", '"a\nb"', "{}x", "[".repeat(100_000)])("refuses %j", (source) => {
    expect(() => parseJsonWithPositions(source)).toThrow(
      expect.objectContaining({ position: expect.anything() }) as Error,
    );
  });
});
