import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import {
  findXmlSignatures,
  parseXml,
  readXmlSignature,
  verifySignatureValue,
  verifyWithKeyInfo,
  type XmlDocument,
  type XmlSignature,
} from "@hocba/signatures/xml";
import { sharedPath } from "../shared-material.ts";

export const readBytes = (path: string) => new Uint8Array(readFileSync(path));
export const readIf = (path: string) => (existsSync(path) ? readBytes(path) : null);

/** Contents of addresses that vectors refer to, from the external data beside them. Nothing is fetched. */
export function externalData(uri: string): Uint8Array | null {
  const folder = sharedPath("corpora/xmlsec-dsig/external-data");
  if (!folder) return null;
  if (uri.includes("xml-stylesheet.b64") || uri.includes("pothole.com"))
    return readIf(join(folder, "xml-stylesheet-2005.b64"));
  if (uri.includes("xml-stylesheet")) return readIf(join(folder, "xml-stylesheet-2005"));
  return uri.includes("rfc3161") ? readIf(join(folder, "rfc3161.txt")) : null;
}

export interface Judged {
  signature: XmlSignature;
  value: "valid" | "invalid" | "no-key" | "unsupported";
  /** Core validation: signature value and every reference of SignedInfo. */
  sound: boolean;
}

/** Every signature of a document by mathematics alone. @throws SignaturesError */
export function judgeAll(
  document: XmlDocument,
  resolve: (uri: string | null) => Uint8Array | null,
  keys: readonly Uint8Array[] = [],
): Judged[] {
  return findXmlSignatures(document).map((element) => {
    const parse = { dtd: "internal-subset" } as const;
    // Tests ask for the octets of references again and again, which costs each time.
    const budget = { octets: 2 ** 30, steps: 1e8 };
    const signature = readXmlSignature(document, element, { crypto: nodeCrypto, resolve, parse, budget });
    let value = verifyWithKeyInfo(signature, nodeCrypto).status;
    if (value !== "valid" && keys.some((k) => verifySignatureValue(signature, k, nodeCrypto) === "valid"))
      value = "valid";
    return { signature, value, sound: value === "valid" && signature.references.every((r) => r.status === "intact") };
  });
}

/** A vector's document; test vectors alone may carry an internal subset. */
export const parseVector = (bytes: Uint8Array): XmlDocument => parseXml(bytes, { dtd: "internal-subset" });
