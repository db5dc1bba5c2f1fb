import { describe, expect, it } from "vitest";
import { commonName, localDate, localTime, organisation } from "./names-and-times.ts";

describe("names for people", () => {
  const seal = "CN=TRƯỜNG THCS A\\, CƠ SỞ 2,OU=UBND XÃ B,O=UBND TỈNH C,UID=MST:1+UID=MNS:2,C=VN";
  it("are read from RFC 4514 with escapes, and never cut at an escaped comma", () => {
    expect(commonName(seal)).toBe("TRƯỜNG THCS A, CƠ SỞ 2");
    expect(organisation(seal)).toBe("UBND XÃ B · UBND TỈNH C");
    expect(commonName("CN=\\C4\\90\\E1\\BB\\97 Thảo")).toBe("Đỗ Thảo");
  });
  it("fall back to the whole name where there is no CN", () => {
    expect(commonName("O=Một cơ quan")).toBe("O=Một cơ quan");
  });
  it("take time linear in a hostile name", () => {
    const started = performance.now();
    commonName(`X=${"\\".repeat(100_001)}`);
    commonName(`${",".repeat(100_000)}CN`);
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe("times for people", () => {
  it("are Vietnam's, whatever the device's zone", () => {
    expect(localTime("2026-05-28T18:30:00Z")).toContain("01:30");
    expect(localDate("2026-05-28T18:30:00Z")).toBe("29/05/2026");
  });
  it("stay as they are when they are none", () => {
    expect(localTime("khi nào đó")).toBe("khi nào đó");
  });
});
