import { CertsError } from "../errors.ts";
import type { Certificate } from "../x509/certificate.ts";
import { ExtensionOid } from "../x509/oids.ts";

/** Extensions that path validation and revocation checking here process (RFC 5280 §4.2, §6.1.4 (o)). */
const PROCESSED: ReadonlySet<string> = new Set([
  ExtensionOid.SUBJECT_KEY_IDENTIFIER,
  ExtensionOid.KEY_USAGE,
  ExtensionOid.SUBJECT_ALT_NAME,
  ExtensionOid.ISSUER_ALT_NAME,
  ExtensionOid.BASIC_CONSTRAINTS,
  ExtensionOid.NAME_CONSTRAINTS,
  ExtensionOid.CRL_DISTRIBUTION_POINTS,
  ExtensionOid.CERTIFICATE_POLICIES,
  ExtensionOid.POLICY_MAPPINGS,
  ExtensionOid.AUTHORITY_KEY_IDENTIFIER,
  ExtensionOid.POLICY_CONSTRAINTS,
  ExtensionOid.EXTENDED_KEY_USAGE,
  ExtensionOid.FRESHEST_CRL,
  ExtensionOid.INHIBIT_ANY_POLICY,
  ExtensionOid.AUTHORITY_INFO_ACCESS,
  ExtensionOid.SUBJECT_INFO_ACCESS,
  ExtensionOid.OCSP_NOCHECK,
]);

/** The first critical extension nobody here processes, or null. */
export function unknownCriticalExtension(certificate: Certificate, alsoKnown: readonly string[]): string | null {
  for (const extension of certificate.extensions.values()) {
    if (extension.critical && !PROCESSED.has(extension.oid) && !alsoKnown.includes(extension.oid)) return extension.oid;
  }
  return null;
}

/** The first extension of those decided upon that cannot be decoded, or null. */
export function malformedExtension(certificate: Certificate): string | null {
  let oid = "";
  try {
    for (oid of certificate.extensions.keys()) decode(certificate, oid);
    return null;
  } catch (error) {
    if (error instanceof CertsError) return oid;
    throw error;
  }
}

function decode(certificate: Certificate, oid: string): unknown {
  switch (oid) {
    case ExtensionOid.SUBJECT_KEY_IDENTIFIER:
      return certificate.subjectKeyId;
    case ExtensionOid.KEY_USAGE:
      return certificate.keyUsage;
    case ExtensionOid.SUBJECT_ALT_NAME:
      return certificate.subjectAltNames;
    case ExtensionOid.BASIC_CONSTRAINTS:
      return certificate.basicConstraints;
    case ExtensionOid.NAME_CONSTRAINTS:
      return certificate.nameConstraints;
    case ExtensionOid.CRL_DISTRIBUTION_POINTS:
      return certificate.crlDistributionPoints;
    case ExtensionOid.CERTIFICATE_POLICIES:
      return certificate.certificatePolicies;
    case ExtensionOid.POLICY_MAPPINGS:
      return certificate.policyMappings;
    case ExtensionOid.AUTHORITY_KEY_IDENTIFIER:
      return certificate.authorityKeyId;
    case ExtensionOid.POLICY_CONSTRAINTS:
      return certificate.policyConstraints;
    case ExtensionOid.EXTENDED_KEY_USAGE:
      return certificate.extendedKeyUsage;
    case ExtensionOid.FRESHEST_CRL:
      return certificate.freshestCrl;
    case ExtensionOid.INHIBIT_ANY_POLICY:
      return certificate.inhibitAnyPolicy;
    case ExtensionOid.AUTHORITY_INFO_ACCESS:
      return certificate.authorityInfoAccess;
    default:
      return null;
  }
}
