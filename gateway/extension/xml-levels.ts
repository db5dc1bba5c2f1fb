import { nodeCrypto } from "@hocba/certs/crypto/node";
import { toHex } from "@hocba/certs/der";
import { SignaturesError } from "@hocba/signatures";
import {
  addArchiveTimestamp,
  addSignatureTimestamp,
  addValidationData,
  archiveTimestampInput,
  lateTimestampInput,
  type ValidationData,
} from "@hocba/signatures/sign";
import { findXmlSignatures, parseXml, readXadesProperties, readXmlSignature } from "@hocba/signatures/xml";
import type { LevelFormat } from "./level-format.ts";
import { mergeValidationData } from "./validation-data-collector.ts";

/** XAdES (EN 319 132-1 §5.4, §5.5, §6): validation data and archive time stamps among the unsigned properties. */
export const xmlLevels: LevelFormat = {
  raisable: (document, parts) =>
    parts.signatures.filter((s) => s.signer && mayBeRaised(document, s.id)).map((s) => s.id),
  bare: (document, { signatures }) =>
    signatures.filter(({ id, stamps }) => stamps.length === 0 && mayBeStamped(document, id)).map((s) => s.id),
  stampBare: (document, parts, ask) => xmlLevels.stampLate(document, xmlLevels.bare(document, parts), ask),
  async stampLate(document, ids, ask) {
    let out = document;
    for (const id of ids) {
      const input = lateTimestampInput(id, signatureValue(out, id));
      out = addSignatureTimestamp(out, id, await ask(nodeCrypto.digest("sha256", input)));
    }
    return out;
  },
  addData(document, data, parts) {
    const open = parts.signatures.filter((s) => data.has(s.id) && mayBeRaised(document, s.id)).map((s) => s.id);
    const last = open.at(-1);
    const closed = [...data].filter(([id]) => !open.includes(id)).map(([, d]) => d);
    return open.reduce((out, id) => {
      const own = without(mergeValidationData([data.get(id)!, ...(id === last ? closed : [])]), parts.held);
      const empty = own.certificates.length + own.crls.length + own.ocspResponses.length === 0;
      return empty ? out : addValidationData(out, id, own);
    }, document);
  },
  async archive(document, raisable, ask) {
    let out = document;
    for (const id of raisable) {
      const input = archiveTimestampInput(out, id, nodeCrypto);
      out = addArchiveTimestamp(out, id, await ask(nodeCrypto.digest("sha256", input)));
    }
    return out;
  },
};

const NOT_OPEN: readonly string[] = ["XML_HOLDER_INSIDE_REFERENCE", "XML_UNSUPPORTED"];

/** Tried out: the writer itself knows what it may touch. */
function permits(attempt: () => unknown): boolean {
  try {
    attempt();
    return true;
  } catch (error) {
    if (error instanceof SignaturesError && NOT_OPEN.includes(error.code)) return false;
    throw error;
  }
}

const mayBeRaised = (document: Uint8Array, id: string): boolean =>
  permits(() => addValidationData(document, id, { certificates: [], crls: [], ocspResponses: [] }));

const mayBeStamped = (document: Uint8Array, id: string): boolean =>
  permits(() => addSignatureTimestamp(document, id, new Uint8Array()));

function signatureValue(document: Uint8Array, id: string): Uint8Array {
  const parsed = parseXml(document);
  const element = findXmlSignatures(parsed).find((e) => e.attribute("Id") === id);
  if (!element) throw new SignaturesError("XML_MISSING_ELEMENT", `no signature ${id}`);
  const signature = readXmlSignature(parsed, element, { crypto: nodeCrypto });
  if (!readXadesProperties(signature)) throw new SignaturesError("XML_UNSUPPORTED", "not a XAdES signature");
  return signature.signatureValue;
}

function without(data: ValidationData, held: readonly Uint8Array[]): ValidationData {
  const known = new Set(held.map((der) => toHex(der)));
  const fresh = (list: readonly Uint8Array[]) => list.filter((der) => !known.has(toHex(der)));
  return {
    certificates: fresh(data.certificates),
    crls: fresh(data.crls),
    ocspResponses: fresh(data.ocspResponses),
  };
}
