import { findText, openPdf, pageAt } from "@hocba/signatures/pdf";
import { shippedProfiles } from "@hocba/signatures/profiles";
import { describe, expect, it } from "vitest";
import { makeClass, transcriptPdf } from "../demo/sample-class/index.ts";
import { findPlace } from "./find-place.ts";
import { FoundTexts } from "./found-texts.ts";

const profile = shippedProfiles.get("hocba-pdf")!;
const places = profile.steps.flatMap((step) => step.pdf?.appearance?.places ?? []);

describe("FoundTexts", async () => {
  const [first, second] = makeClass({ pupils: 2 }).pupils;
  const document = openPdf(await transcriptPdf(first!));
  const other = openPdf(await transcriptPdf(second!));

  it("finds the places of every step as reading the page for each would", () => {
    const texts = new FoundTexts();
    for (const place of places) {
      const found = findPlace(document, [place], undefined, texts.finder("a", profile));
      expect(found).not.toBeNull();
      expect(found).toEqual(findPlace(document, [place]));
      expect(findPlace(document, [place], undefined, texts.finder("a", profile))).toEqual(found);
    }
  });

  it("reads a page once for all steps, and another document by itself", () => {
    const texts = new FoundTexts();
    const page = pageAt(document.latest, -1)!;
    const found = texts.finder("a", profile)(document.latest, page, -1, "HIỆU TRƯỞNG");
    expect(found).toEqual(findText(document.latest, page, "HIỆU TRƯỞNG"));
    expect(texts.finder("a", profile)(document.latest, page, -1, "HIỆU TRƯỞNG")).toBe(found);
    const page2 = pageAt(other.latest, -1)!;
    const elsewhere = texts.finder("b", profile)(other.latest, page2, -1, "HIỆU TRƯỞNG");
    expect(elsewhere).not.toBe(found);
    expect(elsewhere).toEqual(findText(other.latest, page2, "HIỆU TRƯỞNG"));
  });

  it("finds nothing where there is nothing, and a text the profile does not name", () => {
    const finder = new FoundTexts().finder("a", profile);
    const page = pageAt(document.latest, -1)!;
    expect(finder(document.latest, page, -1, "KHÔNG CÓ CHỮ NÀY")).toEqual([]);
    expect(finder(document.latest, page, -1, "NHÀ TRƯỜNG")).toEqual(findText(document.latest, page, "NHÀ TRƯỜNG"));
  });
});
