import { HocbaError } from "@hocba/certs";
import { concatBytes } from "@hocba/certs/der";
import { decodeBase64 } from "./base64.ts";
import { C14N_10, type C14nMethod, c14nMethodOf } from "./c14n-methods.ts";
import { canonicalize } from "./canonicalize.ts";
import { DS_NS, EXC_C14N_NS, isXadesNamespace, XADES_141_NS } from "./namespaces.ts";
import { subtree } from "./node-set.ts";
import type { XmlReference } from "./reference.ts";
import type { XmlElement } from "./tree.ts";
import type { XmlSignature } from "./xml-signature.ts";

export type XadesTimestampKind =
  | "signature"
  | "all-data-objects"
  | "individual-data-objects"
  | "sig-and-refs"
  | "refs-only"
  | "archive";

/** A time-stamp container property (EN 319 132-1 §5.1.4.4). */
export interface XadesTimestamp {
  kind: XadesTimestampKind;
  element: XmlElement;
  id: string | null;
  canonicalizationMethod: string;
  /** DER of the time-stamp tokens (EncapsulatedTimeStamp). */
  tokens: Uint8Array[];
  /**
   * Octets the message imprint may stand for: what the standard demands comes first, after it readings that are in
   * use for the same property. Empty when they cannot be built (unknown canonicalisation, unresolved reference).
   */
  inputs(): Uint8Array[];
}

const KINDS: Readonly<Record<string, XadesTimestampKind>> = {
  SignatureTimeStamp: "signature",
  AllDataObjectsTimeStamp: "all-data-objects",
  IndividualDataObjectsTimeStamp: "individual-data-objects",
  SigAndRefsTimeStamp: "sig-and-refs",
  SigAndRefsTimeStampV2: "sig-and-refs",
  RefsOnlyTimeStamp: "refs-only",
  RefsOnlyTimeStampV2: "refs-only",
  ArchiveTimeStamp: "archive",
  ArchiveTimeStampV2: "archive",
};
const MAX_TOKENS = 16;

/** Reads a time-stamp property, or null when the element is none. `siblings` are the properties beside it, in order. */
export function readXadesTimestamp(
  element: XmlElement,
  siblings: readonly XmlElement[],
  signature: XmlSignature,
): XadesTimestamp | null {
  const kind = isXadesNamespace(element.uri) ? KINDS[element.local] : undefined;
  if (!kind) return null;
  const named = element.first("CanonicalizationMethod", DS_NS);
  const canonicalizationMethod = named?.attribute("Algorithm") || C14N_10;
  const tokens: Uint8Array[] = [];
  for (const child of element.elements("EncapsulatedTimeStamp").slice(0, MAX_TOKENS)) {
    const token = isXadesNamespace(child.uri) ? decodeBase64(child.ownText) : null;
    if (token && token.length > 0) tokens.push(token);
  }
  const inputs = () => {
    const method = c14nMethodOf(canonicalizationMethod);
    if (!method) return [];
    const list = named?.first("InclusiveNamespaces", EXC_C14N_NS)?.attribute("PrefixList") ?? "";
    const inclusivePrefixes = list.split(/\s+/).flatMap((p) => (p === "" ? [] : [p === "#default" ? "" : p]));
    try {
      return new ImprintInputs(signature, siblings, { ...method, inclusivePrefixes }).of(kind, element);
    } catch (error) {
      // A reference whose octets cannot be had again, or not within the budget: then nothing can be compared.
      if (error instanceof HocbaError) return [];
      throw error;
    }
  };
  return { kind, element, id: element.attribute("Id"), canonicalizationMethod, tokens, inputs };
}

const REFS = [
  "CompleteCertificateRefs",
  "CompleteCertificateRefsV2",
  "CompleteRevocationRefs",
  "AttributeCertificateRefs",
  "AttributeCertificateRefsV2",
  "AttributeRevocationRefs",
];

/** Order of the unsigned properties under an ArchiveTimeStamp by XAdES 1.3.2 §7.7.1, which lists them by name. */
const ARCHIVE_ORDER = [
  "SignatureTimeStamp",
  "CounterSignature",
  "CompleteCertificateRefs",
  "CompleteRevocationRefs",
  "AttributeCertificateRefs",
  "AttributeRevocationRefs",
  "CertificateValues",
  "RevocationValues",
  "SigAndRefsTimeStamp",
  "RefsOnlyTimeStamp",
  "ArchiveTimeStamp",
];

