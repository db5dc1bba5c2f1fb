import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openPreservationBook, type PreservationBook } from "./preservation-book.ts";

describe("the book of preserved documents", () => {
  let book: PreservationBook;
  beforeEach(() => {
    book = openPreservationBook(":memory:");
  });
  afterEach(() => book.close());
  const entry = (documentId: string, sha256: string, renewAt: number) =>
    ({ documentId, sha256, level: "LT", renewAt }) as const;

  it("gives what is due once while it is worked on, and again when the lease is over", () => {
    book.keep(entry("d1", "a", 100), 1);
    book.keep(entry("d2", "b", 300), 1);
    expect(book.claim(200, 500, 10).map((e) => [e.documentId, e.sha256])).toEqual([["d1", "a"]]);
    expect(book.claim(200, 500, 10)).toEqual([]);
    expect(
      book
        .claim(501, 900, 10)
        .map((e) => e.documentId)
        .sort(),
    ).toEqual(["d1", "d2"]);
  });

  it("leads every revision back to its document, forgotten ones too", () => {
    book.keep(entry("d1", "a", 100), 1);
    book.keep(entry("d1", "b", 900), 2);
    expect(book.get("d1")).toEqual({ ...entry("d1", "b", 900), attempts: 0 });
    book.forget("d1");
    expect([book.documentOf("a"), book.documentOf("b"), book.documentOf("c")]).toEqual(["d1", "d1", null]);
    expect(book.get("d1")).toBeNull();
  });

  it("counts failed tries until one succeeds", () => {
    book.keep(entry("d1", "a", 100), 1);
    book.postpone("d1", 700);
    book.postpone("d1", 800);
    expect(book.get("d1")).toMatchObject({ attempts: 2, renewAt: 800 });
    book.keep(entry("d1", "b", 900), 3);
    expect(book.get("d1")).toMatchObject({ attempts: 0, sha256: "b" });
  });
});
