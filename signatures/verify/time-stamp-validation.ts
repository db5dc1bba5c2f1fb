import { CertsError } from "@hocba/certs";
import type { CryptoProvider } from "@hocba/certs/crypto";
import { equalBytes } from "@hocba/certs/der";
import type { Certificate } from "@hocba/certs/x509";
import { CmsOid } from "../cms/oids.ts";
import { SignaturesError } from "../errors.ts";
import type { TimestampToken } from "../timestamps/token.ts";
import type { TimestampCandidate } from "./candidate.ts";
import { readable } from "./certificate-pool.ts";
import { verifySignerInfo } from "./cms/verify-signer-info.ts";
import { type Conclusion, failed, indeterminate, passed, worst } from "./conclusion.ts";
import { cryptographicConclusion } from "./cryptographic-verification.ts";
import { digestIfKnown } from "./digest-if-known.ts";
import { finding } from "./findings.ts";
import { identifySigningCertificate } from "./identification-of-signing-certificate.ts";
import { isoTime } from "./iso-time.ts";
import type { TimestampReport } from "./report.ts";
import { acceptAlgorithms, acceptDigest } from "./signature-acceptance.ts";
import { type CertificateReference, essCertificateReferences } from "./signing-certificate-reference.ts";
import type { ValidationProcess } from "./validation-process.ts";

/** What is known of a time stamp once it has been judged. */
export interface ValidatedTimestamp {
  readonly candidate: TimestampCandidate;
  readonly certificate: Certificate | null;
  readonly imprintMatches: boolean;
  readonly conclusion: Conclusion;
  readonly report: TimestampReport;
}

const TIME_STAMPING = "1.3.6.1.5.5.7.3.8";
const EXTENDED_KEY_USAGE = "2.5.29.37";
/** How far an authority's clock may be ahead of ours. */
const CLOCK_TOLERANCE = 300_000;

/**
 * Validation of a time stamp (EN 319 102-1 §5.4): its signature, the authority's certificate, and the imprint over what it must
 * stamp. `at`: the earliest time at which the token itself is proven to have existed, else the time of validation.
 */
export function validateTimestamp(
  candidate: TimestampCandidate,
  at: number,
  process: ValidationProcess,
): ValidatedTimestamp {
  const { token } = candidate;
  if (!token) {
    const conclusion = failed("FORMAT_FAILURE", ...candidate.faults);
    return {
      candidate,
      certificate: null,
      imprintMatches: false,
      conclusion,
      report: report(candidate, null, false, conclusion, true),
    };
  }
  const { crypto, policy } = process;
  process.addEvidenceOf(token.signedData, token.signerInfo);
  const content = { chunks: [token.tstInfo], contentType: CmsOid.tstInfo };
  const verify = (c: Certificate | null) => verifySignerInfo(token.signerInfo, content, c?.spki ?? null, crypto);
  const references = certificateReferences(token);
  const identified = identifySigningCertificate(
    {
      named: process.pool.bySignerIdentifier(token.signerInfo.sid),
      all: process.pool.list,
      references: references.list,
      fits: (c) => verify(c).integrity === "intact",
    },
    process.lenientIdentification,
    crypto,
  );
  const { certificate } = identified;
  const math = verify(certificate);
  const imprint = imprintHolds(candidate, token, crypto);
  const imprintMatches = imprint === true;
  const conclusion = worst(
    cryptographicConclusion(math),
    imprintConclusion(imprint),
    candidate.faults.length > 0 ? failed("HASH_FAILURE", ...candidate.faults) : passed(),
    references.conclusion,
    identified.conclusion,
    certificate ? keyUsage(certificate) : passed(),
    certificate ? ownTime(token, certificate, process) : passed(),
    certificate ? process.validateCertificate(certificate, at, "timestamping").conclusion : passed(),
    acceptAlgorithms({ ...math, certificate }, at, policy),
    token.imprint.digestAlgorithm
      ? acceptDigest(token.imprint.digestAlgorithm, "timestamp-imprint", at, policy)
      : indeterminate("CRYPTO_CONSTRAINTS_FAILURE", finding("ALGORITHM_UNSUPPORTED", { algorithm: token.imprint.oid })),
  );
  const broken = math.integrity === "broken";
  return {
    candidate,
    certificate,
    imprintMatches,
    conclusion,
    report: report(candidate, certificate, imprintMatches && candidate.faults.length === 0, conclusion, broken),
  };
}

