import { SignaturesError } from "../../errors.ts";
import {
  C14N_10,
  type C14nMethod,
  c14nMethodOf,
  canonicalize,
  DS_NS,
  decodeBase64,
  EXC_C14N_NS,
  subtree,
  XADES_141_NS,
  type XmlElement,
  type XmlReference,
  type XmlSignature,
} from "../../xml/index.ts";
import type { TimestampCandidate } from "../candidate.ts";
import { readTimestampToken, timestampCandidate } from "../cms/cms-candidate.ts";
import type { XadesProperties } from "./xades-properties.ts";

const MAX_TIMESTAMPS = 100;
type Chunks = readonly Uint8Array[];

/** Every time stamp of an XML signature with the octets it must stamp (EN 319 132-1 §5.2.8, §5.3, §5.5). */
export function xadesTimestamps(signature: XmlSignature, properties: XadesProperties): TimestampCandidate[] {
  const signed = properties.signedProperties?.first("SignedDataObjectProperties")?.elements() ?? [];
  const out: TimestampCandidate[] = [];
  const add = (
    property: XmlElement,
    type: TimestampCandidate["type"],
    inputs: (method: C14nMethod) => readonly Chunks[],
  ) => {
    for (const holder of property.elements("EncapsulatedTimeStamp")) {
      if (out.length >= MAX_TIMESTAMPS) return;
      const token = readTimestampToken(decodeBase64(holder.ownText) ?? new Uint8Array());
      out.push(timestampCandidate(type, token, () => inputs(c14nOf(property))));
    }
  };
  for (const property of signed) {
    if (property.local === "AllDataObjectsTimeStamp") {
      add(property, "content", () => [octetsOf(signature.references.filter((r) => !isProperties(r, properties)))]);
    } else if (property.local === "IndividualDataObjectsTimeStamp") {
      const uris = property.elements("Include").map((i) => i.attribute("URI")?.slice(1));
      add(property, "content", () => [
        octetsOf(signature.references.filter((r) => r.id !== null && uris.includes(r.id))),
      ]);
    }
  }
  properties.unsigned.forEach((property, position) => {
    switch (property.local) {
      case "SignatureTimeStamp":
        add(property, "signature", (method) => [[whole(signature.signatureValueElement, method)]]);
        break;
      case "SigAndRefsTimeStamp":
      case "SigAndRefsTimeStampV2":
        add(property, "archive", (method) => [
          [
            whole(signature.signatureValueElement, method),
            ...references(properties, position, true).map((e) => whole(e, method)),
          ],
        ]);
        break;
      case "RefsOnlyTimeStamp":
      case "RefsOnlyTimeStampV2":
        add(property, "archive", (method) => [references(properties, position, false).map((e) => whole(e, method))]);
        break;
      case "ArchiveTimeStamp":
        add(property, "archive", (method) => archiveInputs(signature, properties, property, position, method));
        break;
    }
  });
  return out;
}

function isProperties(reference: XmlReference, properties: XadesProperties): boolean {
  return reference.coverage.apex !== null && reference.coverage.apex === properties.signedProperties;
}

const whole = (element: XmlElement, method: C14nMethod): Uint8Array => canonicalize(subtree(element, true), method);

/** The canonicalisation a time stamp names; inclusive 1.0 when it names none (§5.1.4.2). */
function c14nOf(property: XmlElement): C14nMethod {
  const declared = property.first("CanonicalizationMethod", DS_NS);
  const method = c14nMethodOf(declared?.attribute("Algorithm") ?? C14N_10);
  if (!method) throw new SignaturesError("XML_UNSUPPORTED", "canonicalisation of a time stamp");
  const list = declared?.first("InclusiveNamespaces", EXC_C14N_NS)?.attribute("PrefixList") ?? "";
  const inclusivePrefixes = list.split(/\s+/).flatMap((p) => (p === "" ? [] : [p === "#default" ? "" : p]));
  return { ...method, inclusivePrefixes };
}

function octetsOf(list: readonly XmlReference[]): Chunks {
  return list.map((reference) => {
    const octets = reference.octets();
    if (!octets) throw new SignaturesError("XML_MISSING_ELEMENT", "a reference under a time stamp has no data");
    return octets;
  });
}

const STAMPED_REFERENCES = [
  "CompleteCertificateRefs",
  "CompleteRevocationRefs",
  "AttributeCertificateRefs",
  "AttributeRevocationRefs",
];

function references(properties: XadesProperties, before: number, withStamps: boolean): XmlElement[] {
  const names = STAMPED_REFERENCES.flatMap((name) => [name, `${name}V2`]);
  const stamps = withStamps ? ["SignatureTimeStamp"] : [];
  return properties.unsigned.slice(0, before).filter((e) => names.includes(e.local) || stamps.includes(e.local));
}

/**
 * Octets under an ArchiveTimeStamp (EN 319 132-1 §5.5.2.2): the references' data, SignedInfo, SignatureValue, KeyInfo, the
 * unsigned properties before it, the Objects without the qualifying properties. Editions differ on whether Objects that
 * are referenced are left out: both readings are tried, as is one concatenation without the later properties.
 */
function archiveInputs(
  signature: XmlSignature,
  properties: XadesProperties,
  property: XmlElement,
  position: number,
  method: C14nMethod,
): Chunks[] {
  const { keyInfo } = signature;
  const before = properties.unsigned.slice(0, position);
  const head = [
    ...octetsOf(signature.references),
    whole(signature.signedInfo, method),
    whole(signature.signatureValueElement, method),
    ...(keyInfo.element ? [whole(keyInfo.element, method)] : []),
    ...before.map((e) => whole(e, method)),
  ];
  const others = signature.objects.filter((o) => !o.contains(properties.element));
  const referenced = new Set(signature.references.map((r) => r.coverage.apex));
  const unreferenced = others.filter((o) => !referenced.has(o));
  const all = [...head, ...others.map((o) => whole(o, method))];
  const some = [...head, ...unreferenced.map((o) => whole(o, method))];
  // The newer namespace settled on leaving out what is referenced.
  return property.uri === XADES_141_NS ? [some, all] : [all, some];
}
