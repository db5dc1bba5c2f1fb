import { generateKeyPairSync, sign } from "node:crypto";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { describe, expect, it } from "vitest";
import { parseXml, readXadesProperties, readXmlSignature, verifySignatureValue } from "../xml/index.ts";
import { xadesFormat } from "./xades.ts";
import { addArchiveTimestamp, addValidationData, archiveTimestampInput } from "./xades-long-term.ts";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const spki = new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
const der = (n: number) => Uint8Array.of(0x30, 0x03, 0x02, 0x01, n);
const source = new TextEncoder().encode('<r xmlns:q="urn:q"><d Id="d">điểm</d><h/><k/></r>');
const format = xadesFormat(nodeCrypto);

function signOn(document: Uint8Array, holder: string, token: Uint8Array | undefined, reference = "#d"): Uint8Array {
  const spec = { reference, holder, signatureId: `s-${holder}`, signingTime: new Date(0) };
  const signer = { certificate: der(1), chain: [], algorithm: "ecdsa-p256-sha256" } as const;
  const prepared = format.prepare(document, signer, spec);
  const value = sign("sha256", prepared.toBeSigned, { key: privateKey, dsaEncoding: "ieee-p1363" });
  return format.complete(prepared, new Uint8Array(value), token);
}

function read(document: Uint8Array, id: string) {
  const parsed = parseXml(document);
  const signature = readXmlSignature(parsed, parsed.ids.get(id)![0]!, { crypto: nodeCrypto });
  expect(signature.references.map((r) => r.status)).toEqual(["intact", "intact"]);
  expect(verifySignatureValue(signature, spki, nodeCrypto)).toBe("valid");
  return readXadesProperties(signature)!;
}

describe("XAdES LT and LTA", () => {
  const stamped = signOn(source, "h", der(2));
  const data = { certificates: [der(3)], crls: [der(4)], ocspResponses: [der(5), der(6)] };

  it("carry validation data and archive time stamps over all that stood before, the signature unchanged", () => {
    const lt = addValidationData(stamped, "s-h", data);
    expect(read(lt, "s-h").validationData).toEqual(data);
    const input = archiveTimestampInput(lt, "s-h", nodeCrypto);
    const lta = addArchiveTimestamp(lt, "s-h", der(7));
    expect(read(lta, "s-h").archiveTimestamps[0]!.inputs()).toContainEqual(input);
    // Years later: data for the first archive time stamp, and a second one over everything.
    const more = addValidationData(lta, "s-h", { certificates: [der(8)], crls: [], ocspResponses: [] });
    const second = archiveTimestampInput(more, "s-h", nodeCrypto);
    const renewed = read(addArchiveTimestamp(more, "s-h", der(9)), "s-h");
    expect(renewed.archiveTimestamps.map((t) => t.tokens)).toEqual([[der(7)], [der(9)]]);
    expect(renewed.archiveTimestamps[0]!.inputs()).toContainEqual(input);
    expect(renewed.archiveTimestamps[1]!.inputs()).toContainEqual(second);
    expect(new TextDecoder().decode(second)).toContain("TimeStampValidationData");
    expect(renewed.validationData.certificates).toEqual([der(3), der(8)]);
  });

  it("are refused without a time stamp, or where another signature covers the place", () => {
    const code = (value: string) => expect.objectContaining({ code: value });
    expect(() => addValidationData(signOn(source, "h", undefined), "s-h", data)).toThrow(code("XML_UNSUPPORTED"));
    const inside = new TextEncoder().encode('<r><o Id="o"><d Id="d"/><h/></o><k/></r>');
    const spec = { reference: "#d", holder: "o/h", signatureId: "s-h", signingTime: new Date(0) };
    const signer = { certificate: der(1), chain: [], algorithm: "ecdsa-p256-sha256" } as const;
    const first = format.complete(format.prepare(inside, signer, spec), new Uint8Array(64).fill(1), der(2));
    expect(addValidationData(first, "s-h", data).length).toBeGreaterThan(first.length);
    const covered = signOn(first, "k", der(2), "#o");
    expect(() => addValidationData(covered, "s-h", data)).toThrow(code("XML_HOLDER_INSIDE_REFERENCE"));
    expect(() => addArchiveTimestamp(covered, "s-h", der(7))).toThrow(code("XML_HOLDER_INSIDE_REFERENCE"));
  });
});
