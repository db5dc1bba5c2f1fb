import type { Certificate } from "../x509/certificate.ts";
import type { GeneralSubtree } from "../x509/extensions.ts";
import { ExtensionOid } from "../x509/oids.ts";
import { isDnsName, splitMailbox } from "./name-forms.ts";
import type { ProfileFinding } from "./path-request.ts";

type Position = "target" | "intermediate" | "anchor";
type Finding = Omit<ProfileFinding, "index">;
interface Rule extends Omit<Finding, "tolerated"> {
  /** True when the certificate breaks the rule. */
  readonly broken: (certificate: Certificate, position: Position, selfSigned: () => boolean) => boolean;
}

const critical = (c: Certificate, oid: string): boolean => c.extensions.get(oid)?.critical === true;
const present = (c: Certificate, oid: string): boolean => c.extensions.has(oid);
const isCa = (c: Certificate): boolean => c.basicConstraints?.cA === true;

const MUST_NOT_BE_CRITICAL: readonly (readonly [oid: string, name: string, clause: string])[] = [
  [ExtensionOid.AUTHORITY_KEY_IDENTIFIER, "authorityKeyIdentifier", "RFC 5280 §4.2.1.1"],
  [ExtensionOid.SUBJECT_KEY_IDENTIFIER, "subjectKeyIdentifier", "RFC 5280 §4.2.1.2"],
  [ExtensionOid.SUBJECT_DIRECTORY_ATTRIBUTES, "subjectDirectoryAttributes", "RFC 5280 §4.2.1.8"],
  [ExtensionOid.FRESHEST_CRL, "freshestCRL", "RFC 5280 §4.2.1.15"],
  [ExtensionOid.AUTHORITY_INFO_ACCESS, "authorityInfoAccess", "RFC 5280 §4.2.2.1"],
  [ExtensionOid.SUBJECT_INFO_ACCESS, "subjectInfoAccess", "RFC 5280 §4.2.2.2"],
];
const MUST_BE_CRITICAL: readonly (readonly [oid: string, name: string, clause: string])[] = [
  [ExtensionOid.NAME_CONSTRAINTS, "nameConstraints", "RFC 5280 §4.2.1.10"],
  [ExtensionOid.POLICY_CONSTRAINTS, "policyConstraints", "RFC 5280 §4.2.1.11"],
  [ExtensionOid.INHIBIT_ANY_POLICY, "inhibitAnyPolicy", "RFC 5280 §4.2.1.14"],
];

const BASIC_CONSTRAINTS_NOT_CRITICAL = "basicConstraints of a CA is not critical";
/** Whoever processes these extensions is bound by them all the same, and NIST's suite counts such paths valid (4.6.4, 4.8). */
const isTolerated = (rule: string): boolean => rule.endsWith(" is not critical");

