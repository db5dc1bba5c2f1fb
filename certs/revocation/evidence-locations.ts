import { CertsError } from "../errors.ts";
import type { Certificate } from "../x509/certificate.ts";
import type { DistributionPoint } from "../x509/extensions.ts";
import type { GeneralName } from "../x509/general-name.ts";

/** http(s) addresses a certificate names. An attacker may have written them: fetch them behind the guard only. */
export interface EvidenceLocations {
  readonly crls: readonly string[];
  readonly ocsp: readonly string[];
  readonly caIssuers: readonly string[];
}

export const NO_LOCATIONS: EvidenceLocations = { crls: [], ocsp: [], caIssuers: [] };
const OCSP = "1.3.6.1.5.5.7.48.1";
const CA_ISSUERS = "1.3.6.1.5.5.7.48.2";
const MAX_PER_KIND = 8;

/** Where a certificate says its CRLs, its OCSP responder and its issuer's certificate are. Unreadable extensions give nothing. */
export function evidenceLocations(certificate: Certificate): EvidenceLocations {
  const points = [
    ...(attempt(() => certificate.crlDistributionPoints) ?? []),
    ...(attempt(() => certificate.freshestCrl) ?? []),
  ];
  const access = attempt(() => certificate.authorityInfoAccess) ?? [];
  return {
    crls: unique(points.flatMap(pointUrls)),
    ocsp: unique(access.flatMap((a) => (a.method === OCSP ? urls(a.location) : []))),
    caIssuers: unique(access.flatMap((a) => (a.method === CA_ISSUERS ? urls(a.location) : []))),
  };
}

const pointUrls = (point: DistributionPoint): string[] =>
  point.distributionPoint?.type === "fullName" ? point.distributionPoint.names.flatMap(urls) : [];

const urls = (name: GeneralName): string[] =>
  name.type === "uniformResourceIdentifier" && /^https?:\/\/[^\s]+$/i.test(name.text) && name.text.length <= 2048
    ? [name.text]
    : [];

const unique = (list: readonly string[]): string[] => [...new Set(list)].slice(0, MAX_PER_KIND);

function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof CertsError) return null;
    throw error;
  }
}
