import { HocbaError } from "@hocba/certs";
import type { CryptoProvider } from "@hocba/certs/crypto";
import { type DataObject, remembering } from "../../evidence-records/data-object.ts";
import { nodeDigest } from "../../evidence-records/node-digest.ts";
import { parseAsn1EvidenceRecord } from "../../evidence-records/parse-asn1-record.ts";
import { ERS_NS, parseXmlEvidenceRecord } from "../../evidence-records/parse-xml-record.ts";
import {
  type C14nMethod,
  c14nMethodOf,
  canonicalize,
  DS_NS,
  decodeBase64,
  subtree,
  type XadesProperties,
  type XmlElement,
  type XmlReference,
  type XmlSignature,
} from "../../xml/index.ts";
import type { TimestampCandidate } from "../candidate.ts";
import { evidenceRecordCandidates } from "./evidence-record-candidates.ts";

/** Namespace of XAdES's extended properties (TS 119 132-3 §5). */
const XADESEN_NS = "http://uri.etsi.org/19132/v1.1.1#";
const MAX_RECORDS = 8;

/** The evidence records in SealingEvidenceRecords (TS 119 132-3 §5.2). */
export function xadesEvidenceRecords(
  signature: XmlSignature,
  properties: XadesProperties,
  crypto: CryptoProvider,
): TimestampCandidate[] {
  const unsigned = properties.element
    .elements("UnsignedProperties", properties.namespace)
    .flatMap((e) => e.elements("UnsignedSignatureProperties", properties.namespace))
    .flatMap((e) => e.elements());
  return unsigned
    .flatMap((property, i) =>
      property.local === "SealingEvidenceRecords" && property.uri === XADESEN_NS
        ? property.elements().map((record) => ({ record, before: unsigned.slice(0, i) }))
        : [],
    )
    .slice(0, MAX_RECORDS)
    .flatMap(({ record, before }) => {
      const group = coveredGroup(signature, before, crypto);
      return evidenceRecordCandidates(
        () =>
          record.uri === ERS_NS
            ? parseXmlEvidenceRecord(record)
            : parseAsn1EvidenceRecord(decodeBase64(record.textContent) ?? new Uint8Array(0)),
        [group],
        crypto,
      );
    });
}

/**
 * What such a record covers, as one digest over the group (TS 119 132-3 §5.2.2): the octets of every reference, SignedInfo,
 * SignatureValue, KeyInfo, the unsigned properties before it, the other objects, and what signed manifests name.
 */
function coveredGroup(signature: XmlSignature, before: readonly XmlElement[], crypto: CryptoProvider): DataObject {
  let parts: Uint8Array[] | null | undefined;
  return remembering((algorithm) => {
    if (parts === undefined) parts = groupOctets(signature, before);
    if (parts === null) return [];
    const digests = parts.map((octets) => crypto.digest(algorithm, octets));
    return [nodeDigest(crypto, algorithm, digests)];
  });
}

/** Null when some of the octets are not at hand. */
function groupOctets(signature: XmlSignature, before: readonly XmlElement[]): Uint8Array[] | null {
  const method = c14nMethodOf(signature.canonicalizationMethod);
  if (!method) return null;
  const canonical = (e: XmlElement) => canonicalize(subtree(e, true), method);
  const references = [...signature.references, ...signature.references.flatMap((r) => r.manifest ?? [])].map((r) =>
    referenceOctets(r, method),
  );
  if (references.some((octets) => octets === null)) return null;
  const objects = signature.objects.filter((o) => !o.elements().some((e) => e.local === "QualifyingProperties"));
  const keyInfo = signature.element.first("KeyInfo", DS_NS);
  return [
    ...(references as Uint8Array[]),
    canonical(signature.signedInfo),
    canonical(signature.signatureValueElement),
    ...(keyInfo ? [canonical(keyInfo)] : []),
    ...before.map(canonical),
    ...objects.map(canonical),
  ];
}

function referenceOctets(reference: XmlReference, method: C14nMethod): Uint8Array | null {
  try {
    return reference.octets(method);
  } catch (error) {
    // Octets that cannot be had again, or not within the budget: then nothing can be compared.
    if (error instanceof HocbaError) return null;
    throw error;
  }
}