/** What RFC 5280 §4 demands of those who issue certificates, where §6 does not make validation depend on it. */
const RULES: readonly Rule[] = [
  {
    rule: "the serial number is longer than 20 octets",
    clause: "RFC 5280 §4.1.2.2",
    broken: (c) => c.serialNumber.length > 21 || (c.serialNumber.length === 21 && c.serialNumber[0] !== 0),
  },
  {
    rule: "the serial number is not positive",
    clause: "RFC 5280 §4.1.2.2",
    broken: (c) =>
      c.serialNumber.length === 0 || c.serialNumber[0]! >= 0x80 || c.serialNumber.every((octet) => octet === 0),
  },
  { rule: "the issuer's name is empty", clause: "RFC 5280 §4.1.2.4", broken: (c) => c.issuer.isEmpty },
  { rule: "a CA's name is empty", clause: "RFC 5280 §4.1.2.6", broken: (c) => isCa(c) && c.subject.isEmpty },
  {
    rule: "a certificate that is not self-signed has no authority key identifier",
    clause: "RFC 5280 §4.2.1.1",
    broken: (c, _, selfSigned) => c.version === 3 && !c.authorityKeyId?.keyIdentifier && !selfSigned(),
  },
  {
    rule: "the certificate of a CA has no subject key identifier",
    clause: "RFC 5280 §4.2.1.2",
    broken: (c, position) => position !== "target" && c.version === 3 && !c.subjectKeyId,
  },
  {
    rule: BASIC_CONSTRAINTS_NOT_CRITICAL,
    clause: "RFC 5280 §4.2.1.9",
    broken: (c, position) => position !== "target" && isCa(c) && !critical(c, ExtensionOid.BASIC_CONSTRAINTS),
  },
  {
    rule: "pathLenConstraint stands without cA and keyCertSign",
    clause: "RFC 5280 §4.2.1.9",
    broken: (c) =>
      c.basicConstraints !== null &&
      c.basicConstraints.pathLenConstraint !== null &&
      (!c.basicConstraints.cA || c.keyUsage?.has("keyCertSign") === false),
  },
  {
    rule: "keyCertSign stands without cA",
    clause: "RFC 5280 §4.2.1.9",
    broken: (c) => c.version === 3 && c.keyUsage?.has("keyCertSign") === true && !isCa(c),
  },
  {
    rule: "keyUsage has no bit set",
    clause: "RFC 5280 §4.2.1.3",
    broken: (c) => c.keyUsage !== null && c.keyUsage.size === 0,
  },
  {
    rule: "nameConstraints stands in a certificate that is not of a CA",
    clause: "RFC 5280 §4.2.1.10",
    broken: (c) => present(c, ExtensionOid.NAME_CONSTRAINTS) && !isCa(c),
  },
  {
    rule: "nameConstraints holds a dNSName that begins with a period",
    clause: "RFC 5280 §4.2.1.10",
    broken: (c) => subtreesOf(c).some(({ base }) => base.type === "dNSName" && base.text.startsWith(".")),
  },
  {
    rule: "an empty subject, and subjectAltName absent or not critical",
    clause: "RFC 5280 §4.2.1.6",
    broken: (c) => c.subject.isEmpty && !critical(c, ExtensionOid.SUBJECT_ALT_NAME),
  },
  { rule: "subjectAltName holds a malformed name", clause: "RFC 5280 §4.2.1.6", broken: hasMalformedName },
];

function subtreesOf(c: Certificate): readonly GeneralSubtree[] {
  const constraints = c.nameConstraints;
  return [...(constraints?.permitted ?? []), ...(constraints?.excluded ?? [])];
}

/**
 * The rules of RFC 5280 §4 that a certificate breaks. Its extensions must be readable.
 * @param selfSigned asks whether its own key made its signature
 */
export function profileFindings(certificate: Certificate, position: Position, selfSigned: () => boolean): Finding[] {
  const out: Finding[] = [];
  const add = (rule: string, clause: string) => out.push({ rule, clause, tolerated: isTolerated(rule) });
  for (const { rule, clause, broken } of RULES) if (broken(certificate, position, selfSigned)) add(rule, clause);
  for (const [oid, name, clause] of MUST_NOT_BE_CRITICAL) {
    if (critical(certificate, oid)) add(`${name} is critical`, clause);
  }
  for (const [oid, name, clause] of MUST_BE_CRITICAL) {
    if (present(certificate, oid) && !critical(certificate, oid)) add(`${name} is not critical`, clause);
  }
  return out;
}

function hasMalformedName(c: Certificate): boolean {
  return (c.subjectAltNames ?? []).some((name) => {
    switch (name.type) {
      case "dNSName":
        // "Preferred name syntax" admits neither underscores nor an address in place of a name.
        return !isDnsName(name.text, true) || name.text.includes("_") || /^[\d.]+$/.test(name.text);
      case "rfc822Name":
        return splitMailbox(name.text) === null;
      case "iPAddress":
        return name.octets.length !== 4 && name.octets.length !== 16;
      default:
        return false;
    }
  });
}