/** An ESS attribute that is there but cannot be read is no absent one: the token is malformed (RFC 3161 §2.4.2). */
function certificateReferences(token: TimestampToken): {
  list: readonly CertificateReference[] | null;
  conclusion: Conclusion;
} {
  try {
    return { list: essCertificateReferences(token.signerInfo.signedAttributes), conclusion: passed() };
  } catch (error) {
    if (!(error instanceof CertsError || error instanceof SignaturesError)) throw error;
    const told = finding("TIMESTAMP_MALFORMED", { reason: error.message });
    return { list: null, conclusion: failed("FORMAT_FAILURE", told) };
  }
}

/** True when the imprint is the digest of one of the alternatives; null when what was stamped is not at hand. */
function imprintHolds(candidate: TimestampCandidate, token: TimestampToken, crypto: CryptoProvider): boolean | null {
  if (candidate.imprintHolds !== undefined) return candidate.imprintHolds;
  const { digestAlgorithm, digest } = token.imprint;
  const inputs = candidate.imprintInputs();
  if (!inputs) return null;
  if (!digestAlgorithm) return false;
  return inputs.some((chunks) => {
    const actual = digestIfKnown(crypto, digestAlgorithm, chunks);
    return actual !== null && equalBytes(actual, digest);
  });
}

function imprintConclusion(holds: boolean | null): Conclusion {
  if (holds === null) return indeterminate("SIGNED_DATA_NOT_FOUND", finding("CONTENT_MISSING"));
  return holds ? passed() : failed("HASH_FAILURE", finding("TIMESTAMP_IMPRINT"));
}

/** RFC 3161 §2.3: the certificate is for time stamping, for nothing else, and says so critically. */
function keyUsage(certificate: Certificate): Conclusion {
  const usage = readable(() => certificate.extendedKeyUsage);
  const critical = certificate.extensions.get(EXTENDED_KEY_USAGE)?.critical === true;
  if (critical && usage?.length === 1 && usage[0] === TIME_STAMPING) return passed();
  return indeterminate(
    "CHAIN_CONSTRAINTS_FAILURE",
    finding("TIMESTAMP_KEY_USAGE", { tsa: certificate.subject.toString() }),
  );
}

/**
 * An authority speaks for a time only while its certificate is valid, whenever the token is looked at; and what says that it was
 * made later than now has not shown that it was made before anything.
 */
function ownTime(token: TimestampToken, certificate: Certificate, process: ValidationProcess): Conclusion {
  const { genTime } = token;
  const time = isoTime(genTime);
  if (genTime < certificate.notBefore || genTime > certificate.notAfter) {
    const tsa = certificate.subject.toString();
    return indeterminate("OUT_OF_BOUNDS_NO_POE", finding("TIMESTAMP_OUTSIDE_VALIDITY", { time, tsa }));
  }
  const ahead = genTime - process.time;
  if (ahead <= CLOCK_TOLERANCE) return passed();
  return indeterminate("NO_POE", finding("TIMESTAMP_IN_FUTURE", { time, seconds: Math.round(ahead / 1000) }));
}

function report(
  candidate: TimestampCandidate,
  certificate: Certificate | null,
  imprintMatches: boolean,
  conclusion: Conclusion,
  broken: boolean,
): TimestampReport {
  const indication =
    conclusion.indication === "PASSED"
      ? "TOTAL-PASSED"
      : conclusion.indication === "FAILED"
        ? "TOTAL-FAILED"
        : "INDETERMINATE";
  return {
    type: candidate.type,
    time: candidate.token ? isoTime(candidate.token.genTime) : null,
    tsa: certificate?.subject.toString() ?? null,
    integrity: broken ? "broken" : "intact",
    imprintMatches,
    indication,
    subIndication: conclusion.subIndication,
  };
}
