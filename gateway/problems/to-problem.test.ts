import { readFileSync } from "node:fs";
import { SignerError } from "@hocba/hsm-adapters";
import { SignaturesError } from "@hocba/signatures";
import { describe, expect, it } from "vitest";
import { GatewayError } from "../errors.ts";
import { knownProblemCodes } from "./catalogue.ts";
import { toProblem } from "./to-problem.ts";

/** The string members of a union type, read from the source: a code without words is found here, not by a caller. */
function unionMembers(file: string, type: string): string[] {
  const source = readFileSync(new URL(file, import.meta.url), "utf8");
  const body = source.slice(source.indexOf(`type ${type} =`)).split(";")[0]!;
  return [...body.matchAll(/^\s*\| "([A-Z0-9_]+)"/gm)].map((match) => match[1]!);
}

describe("problems", () => {
  it.each([
    ["../errors.ts", "GatewayErrorCode", ["CONFIG_INVALID"]],
    ["../../signatures/errors.ts", "SignaturesErrorCode", []],
    ["../../hsm-adapters/signer.ts", "SignerErrorCode", []],
  ])("has words in both languages for every code of %s", (file, type, without) => {
    const codes = unionMembers(file, type);
    expect(codes.length).toBeGreaterThan(5);
    const known = new Set([...knownProblemCodes(), ...without]);
    expect(codes.filter((code) => !known.has(code))).toEqual([]);
  });

  it("tells a caller the code, what happened and what to do", () => {
    expect(toProblem(new SignaturesError("PDF_ENCRYPTED", "the PDF has /Encrypt"), "/v1/documents")).toEqual({
      type: "urn:hocba:problem:PDF_ENCRYPTED",
      title: "Tệp PDF có mật khẩu hoặc mã hoá",
      status: 422,
      detail: "the PDF has /Encrypt",
      instance: "/v1/documents",
      code: "PDF_ENCRYPTED",
      retryable: false,
      titles: { vi: "Tệp PDF có mật khẩu hoặc mã hoá", en: "The PDF is encrypted" },
      whatToDo: { vi: "Bỏ mật khẩu rồi gửi lại.", en: "Remove the password and send it again." },
      details: {},
    });
  });

  it("gives nothing of a foreign error away", () => {
    const problem = toProblem(Object.assign(new Error("select * from secrets"), { pin: "1234" }));
    expect(problem).toMatchObject({ status: 500, code: "INTERNAL", details: {} });
    expect(JSON.stringify(problem)).not.toMatch(/secrets|1234/);
  });

  it("keeps the inside of a damaged store to itself", () => {
    const problem = toProblem(new GatewayError("STORE_DAMAGED", "blob x changed", { details: { sha256: "x" } }));
    expect(problem).toMatchObject({ status: 500, code: "STORE_DAMAGED", details: {} });
    expect(problem.detail).toBeUndefined();
  });

  it("says that a token may come back", () => {
    expect(toProblem(new SignerError("TOKEN_ABSENT", "pulled", { retryable: true }))).toMatchObject({
      status: 503,
      retryable: true,
    });
  });
});
