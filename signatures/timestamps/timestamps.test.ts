import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { der, integer, readElement, sequence } from "@hocba/certs/der";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildTimestampRequest, parseTimestampToken, readTimestampResponse } from "./index.ts";

const dir = mkdtempSync(join(tmpdir(), "hocba-tsp-"));
afterAll(() => rmSync(dir, { recursive: true }));
const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: dir, stdio: ["ignore", "pipe", "pipe"] });

const digest = new Uint8Array(createHash("sha256").update("học bạ").digest());
const nonce = Uint8Array.of(0, 0, 0x93, 1, 2, 3);
const expected = { digestAlgorithm: "sha256", digest, nonce } as const;

/** A real authority on the command line answers our request. */
function answer(request: Uint8Array): Uint8Array {
  writeFileSync(join(dir, "q.tsq"), request);
  openssl("ts", "-reply", "-config", "tsa.cnf", "-section", "tsa", "-queryfile", "q.tsq", "-out", "r.tsr");
  return new Uint8Array(readFileSync(join(dir, "r.tsr")));
}

beforeAll(() => {
  openssl(
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-keyout",
    "tsa.key",
    "-out",
    "tsa.pem",
    "-subj",
    "/CN=TSA",
    "-addext",
    "extendedKeyUsage=critical,timeStamping",
  );
  writeFileSync(join(dir, "serial"), "01\n");
  writeFileSync(
    join(dir, "tsa.cnf"),
    "[tsa]\nserial=serial\nsigner_cert=tsa.pem\nsigner_key=tsa.key\nsigner_digest=sha256\ndefault_policy=1.2.3.4\ndigests=sha256\naccuracy=secs:1,millisecs:500\nordering=yes\ness_cert_id_chain=no\n",
  );
});

describe("a time-stamp exchange with openssl's authority", () => {
  it("yields a token with its times, imprint and policy", () => {
    const token = readTimestampResponse(answer(buildTimestampRequest({ ...expected, certReq: true })), expected);
    expect(token.policy).toBe("1.2.3.4");
    expect(token.imprint.digest).toEqual(digest);
    expect(token.accuracy).toBe(1500);
    expect(token.ordering).toBe(true);
    expect(token.nonce).toBe("93010203");
    expect(Math.abs(token.genTime - Date.now())).toBeLessThan(60_000);
    expect(token.signedData.certificates).toHaveLength(1);
    expect(parseTimestampToken(token.raw).serial).toBe(token.serial);
  });

  it("refuses a token with another nonce, imprint or policy by name", () => {
    const response = answer(buildTimestampRequest({ ...expected, certReq: false }));
    const code = (change: object) => {
      try {
        readTimestampResponse(response, { ...expected, ...change });
      } catch (error) {
        return (error as { code: string }).code;
      }
      return null;
    };
    expect(code({})).toBeNull();
    expect(code({ nonce: Uint8Array.of(1) })).toBe("TSP_WRONG_NONCE");
    expect(code({ digest: new Uint8Array(32) })).toBe("TSP_WRONG_IMPRINT");
    expect(code({ digestAlgorithm: "sha512" })).toBe("TSP_WRONG_IMPRINT");
    expect(code({ policy: "1.2.3.5" })).toBe("TSP_WRONG_POLICY");
  });

  it("says why a request was refused", () => {
    const response = answer(
      buildTimestampRequest({ digestAlgorithm: "sha1", digest: new Uint8Array(20), nonce: null, certReq: true }),
    );
    expect(() => readTimestampResponse(response, expected)).toThrow(
      expect.objectContaining({
        code: "TSP_REJECTED",
        retryable: false,
        details: expect.objectContaining({ failures: ["badAlg"] }),
      }),
    );
  });

  it("calls a passing trouble retryable", () => {
    const timeNotAvailable = sequence(sequence(integer(2), der(0x03, Uint8Array.of(1, 0, 2))));
    expect(() => readTimestampResponse(timeNotAvailable, expected)).toThrow(
      expect.objectContaining({ code: "TSP_REJECTED", retryable: true }),
    );
  });

  it("refuses cut and empty answers as malformed, never as success", () => {
    const response = answer(buildTimestampRequest({ ...expected, certReq: true }));
    const statusOnly = sequence(readElement(response).children()[0]!.raw);
    for (const bytes of [new Uint8Array(), response.subarray(0, response.length / 2), statusOnly]) {
      expect(() => readTimestampResponse(bytes, expected)).toThrow(expect.objectContaining({ code: "TSP_MALFORMED" }));
    }
  });
});
