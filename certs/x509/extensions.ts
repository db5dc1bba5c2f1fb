import { type Element, Tag } from "../der/element.ts";
import { readBoolean, readNamedBits, readOctetString, readOid } from "../der/values.ts";
import { CertsError } from "../errors.ts";
import { type GeneralName, readGeneralName, readGeneralNames } from "./general-name.ts";
import { type NameAttribute, readAttribute } from "./name.ts";

export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  /** Octets inside the OCTET STRING. */
  readonly value: Uint8Array;
}

export type KeyUsageBit =
  | "digitalSignature"
  | "nonRepudiation"
  | "keyEncipherment"
  | "dataEncipherment"
  | "keyAgreement"
  | "keyCertSign"
  | "cRLSign"
  | "encipherOnly"
  | "decipherOnly";
const KEY_USAGE: readonly KeyUsageBit[] = [
  "digitalSignature",
  "nonRepudiation",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
];

/** ReasonFlags (RFC 5280 §4.2.1.13), by bit; bit 0 is unused. */
export type RevocationReasonFlag =
  | "unused"
  | "keyCompromise"
  | "cACompromise"
  | "affiliationChanged"
  | "superseded"
  | "cessationOfOperation"
  | "certificateHold"
  | "privilegeWithdrawn"
  | "aACompromise";
export const REASON_FLAGS: readonly RevocationReasonFlag[] = [
  "unused",
  "keyCompromise",
  "cACompromise",
  "affiliationChanged",
  "superseded",
  "cessationOfOperation",
  "certificateHold",
  "privilegeWithdrawn",
  "aACompromise",
];

export interface BasicConstraints {
  readonly cA: boolean;
  readonly pathLenConstraint: number | null;
}
export interface AuthorityKeyIdentifier {
  readonly keyIdentifier: Uint8Array | null;
  readonly authorityCertIssuer: readonly GeneralName[] | null;
  /** Content octets of the serial number. */
  readonly authorityCertSerialNumber: Uint8Array | null;
}
/** DistributionPointName: full names, or the RDN that completes the CRL issuer's name. */
export type DistributionPointName =
  | { type: "fullName"; names: readonly GeneralName[] }
  | { type: "nameRelativeToCRLIssuer"; rdn: readonly NameAttribute[] };
export interface DistributionPoint {
  readonly distributionPoint: DistributionPointName | null;
  readonly reasons: ReadonlySet<RevocationReasonFlag> | null;
  readonly cRLIssuer: readonly GeneralName[] | null;
}
export interface AccessDescription {
  readonly method: string;
  readonly location: GeneralName;
}
export interface PolicyInformation {
  readonly policy: string;
  /** Encoding of the qualifiers, null when there are none. */
  readonly qualifiers: Uint8Array | null;
}
export interface PolicyMapping {
  readonly issuerDomainPolicy: string;
  readonly subjectDomainPolicy: string;
}
export interface PolicyConstraints {
  readonly requireExplicitPolicy: number | null;
  readonly inhibitPolicyMapping: number | null;
}
export interface GeneralSubtree {
  readonly base: GeneralName;
  readonly minimum: number;
  readonly maximum: number | null;
}
export interface NameConstraints {
  readonly permitted: readonly GeneralSubtree[] | null;
  readonly excluded: readonly GeneralSubtree[] | null;
}

const malformed = (what: string): CertsError => new CertsError("DER_MALFORMED", what);
const list = (e: Element, what: string): Element[] => e.expect(Tag.SEQUENCE, what).children();
/** A count such as a path length: beyond any real chain it is as good as this bound. */
const readCount = (content: Element): number => {
  const c = content.content;
  if (c.length === 0 || c[0]! & 0x80) throw malformed("a count below zero");
  return c.length > 5 ? 0xffffffffff : c.reduce((n, octet) => n * 256 + octet, 0);
};

/** Extensions: every one once is the caller's check. @throws CertsError DER_MALFORMED */
export function readExtension(e: Element): Extension {
  const parts = list(e, "Extension");
  const [oid, second] = parts;
  if (!oid || !second || parts.length > 3) throw malformed("Extension malformed");
  const critical = parts.length === 3 ? readBoolean(second) : false;
  return { oid: readOid(oid), critical, value: readOctetString(parts.at(-1)!) };
}

/** RFC 5280 §4.2.1.9. */
export function readBasicConstraints(e: Element): BasicConstraints {
  const parts = list(e, "BasicConstraints");
  let at = 0;
  const cA = parts[at]?.tag === Tag.BOOLEAN ? readBoolean(parts[at++]!) : false;
  const pathLenConstraint = parts[at] ? readCount(parts[at++]!.expect(Tag.INTEGER, "pathLenConstraint")) : null;
  if (at !== parts.length) throw malformed("BasicConstraints malformed");
  return { cA, pathLenConstraint };
}

/** RFC 5280 §4.2.1.3. */
export const readKeyUsage = (e: Element): ReadonlySet<KeyUsageBit> => readNamedBits(e, KEY_USAGE);

/** RFC 5280 §4.2.1.12. */
export function readExtendedKeyUsage(e: Element): readonly string[] {
  const oids = list(e, "ExtKeyUsageSyntax").map(readOid);
  if (oids.length === 0) throw malformed("ExtKeyUsageSyntax empty");
  return oids;
}

