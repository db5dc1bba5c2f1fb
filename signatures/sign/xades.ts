import { type CryptoProvider, portableCrypto } from "@hocba/certs/crypto";
import { SignaturesError } from "../errors.ts";
import {
  c14nMethodOf,
  canonicalize,
  DS_NS,
  EXC_C14N,
  elementAtPath,
  elementById,
  encodeBase64,
  parseXml,
  subtree,
  type XmlDocument,
  type XmlElement,
} from "../xml/index.ts";
import { existingSignatures } from "./covered-places.ts";
import { splice, utf8Offsets } from "./splice.ts";
import type { TwoPhaseFormat } from "./two-phase.ts";
import type { PreparedXadesBatch, XadesBatchMember, XadesPlacement, XadesSpec } from "./xades-spec.ts";
import { canonicalSignatureValue, signatureText, unsignedProperties } from "./xades-text.ts";

const MAX_BATCH = 256;
const SIGNATURE_ID = /^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/;

/** XAdES baseline B and T, and plain XMLDSig, in two phases; several signatures at once over one parse. */
export interface XadesFormat extends TwoPhaseFormat<XadesSpec, XadesPlacement> {
  /**
   * Prepares signatures that may stand side by side: none lies in what another covers. The same input gives the same octets.
   * @throws SignaturesError XML_MISSING_ELEMENT, XML_DUPLICATE_ID, XML_HOLDER_TAKEN, XML_HOLDER_INSIDE_REFERENCE (the
   * place lies in what this or another signature covers), XML_UNSUPPORTED, and what parsing throws
   */
  prepareBatch(document: Uint8Array, members: readonly XadesBatchMember[]): PreparedXadesBatch;
  /** Octets under the message imprint of the signature time stamp of one member. */
  timestampInputOf(prepared: PreparedXadesBatch, index: number, signatureValue: Uint8Array): Uint8Array;
  /** The document with all signatures; null leaves a signature at level B. */
  completeBatch(
    prepared: PreparedXadesBatch,
    signatureValues: readonly Uint8Array[],
    timestampTokens?: readonly (Uint8Array | null | undefined)[],
  ): Uint8Array;
}

/**
 * XML signing with digests from `crypto`: hand in `nodeCrypto` where there is Node. The document stays as it is, octet by
 * octet, but for the signatures spliced into their holders (and a self-closed holder that is opened for it).
 */
export function xadesFormat(crypto: CryptoProvider): XadesFormat {
  const prepareBatch: XadesFormat["prepareBatch"] = (bytes, members) => prepareAll(bytes, members, crypto);
  const completeBatch: XadesFormat["completeBatch"] = (prepared, values, tokens = []) => {
    if (values.length !== prepared.placements.length) {
      throw new SignaturesError("SIGNATURE_VALUE_INVALID", "as many values as signatures are needed");
    }
    const insertions = prepared.placements.flatMap((placement, i) => insertionsOf(placement, values[i]!, tokens[i]));
    return splice(prepared.document, insertions);
  };
  return {
    prepareBatch,
    completeBatch,
    timestampInputOf: (prepared, index, value) => timestampInput(prepared.placements[index]!, value),
    prepare(document, signer, spec) {
      const prepared = prepareBatch(document, [{ signer, spec }]);
      return {
        document: prepared.document,
        toBeSigned: prepared.toBeSigned[0]!,
        placement: prepared.placements[0]!,
      };
    },
    timestampInput: (prepared, value) => timestampInput(prepared.placement, value),
    complete: (prepared, value, token) => splice(prepared.document, insertionsOf(prepared.placement, value, token)),
  };
}

/** XML signing with portable digests. */
export const xades: XadesFormat = xadesFormat(portableCrypto);

function prepareAll(
  bytes: Uint8Array,
  members: readonly XadesBatchMember[],
  crypto: CryptoProvider,
): PreparedXadesBatch {
  if (members.length === 0 || members.length > MAX_BATCH) throw new SignaturesError("XML_LIMIT", "size of the batch");
  const document = parseXml(bytes);
  if (document.encoding !== "utf-8") {
    throw new SignaturesError("XML_UNSUPPORTED", `signing needs UTF-8, not ${document.encoding}`);
  }
  const existing = existingSignatures(document);
  const places = members.map(({ spec }) => placeOf(document, spec));
  for (const { holder } of places) {
    existing.mayChange(holder);
    if (places.filter((other) => other.holder === holder).length > 1) throw taken(holder);
    for (const { target } of places) {
      if (target.contains(holder)) {
        throw new SignaturesError("XML_HOLDER_INSIDE_REFERENCE", "the place lies inside what a signature covers", {
          details: { holder: holder.name },
        });
      }
    }
  }
  const ids = new Set<string>();
  const written = members.map(({ signer, spec }, i) => {
    for (const suffix of ["", "-value", "-props", "-ref", "-object", "-property", "-tst"]) {
      const id = spec.signatureId + suffix;
      if (document.ids.has(id) || ids.has(id)) {
        throw new SignaturesError("XML_DUPLICATE_ID", `Id ${id} is in use`, { details: { id } });
      }
      ids.add(id);
    }
    const digest = referenceDigest(places[i]!.target, crypto);
    return { digest, holder: places[i]!.holder, ...signatureText(signer, spec, digest, crypto) };
  });
  return assemble(document, bytes, members, written);
}

