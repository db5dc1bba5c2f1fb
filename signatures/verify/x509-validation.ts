import { type AlgorithmPolicy, algorithmPolicies } from "@hocba/certs/algorithms";
import { type PathCode, CertificatePool as PathPool, type PathResult, validatePath } from "@hocba/certs/path";
import { evidenceLocations, type RevocationStatus } from "@hocba/certs/revocation";
import type { Certificate } from "@hocba/certs/x509";
import { type Conclusion, indeterminate, passed } from "./conclusion.ts";
import type { EvidenceRequest } from "./context.ts";
import { finding } from "./findings.ts";
import { isoTime } from "./iso-time.ts";
import type { Policy } from "./policy.ts";
import type { Finding, RevocationReport, SubIndication } from "./report.ts";
import type { Purpose, ValidationProcess } from "./validation-process.ts";

export interface CertificateValidation {
  readonly conclusion: Conclusion;
  /** Leaf first, the anchor last; what was found of it when no whole path was. */
  readonly path: readonly Certificate[];
  readonly revocation: readonly RevocationReport[];
  /** When the certificate itself was revoked, ms since 1970; null when it was not, or nobody knows. */
  readonly revokedAt: number | null;
  readonly wanted: readonly EvidenceRequest[];
}

const PURPOSES: Readonly<Record<Purpose, readonly string[] | null>> = {
  // Certificates in official use name no purpose of document signing: only key usage can be held against them.
  signing: null,
  timestamping: ["1.3.6.1.5.5.7.3.8"],
};

/**
 * X.509 certificate validation with revocation (EN 319 102-1 §5.2.6, §5.2.5): the certificate was valid at `at`, by what is known at
 * the time of validation.
 */
export function validateCertificate(
  certificate: Certificate,
  at: number,
  purpose: Purpose,
  process: ValidationProcess,
): CertificateValidation {
  const purposes = PURPOSES[purpose];
  const result = validatePath({
    certificate,
    anchors: process.context.anchors,
    certificates: process.pathPool,
    time: at,
    crypto: process.crypto,
    keyUsage: ["digitalSignature", "nonRepudiation"],
    algorithms: certificateAlgorithms(process.policy),
    cache: process.cache,
    ...(purposes ? { purposes } : {}),
    revocation: {
      crls: process.evidence.crls,
      ocspResponses: process.evidence.ocspResponses,
      now: process.time,
      required: process.policy.rules["revocation-information"].effect === "fail",
    },
  });
  const own = result.revocation[0];
  return {
    conclusion: conclude(result, certificate),
    path: result.path,
    revocation: result.revocation.flatMap(revocationReport),
    revokedAt: own?.revokedAt ?? own?.revokedLater?.revokedAt ?? null,
    wanted: wanted(result),
  };
}

const VERDICTS: Readonly<Partial<Record<PathCode, SubIndication>>> = {
  NO_PATH: "NO_CERTIFICATE_CHAIN_FOUND",
  WORK_LIMIT_EXCEEDED: "NO_CERTIFICATE_CHAIN_FOUND",
  SIGNATURE_INVALID: "NO_CERTIFICATE_CHAIN_FOUND",
  SIGNATURE_ALGORITHM_UNSUPPORTED: "NO_CERTIFICATE_CHAIN_FOUND",
  ANCHOR_NOT_IN_FORCE: "NO_CERTIFICATE_CHAIN_FOUND",
  ANCHOR_NOT_TRUSTED_FOR_PURPOSE: "NO_CERTIFICATE_CHAIN_FOUND",
  ALGORITHM_NOT_ACCEPTABLE: "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
  EXPIRED: "OUT_OF_BOUNDS_NO_POE",
  NOT_YET_VALID: "OUT_OF_BOUNDS_NO_POE",
  REVOCATION_UNKNOWN: "TRY_LATER",
  KEY_USAGE_NOT_ALLOWED: "CHAIN_CONSTRAINTS_FAILURE",
  PURPOSE_NOT_ALLOWED: "CHAIN_CONSTRAINTS_FAILURE",
  NAME_NOT_PERMITTED: "CHAIN_CONSTRAINTS_FAILURE",
  NAME_EXCLUDED: "CHAIN_CONSTRAINTS_FAILURE",
  POLICY_NOT_ACCEPTABLE: "CHAIN_CONSTRAINTS_FAILURE",
  PATH_TOO_LONG: "CHAIN_CONSTRAINTS_FAILURE",
};

