import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shippedProfiles } from "@hocba/signatures/profiles";
import { SaxesParser } from "saxes";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeClass, transcriptPdf, transcriptSignaturePlaces, transcriptXml } from "./index.ts";

const klass = makeClass();
const first = klass.pupils[0]!;

describe("the sample class", () => {
  it("is the same for the same seed, another for another seed", () => {
    expect(makeClass()).toEqual(klass);
    expect(makeClass({ seed: "another" }).pupils.map((p) => p.pupil.name)).not.toEqual(
      klass.pupils.map((p) => p.pupil.name),
    );
  });

  it("has forty pupils with distinct codes and every outcome a class can have", () => {
    expect(klass.pupils).toHaveLength(40);
    for (const key of ["pupilCode", "personalId"] as const) {
      expect(new Set(klass.pupils.map(({ pupil }) => pupil[key])).size).toBe(40);
    }
    expect(new Set(klass.pupils.map((p) => p.id)).size).toBe(40);
    expect(new Set(klass.pupils.map((p) => p.year.learning))).toEqual(new Set(["T", "K", "Đ", "CĐ"]));
    expect(klass.pupils.some((p) => p.award !== null)).toBe(true);
    expect(klass.pupils.every((p) => /^000[23]\d{8}$/.test(p.pupil.personalId))).toBe(true);
  });

  it("names a teacher for each subject, and people with distinct names", () => {
    expect([...klass.staff.teachers.keys()]).toEqual(first.results.map((result) => result.subject.code));
    const names = klass.staff.members.map((member) => member.name);
    expect(new Set(names).size).toBe(names.length);
    expect(klass.staff.seal.certificateSubject.uids).toEqual(["MNS:H00.0.999", "MST:0000000999"]);
  });

  it("refuses impossible years and grades", () => {
    expect(() => makeClass({ schoolYear: "2025-2027" })).toThrow(RangeError);
    expect(() => makeClass({ grade: 5 })).toThrow(RangeError);
  });
});

describe("the transcript as XML", () => {
  it("is well-formed, with unique Ids and an empty holder for each subject's teacher", () => {
    const ids: string[] = [];
    const results: string[] = [];
    const holders: string[] = [];
    const parser = new SaxesParser();
    parser.on("error", (error) => {
      throw error;
    });
    parser.on("opentag", (tag) => {
      if (tag.attributes.Id !== undefined) ids.push(tag.attributes.Id as string);
      if (tag.name === "DIEM_TONG_KET") results.push(tag.attributes.Id as string);
      if (tag.name === "GVBM") holders.push(`mon-${tag.attributes.maMonHoc as string}`);
    });
    parser.write(new TextDecoder("utf-8", { fatal: true }).decode(transcriptXml(first))).close();
    expect(new Set(ids).size).toBe(ids.length);
    expect(results).toHaveLength(12);
    expect(holders).toEqual(results);
  });

  it("escapes what a name may hold", () => {
    const odd = { ...first, pupil: { ...first.pupil, name: 'A & B <"c">' } };
    expect(new TextDecoder().decode(transcriptXml(odd))).toContain('<HO_VA_TEN>A &amp; B &lt;"c"&gt;</HO_VA_TEN>');
  });
});

describe("the transcript as PDF", () => {
  let folder: string;
  const text = (path: string): string => execFileSync("pdftotext", ["-layout", path, "-"], { encoding: "utf8" });
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "hocba-sample-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("is the same bytes each time, small, and clean for qpdf in both cross-reference forms", async () => {
    for (const objectStreams of [true, false]) {
      const bytes = await transcriptPdf(first, { objectStreams });
      expect(Buffer.from(await transcriptPdf(first, { objectStreams })).equals(bytes)).toBe(true);
      expect(bytes.length).toBeLessThan(150_000);
      const path = join(folder, `${objectStreams}.pdf`);
      writeFileSync(path, bytes);
      expect(execFileSync("qpdf", ["--check", path], { encoding: "utf8" })).toContain("No syntax or stream");
      expect(new TextDecoder("latin1").decode(bytes).includes("\nxref\n")).toBe(!objectStreams);
    }
  });

  it("can be searched in Vietnamese: every letter of every pupil comes out as it went in", async () => {
    for (const transcript of klass.pupils) {
      const path = join(folder, "text.pdf");
      writeFileSync(path, await transcriptPdf(transcript));
      const found = text(path).normalize("NFC");
      expect(found).toContain(transcript.pupil.name.toUpperCase());
      expect(found).toContain("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM");
      for (const { teacher, remark } of transcript.results) {
        expect(found).toContain(teacher);
        expect(found).toContain(remark);
      }
    }
  }, 30_000);

  it("keeps a place for each signature of its profile", () => {
    const fields = shippedProfiles.get("hocba-pdf")?.steps.map((step) => step.pdf?.fieldName);
    expect(Object.keys(transcriptSignaturePlaces)).toEqual(fields);
  });
});