interface Written {
  digest: string;
  holder: XmlElement;
  text: string;
  valueAt: number;
  unsignedAt: number;
  toBeSigned: Uint8Array;
}

function assemble(
  document: XmlDocument,
  bytes: Uint8Array,
  members: readonly XadesBatchMember[],
  written: readonly Written[],
): PreparedXadesBatch {
  const inOrder = written.map((w, i) => ({ ...w, i })).sort((a, b) => a.holder.contentEnd - b.holder.contentEnd);
  const offsets = utf8Offsets(
    document.text,
    inOrder.map((w) => insertionIndex(w.holder)),
  );
  const placements: XadesPlacement[] = [];
  const insertions: { at: number; remove: number; text: string }[] = [];
  let shift = 0;
  inOrder.forEach((w, n) => {
    const at = offsets[n]!;
    const { spec } = members[w.i]!;
    const insertion = insertionInto(w.holder, at, w.text);
    const before = at + shift + (w.holder.selfClosing ? 1 : 0);
    placements[w.i] = {
      signatureId: spec.signatureId,
      form: spec.form ?? "xades",
      reference: spec.reference,
      holder: spec.holder,
      digest: w.digest,
      valueAt: before + byteLength(w.text.slice(0, w.valueAt)),
      unsignedAt: before + byteLength(w.text.slice(0, w.unsignedAt)),
      signature: { text: w.text, valueAt: w.valueAt, unsignedAt: w.unsignedAt },
    };
    insertions.push(insertion);
    shift += byteLength(insertion.text) - insertion.remove;
  });
  return { document: splice(bytes, insertions), toBeSigned: written.map((w) => w.toBeSigned), placements };
}

/** Index in the text where the signature goes: before the end tag, or where `/>` of a self-closed holder stands. */
export const insertionIndex = (holder: XmlElement): number =>
  holder.selfClosing ? holder.contentStart - 2 : holder.contentEnd;

/** The splice that makes `text` the last child of the holder. `at` is in octets. */
export function insertionInto(
  holder: XmlElement,
  at: number,
  text: string,
): { at: number; remove: number; text: string } {
  return holder.selfClosing ? { at, remove: 2, text: `>${text}</${holder.name}>` } : { at, remove: 0, text };
}

const encoder = new TextEncoder();
const byteLength = (text: string): number => encoder.encode(text).length;

function placeOf(document: XmlDocument, spec: XadesSpec): { target: XmlElement; holder: XmlElement } {
  if (!SIGNATURE_ID.test(spec.signatureId)) throw new SignaturesError("XML_UNSUPPORTED", "Id of the signature");
  if (!spec.reference.startsWith("#")) throw new SignaturesError("XML_UNSUPPORTED", "reference other than by Id");
  const target = elementById(document, spec.reference.slice(1));
  const holder = elementAtPath(document.root, spec.holder);
  if (holder.first("Signature", DS_NS)) throw taken(holder);
  return { target, holder };
}

function taken(holder: XmlElement): SignaturesError {
  return new SignaturesError("XML_HOLDER_TAKEN", "the place already holds a signature", {
    details: { holder: holder.name },
  });
}

/** Base64 of the digest a reference with exclusive canonicalisation carries. */
export function referenceDigest(target: XmlElement, crypto: CryptoProvider): string {
  return encodeBase64(crypto.digest("sha256", canonicalize(subtree(target, false), c14nMethodOf(EXC_C14N)!)));
}

function timestampInput(placement: XadesPlacement, value: Uint8Array): Uint8Array {
  return canonicalSignatureValue(placement.signatureId, value);
}

function insertionsOf(
  placement: XadesPlacement,
  value: Uint8Array,
  token: Uint8Array | null | undefined,
): { at: number; remove: number; text: string }[] {
  if (value.length === 0) throw new SignaturesError("SIGNATURE_VALUE_INVALID", "the signature value is empty");
  const out = [{ at: placement.valueAt, remove: 0, text: encodeBase64(value) }];
  if (token) {
    if (placement.form !== "xades") throw new SignaturesError("XML_UNSUPPORTED", "plain XMLDSig takes no time stamp");
    out.push({ at: placement.unsignedAt, remove: 0, text: unsignedProperties(placement.signatureId, token) });
  }
  return out;
}
