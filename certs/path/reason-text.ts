import type { Certificate } from "../x509/certificate.ts";
import type { PathCode } from "./path-request.ts";

const TEXT: Readonly<Record<PathCode, string>> = {
  VALID: "the path is valid",
  NO_PATH: "no path to a trust anchor was found",
  WORK_LIMIT_EXCEEDED: "no path was found within the bounds on work",
  SIGNATURE_INVALID: "the signature on the certificate is wrong",
  SIGNATURE_ALGORITHM_UNSUPPORTED: "the signature algorithm or key cannot be judged",
  ALGORITHM_MISMATCH: "the certificate names two different signature algorithms",
  ALGORITHM_NOT_ACCEPTABLE: "an algorithm is too weak at the time asked",
  NOT_YET_VALID: "the certificate is not valid yet at the time asked",
  EXPIRED: "the certificate has expired at the time asked",
  ANCHOR_NOT_IN_FORCE: "the trust anchor is not in force at the time asked",
  ANCHOR_NOT_TRUSTED_FOR_PURPOSE: "the trust anchor is not trusted for this purpose",
  NOT_A_CA: "a certificate that is not of a CA stands where a CA must",
  PATH_TOO_LONG: "more certificates follow than the path length constraint allows",
  KEY_USAGE_NOT_ALLOWED: "the key may not be used so",
  PURPOSE_NOT_ALLOWED: "the certificate is not for this purpose",
  NAME_NOT_PERMITTED: "a name lies outside the permitted subtrees",
  NAME_EXCLUDED: "a name lies in an excluded subtree",
  NAME_NOT_COMPARABLE: "a name cannot be judged by the name constraints",
  TOO_MANY_NAMES: "too many names and constraints to compare",
  NAME_CONSTRAINTS_MALFORMED: "the name constraints are malformed",
  POLICY_NOT_ACCEPTABLE: "no acceptable certificate policy holds for the path",
  POLICY_MAPPING_INVALID: "anyPolicy is mapped",
  UNKNOWN_CRITICAL_EXTENSION: "a critical extension is not known",
  EXTENSION_MALFORMED: "an extension cannot be read",
  DUPLICATE_EXTENSION: "an extension occurs twice",
  PROFILE_VIOLATION: "the certificate breaks the profile",
  REVOKED: "the certificate is revoked",
  REVOCATION_UNKNOWN: "whether the certificate is revoked could not be established",
};

/** One sentence that names the certificate and the fault. */
export function reasonText(code: PathCode, certificate: Certificate, detail: string): string {
  const about = `${certificate.subject.toString() || "(no name)"}, serial ${certificate.serial}`;
  return `${TEXT[code]}${detail ? ` (${detail})` : ""}: ${about}`;
}