function conclude(result: PathResult, certificate: Certificate): Conclusion {
  if (result.valid) return passed();
  const revoked = result.code === "REVOKED" ? (result.index === 0 ? "REVOKED_NO_POE" : "REVOKED_CA_NO_POE") : null;
  const sub = revoked ?? VERDICTS[result.code] ?? "CERTIFICATE_CHAIN_GENERAL_FAILURE";
  return indeterminate(sub, explain(result, certificate));
}

function explain(result: PathResult, certificate: Certificate): Finding {
  const atFault = result.path[result.index ?? 0] ?? certificate;
  const subject = atFault.subject.toString();
  const status = result.revocation.find((r) => r.certificate === atFault);
  switch (result.code) {
    case "NO_PATH":
      return finding("CHAIN_NOT_FOUND", { subject });
    case "EXPIRED":
      return finding("CERTIFICATE_EXPIRED", { notAfter: day(atFault.notAfter) });
    case "NOT_YET_VALID":
      return finding("CERTIFICATE_NOT_YET_VALID", { notBefore: day(atFault.notBefore) });
    case "REVOCATION_UNKNOWN":
      return finding("REVOCATION_UNKNOWN", { subject });
    case "REVOKED": {
      const values = { revokedAt: iso(status?.revokedAt ?? null), reason: status?.reason ?? "unspecified" };
      return finding(result.index === 0 ? "CERTIFICATE_REVOKED" : "CA_CERTIFICATE_REVOKED", values);
    }
    case "KEY_USAGE_NOT_ALLOWED":
      return finding("KEY_USAGE", { usage: [...(atFault.keyUsage ?? [])].join(", ") });
    default:
      return finding("CHAIN_INVALID", { reason: result.reason });
  }
}

function revocationReport(status: RevocationStatus): RevocationReport[] {
  if (!status.source || status.thisUpdate === null) return [];
  const later = status.revokedLater;
  const revokedAt = status.revokedAt ?? later?.revokedAt ?? null;
  const reason = status.reason ?? later?.reason ?? null;
  return [
    {
      subject: status.certificate.subject.toString(),
      status: status.status,
      source: status.source,
      thisUpdate: isoTime(status.thisUpdate),
      ...(revokedAt === null ? {} : { revokedAt: isoTime(revokedAt) }),
      ...(reason === null ? {} : { reason }),
    },
  ];
}

const MAX_REQUESTS = 32;

/** What would have helped: revocation data of the certificates in the path, or the issuer's certificate where the path broke off. */
function wanted(result: PathResult): EvidenceRequest[] {
  const out: EvidenceRequest[] = [];
  const add = (
    kind: EvidenceRequest["kind"],
    urls: readonly string[],
    certificate: Certificate,
    issuer?: Certificate,
  ) => {
    for (const url of urls) out.push({ kind, url, certificate: certificate.raw, issuer: issuer?.raw ?? null });
  };
  if (!result.anchor) {
    const last = result.path.at(-1);
    if (last) add("issuer-certificate", evidenceLocations(last).caIssuers, last);
  }
  result.path.forEach((certificate, i) => {
    const issuer = result.path[i + 1];
    if (!issuer || result.valid) return;
    const status = result.revocation.find((r) => r.certificate === certificate);
    if (status && status.status !== "unknown") return;
    const locations = status?.wanted ?? evidenceLocations(certificate);
    add("ocsp", locations.ocsp, certificate, issuer);
    add("crl", locations.crls, certificate, issuer);
  });
  return out.slice(0, MAX_REQUESTS);
}

const built = new WeakMap<Policy, AlgorithmPolicy>();

/** The policy's dates for certificates, on top of what is broken outright. */
function certificateAlgorithms(policy: Policy): AlgorithmPolicy {
  const known = built.get(policy);
  if (known) return known;
  const base: AlgorithmPolicy = algorithmPolicies["not-broken"];
  const rule = policy.rules.algorithms;
  const digests: Record<string, string> = { ...base.digests };
  for (const [digest, dates] of Object.entries(rule.acceptableUntil)) if (dates) digests[digest] = dates.certificate;
  const keys = { ...base.keys };
  for (const [kind, minBits] of Object.entries(rule.minimumKeyBits)) keys[kind] = [{ minBits, until: "always" }];
  const made: AlgorithmPolicy = { name: policy.name, explanation: rule.explanation.en, digests, keys };
  built.set(policy, made);
  return made;
}

/** Certificates for path building; made anew only when the document brought further ones. */
export function pathPool(certificates: readonly Certificate[], known: PathPool | null): PathPool {
  return known && known.certificates.length === certificates.length ? known : new PathPool(certificates);
}

const iso = (ms: number | null): string => (ms === null ? "?" : isoTime(ms));
const day = (ms: number): string => isoTime(ms).slice(0, 10);