/** RFC 5280 §4.2.1.1. */
export function readAuthorityKeyIdentifier(e: Element): AuthorityKeyIdentifier {
  let keyIdentifier: Uint8Array | null = null;
  let authorityCertIssuer: readonly GeneralName[] | null = null;
  let authorityCertSerialNumber: Uint8Array | null = null;
  for (const part of list(e, "AuthorityKeyIdentifier")) {
    if (part.tag === 0x80) keyIdentifier = part.content;
    else if (part.tag === 0xa1) authorityCertIssuer = readGeneralNames(part);
    else if (part.tag === 0x82) authorityCertSerialNumber = part.content;
    else throw malformed("AuthorityKeyIdentifier malformed");
  }
  return { keyIdentifier, authorityCertIssuer, authorityCertSerialNumber };
}

/** RFC 5280 §4.2.1.13, also of FreshestCRL (§4.2.1.15). */
export function readDistributionPoints(e: Element): readonly DistributionPoint[] {
  return list(e, "CRLDistributionPoints").map((point) => {
    let distributionPoint: DistributionPointName | null = null;
    let reasons: ReadonlySet<RevocationReasonFlag> | null = null;
    let cRLIssuer: readonly GeneralName[] | null = null;
    for (const part of list(point, "DistributionPoint")) {
      if (part.tag === 0xa0) distributionPoint = readDistributionPointName(part.child());
      else if (part.tag === 0x81) reasons = readNamedBits(part, REASON_FLAGS, part.content);
      else if (part.tag === 0xa2) cRLIssuer = readGeneralNames(part);
      else throw malformed("DistributionPoint malformed");
    }
    return { distributionPoint, reasons, cRLIssuer };
  });
}

/** DistributionPointName, the choice inside its explicit tag. */
export function readDistributionPointName(e: Element): DistributionPointName {
  if (e.tag === 0xa0) return { type: "fullName", names: readGeneralNames(e) };
  if (e.tag === 0xa1) return { type: "nameRelativeToCRLIssuer", rdn: e.children().map(readAttribute) };
  throw malformed("DistributionPointName malformed");
}

/** RFC 5280 §4.2.2.1. */
export function readInfoAccess(e: Element): readonly AccessDescription[] {
  return list(e, "InfoAccessSyntax").map((description) => {
    const [method, location] = list(description, "AccessDescription");
    if (!method || !location) throw malformed("AccessDescription incomplete");
    return { method: readOid(method), location: readGeneralName(location) };
  });
}

/** RFC 5280 §4.2.1.4; a policy named twice is malformed. */
export function readCertificatePolicies(e: Element): readonly PolicyInformation[] {
  const seen = new Set<string>();
  return list(e, "CertificatePolicies").map((information) => {
    const [id, qualifiers] = list(information, "PolicyInformation");
    if (!id) throw malformed("PolicyInformation empty");
    const policy = readOid(id);
    if (seen.has(policy)) throw malformed("a certificate policy named twice");
    seen.add(policy);
    return { policy, qualifiers: qualifiers?.expect(Tag.SEQUENCE, "policyQualifiers").raw ?? null };
  });
}

/** RFC 5280 §4.2.1.5. */
export function readPolicyMappings(e: Element): readonly PolicyMapping[] {
  const mappings = list(e, "PolicyMappings").map((mapping) => {
    const [issuer, subject] = list(mapping, "PolicyMapping");
    if (!issuer || !subject) throw malformed("PolicyMapping incomplete");
    return { issuerDomainPolicy: readOid(issuer), subjectDomainPolicy: readOid(subject) };
  });
  if (mappings.length === 0) throw malformed("PolicyMappings empty");
  return mappings;
}

/** RFC 5280 §4.2.1.11; an empty one is malformed. */
export function readPolicyConstraints(e: Element): PolicyConstraints {
  let requireExplicitPolicy: number | null = null;
  let inhibitPolicyMapping: number | null = null;
  const parts = list(e, "PolicyConstraints");
  if (parts.length === 0) throw malformed("PolicyConstraints empty");
  for (const part of parts) {
    if (part.tag === 0x80) requireExplicitPolicy = readCount(part);
    else if (part.tag === 0x81) inhibitPolicyMapping = readCount(part);
    else throw malformed("PolicyConstraints malformed");
  }
  return { requireExplicitPolicy, inhibitPolicyMapping };
}

/** RFC 5280 §4.2.1.14. */
export const readInhibitAnyPolicy = (e: Element): number => readCount(e.expect(Tag.INTEGER, "InhibitAnyPolicy"));

/** RFC 5280 §4.2.1.10; an empty one is malformed. */
export function readNameConstraints(e: Element): NameConstraints {
  let permitted: readonly GeneralSubtree[] | null = null;
  let excluded: readonly GeneralSubtree[] | null = null;
  const parts = list(e, "NameConstraints");
  if (parts.length === 0) throw malformed("NameConstraints empty");
  for (const part of parts) {
    const subtrees = part.children().map(readSubtree);
    if (part.tag === 0xa0 && !permitted) permitted = subtrees;
    else if (part.tag === 0xa1 && !excluded) excluded = subtrees;
    else throw malformed("NameConstraints malformed");
  }
  return { permitted, excluded };
}

function readSubtree(e: Element): GeneralSubtree {
  const [base, ...rest] = list(e, "GeneralSubtree");
  if (!base) throw malformed("GeneralSubtree empty");
  let minimum = 0;
  let maximum: number | null = null;
  for (const part of rest) {
    if (part.tag === 0x80) minimum = readCount(part);
    else if (part.tag === 0x81) maximum = readCount(part);
    else throw malformed("GeneralSubtree malformed");
  }
  return { base: readGeneralName(base), minimum, maximum };
}
