import { nodeCrypto } from "@hocba/certs/crypto/node";
import { parseTrustAnchors } from "@hocba/certs/trust";
import { type VerificationReport, verifyDocument } from "@hocba/signatures/verify";
import { beforeAll, describe, expect, it } from "vitest";
import { type FreshDocuments, freshDocuments } from "../properties/fresh-documents.ts";

const SIGNING_CERTIFICATE_V2 = Buffer.from("060b2a864886f70d010910022f", "hex");

/** What the fuzzer once found, each told by its smallest example. */
describe("mutants that once led to a crash", () => {
  let fresh: FreshDocuments;
  beforeAll(async () => {
    fresh = await freshDocuments();
  }, 60_000);

  function verify(bytes: Uint8Array): VerificationReport {
    return verifyDocument(bytes, {
      crypto: nodeCrypto,
      policy: "vn-official",
      time: new Date(),
      anchors: parseTrustAnchors(fresh.root),
      certificates: [],
      crls: fresh.crls,
      ocspResponses: [],
      fileName: "mutant",
    }).report;
  }
  const document = (name: string) => Buffer.from(fresh.documents.find((d) => d.name === `fresh/${name}`)!.bytes);

  it("a time-stamp token whose signing-certificate attribute has two values is a broken token, not an exception", () => {
    const mutant = document("enveloping.p7m");
    expect(verify(mutant).signatures[0]!.timestamps[0]!.indication).toBe("TOTAL-PASSED");
    // The attribute of the token stands behind that of the signature. Its one SEQUENCE gets another element's header.
    const set = mutant.lastIndexOf(SIGNING_CERTIFICATE_V2) + SIGNING_CERTIFICATE_V2.length;
    const value = set + (mutant[set + 1]! < 0x80 ? 2 : 3);
    expect(mutant[value]).toBe(0x30);
    mutant.set(mutant[value + 1]! < 0x80 ? [0x05, 0x00] : [0x04, 0x01, 0x00], value);
    const { timestamps } = verify(mutant).signatures[0]!;
    expect(timestamps[0]!.indication).toBe("TOTAL-FAILED");
  });
});