class ImprintInputs {
  private readonly signature: XmlSignature;
  private readonly siblings: readonly XmlElement[];
  private readonly method: C14nMethod;

  constructor(signature: XmlSignature, siblings: readonly XmlElement[], method: C14nMethod) {
    this.signature = signature;
    this.siblings = siblings;
    this.method = method;
  }

  of(kind: XadesTimestampKind, element: XmlElement): Uint8Array[] {
    const { signatureValueElement, references } = this.signature;
    switch (kind) {
      case "signature":
        return [this.canonical(signatureValueElement)];
      case "all-data-objects":
        return this.ofReferences(references.filter((r) => !r.type?.endsWith("#SignedProperties")));
      case "individual-data-objects":
        return this.ofReferences(this.included(element));
      case "sig-and-refs": {
        const stamps = this.siblings.filter((s) => s.local === "SignatureTimeStamp");
        return this.ofRefs(element, [signatureValueElement, ...stamps]);
      }
      case "refs-only":
        return this.ofRefs(element, []);
      case "archive":
        return this.ofArchive(element);
    }
  }

  private canonical(element: XmlElement): Uint8Array {
    return canonicalize(subtree(element, true), this.method);
  }

  private joined(elements: readonly XmlElement[]): Uint8Array {
    return concatBytes(...elements.map((e) => this.canonical(e)));
  }

  /** The references an IndividualDataObjectsTimeStamp includes by their Ids. */
  private included(element: XmlElement): XmlReference[] {
    const wanted = element.elements("Include").map((i) => i.attribute("URI") ?? "");
    const found = wanted.map((uri) => this.signature.references.find((r) => r.id !== null && `#${r.id}` === uri));
    return found.every((r) => r !== undefined) ? found : [];
  }

  private ofReferences(references: readonly XmlReference[]): Uint8Array[] {
    const octets = references.map((r) => r.octets(this.method));
    return octets.length > 0 && octets.every((o) => o !== null) ? [concatBytes(...octets)] : [];
  }

  /** SigAndRefs and RefsOnly: in the order of appearance (V2, EN 319 132-1 A.1.5), or by name (XAdES 1.3.2 §7.6). */
  private ofRefs(element: XmlElement, first: readonly XmlElement[]): Uint8Array[] {
    const before = this.siblings.slice(0, this.siblings.indexOf(element));
    const named = new Set([...REFS, ...(first.length > 0 ? ["SignatureTimeStamp"] : [])]);
    const head = first.slice(0, 1);
    const appearing = before.filter((s) => named.has(s.local));
    const byName = REFS.flatMap((name) => before.filter((s) => s.local === name));
    return distinct([this.joined([...head, ...appearing]), this.joined([...first, ...byName])]);
  }

  /** EN 319 132-1 §5.5.2.2 and XAdES 1.3.2 §7.7.1. */
  private ofArchive(element: XmlElement): Uint8Array[] {
    const { signature } = this;
    const octets = signature.references.map((r) => r.octets(this.method));
    if (octets.some((o) => o === null)) return [];
    const fixed = [signature.signedInfo, signature.signatureValueElement];
    if (signature.keyInfo.element) fixed.push(signature.keyInfo.element);
    const head = concatBytes(...(octets as Uint8Array[]), this.joined(fixed));
    const before = this.siblings.slice(0, this.siblings.indexOf(element));
    const orders = [before];
    if (element.uri !== XADES_141_NS) {
      orders.push(ARCHIVE_ORDER.flatMap((name) => before.filter((s) => s.local === name)));
    }
    const objects = signature.objects.filter((o) => !o.elements().some((e) => e.local === "QualifyingProperties"));
    const referenced = new Set(signature.references.map((r) => r.coverage.apex));
    const unreferenced = objects.filter((o) => !referenced.has(o));
    const out: Uint8Array[] = [];
    for (const order of orders) {
      for (const tail of [objects, unreferenced]) out.push(concatBytes(head, this.joined(order), this.joined(tail)));
    }
    return distinct(out);
  }
}

function distinct(inputs: readonly Uint8Array[]): Uint8Array[] {
  const out: Uint8Array[] = [];
  for (const input of inputs) {
    const same = (other: Uint8Array) => other.length === input.length && other.every((octet, i) => octet === input[i]);
    if (!out.some(same)) out.push(input);
  }
  return out;
}
