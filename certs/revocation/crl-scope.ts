import { equalBytes, toHex } from "../der/values.ts";
import type { Certificate } from "../x509/certificate.ts";
import type { DistributionPoint, DistributionPointName, RevocationReasonFlag } from "../x509/extensions.ts";
import type { GeneralName } from "../x509/general-name.ts";
import { Name, type NameAttribute } from "../x509/name.ts";
import type { CertificateList, IssuingDistributionPoint } from "./crl.ts";

/** The reasons that together decide a status (RFC 5280 §6.3.2: all-reasons). */
export const ALL_REASONS: readonly RevocationReasonFlag[] = [
  "keyCompromise",
  "cACompromise",
  "affiliationChanged",
  "superseded",
  "cessationOfOperation",
  "certificateHold",
  "privilegeWithdrawn",
  "aACompromise",
];

/** Distribution points of a certificate, and after them the one RFC 5280 §6.3.3 assumes: its issuer, every reason. */
export function distributionPointsOf(certificate: Certificate): DistributionPoint[] {
  const assumed: DistributionPoint = {
    distributionPoint: { type: "fullName", names: [{ type: "directoryName", name: certificate.issuer }] },
    reasons: null,
    cRLIssuer: null,
  };
  return [...(certificate.crlDistributionPoints ?? []), assumed];
}

/** Canonical names of everybody whose CRL may speak of a certificate. */
export function crlIssuersOf(certificate: Certificate): Set<string> {
  const out = new Set([certificate.issuer.canonicalKey]);
  for (const point of certificate.crlDistributionPoints ?? []) {
    for (const name of point.cRLIssuer ?? []) if (name.type === "directoryName") out.add(name.name.canonicalKey);
  }
  return out;
}

/** §6.3.3 (b)(1): is this CRL's issuer the one the distribution point speaks of? */
export function crlIssuerFits(crl: CertificateList, point: DistributionPoint, certificate: Certificate): boolean {
  if (!point.cRLIssuer) return crl.issuer.equals(certificate.issuer);
  const named = point.cRLIssuer.some((n) => n.type === "directoryName" && n.name.equals(crl.issuer));
  return named && (crl.issuingDistributionPoint?.indirectCRL === true || crl.issuer.equals(certificate.issuer));
}

/** §6.3.3 (b)(2): does the scope of the CRL take in this certificate by this distribution point? */
export function scopeFits(
  idp: IssuingDistributionPoint | null,
  crl: CertificateList,
  point: DistributionPoint,
  certificate: Certificate,
): boolean {
  if (!idp) return true;
  if (idp.onlyContainsAttributeCerts) return false;
  const isCa = certificate.basicConstraints?.cA === true;
  if (idp.onlyContainsUserCerts && isCa) return false;
  if (idp.onlyContainsCACerts && !isCa) return false;
  if (!idp.distributionPoint) return true;
  const ours = point.distributionPoint
    ? namesOf(point.distributionPoint, crlIssuerName(point) ?? certificate.issuer)
    : (point.cRLIssuer ?? []);
  const theirs = namesOf(idp.distributionPoint, crl.issuer);
  return theirs.some((name) => ours.some((other) => sameName(name, other)));
}

/** §6.3.3 (d): the reasons this CRL can speak of for this distribution point. */
export function coveredReasons(idp: IssuingDistributionPoint | null, point: DistributionPoint): RevocationReasonFlag[] {
  return ALL_REASONS.filter(
    (reason) => (point.reasons?.has(reason) ?? true) && (idp?.onlySomeReasons?.has(reason) ?? true),
  );
}

const crlIssuerName = (point: DistributionPoint): Name | null => {
  for (const name of point.cRLIssuer ?? []) if (name.type === "directoryName") return name.name;
  return null;
};

function namesOf(point: DistributionPointName, base: Name): readonly GeneralName[] {
  if (point.type === "fullName") return point.names;
  return [{ type: "directoryName", name: withRdn(base, point.rdn) }];
}

/** The base with one RDN more; its encoding is not needed for comparing, so none is made. */
const withRdn = (base: Name, rdn: readonly NameAttribute[]): Name => new Name(new Uint8Array(), [...base.rdns, rdn]);

function sameName(a: GeneralName, b: GeneralName): boolean {
  if (a.type === "directoryName" && b.type === "directoryName") return a.name.canonicalKey === b.name.canonicalKey;
  if (a.type === "uniformResourceIdentifier" && b.type === a.type) return a.text === b.text;
  if ((a.type === "dNSName" || a.type === "rfc822Name") && b.type === a.type)
    return a.text.toLowerCase() === b.text.toLowerCase();
  if (a.type === "registeredID" && b.type === a.type) return a.oid === b.oid;
  if (a.type === "iPAddress" && b.type === a.type) return equalBytes(a.octets, b.octets);
  if (a.type === "otherName" && b.type === a.type) return a.oid === b.oid && equalBytes(a.value.raw, b.value.raw);
  return false;
}

/** Equal for CRLs of the same scope: issuer, issuing distribution point, key (RFC 5280 §5.2.4). */
export function scopeKey(crl: CertificateList): string {
  const idp = crl.extensions.get("2.5.29.28")?.value;
  const aki = crl.authorityKeyId?.keyIdentifier;
  return `${crl.issuer.canonicalKey}|${idp ? toHex(idp) : ""}|${aki ? toHex(aki) : ""}`;
}
