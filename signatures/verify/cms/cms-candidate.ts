import { CertsError } from "@hocba/certs";
import type { CryptoProvider } from "@hocba/certs/crypto";
import { type Element, readTime } from "@hocba/certs/der";
import type { Certificate } from "@hocba/certs/x509";
import type { Attribute } from "../../cms/attributes.ts";
import { CmsOid } from "../../cms/oids.ts";
import type { SignedData } from "../../cms/signed-data.ts";
import { readSignerInfo, type SignerInfo } from "../../cms/signer-info.ts";
import { SignaturesError } from "../../errors.ts";
import { parseTimestampToken, type TimestampToken } from "../../timestamps/token.ts";
import type { SignatureCandidate, TimestampCandidate } from "../candidate.ts";
import type { CertificatePool } from "../certificate-pool.ts";
import { type Conclusion, failed, passed, worst } from "../conclusion.ts";
import { cmsEvidenceRecords } from "../evidence-records/cms-evidence-records.ts";
import { finding } from "../findings.ts";
import { type CertificateReference, essCertificateReferences } from "../signing-certificate-reference.ts";
import {
  archiveTimestampV2Input,
  archiveTimestampV3Input,
  hashIndexHolds,
  isArchiveTimestamp,
  referencesTimestampInput,
} from "./archive-timestamp.ts";
import { verifySignerInfo } from "./verify-signer-info.ts";

const MAX_TIMESTAMPS = 100;
const MAX_COUNTER_SIGNATURES = 40;

export interface CmsCandidateOptions {
  readonly id: string;
  readonly format: SignatureCandidate["format"];
  /** The signed octets in pieces; null when they are not at hand. */
  readonly content: readonly Uint8Array[] | null;
  /** Null for a counter-signature, whose signed attributes have no content-type (RFC 5652 §11.4). */
  readonly contentType: string | null;
  readonly coverage: SignatureCandidate["coverage"];
  readonly laterChanges: SignatureCandidate["laterChanges"];
  /** What the document's own reader has to say about the place of the signature. */
  readonly formatChecking?: Conclusion;
  /** Time of signing stated outside the CMS (PDF /M); used when the CMS states none. */
  readonly claimedSigningTime?: number | null;
  /** Time stamps that stand outside the CMS (DocTimeStamps). */
  readonly outerTimestamps?: readonly TimestampCandidate[];
  readonly laterLevel?: SignatureCandidate["laterLevel"];
  readonly signedEnd?: number | null;
  readonly followsFormat?: boolean;
}

/** One SignerInfo, its counter-signatures behind it, as candidates for validation. */
export function cmsCandidates(
  signedData: SignedData,
  signer: SignerInfo,
  options: CmsCandidateOptions,
  pool: CertificatePool,
  crypto: CryptoProvider,
): SignatureCandidate[] {
  const own = cmsCandidate(signedData, signer, options, pool, crypto);
  const counters = (signer.unsignedAttributes?.values(CmsOid.counterSignature) ?? []).slice(
    0,
    // All signers of one file together are counter-signed a bounded number of times.
    Math.ceil(MAX_COUNTER_SIGNATURES / Math.max(1, signedData.signerInfos.length)),
  );
  return [own, ...counters.flatMap((e, i) => counterSignature(signedData, signer, options, e, i, pool, crypto))];
}

function cmsCandidate(
  signedData: SignedData,
  signer: SignerInfo,
  options: CmsCandidateOptions,
  pool: CertificatePool,
  crypto: CryptoProvider,
): SignatureCandidate {
  const attributes = signer.signedAttributes;
  const references = attempt<readonly CertificateReference[] | null>(() => essCertificateReferences(attributes), null);
  const signingTime = attempt(() => readSigningTime(attributes?.single(CmsOid.signingTime) ?? null), null);
  // signing-certificate-v2 is for every digest but SHA-1 (EN 319 122-1 §5.2.2.3).
  const weakReference =
    references.value?.[0]?.digestAlgorithm === "sha1" && (attributes?.has(CmsOid.signingCertificateV2) ?? false);
  const content = { chunks: options.content, contentType: options.contentType };
  return {
    id: options.id,
    format: options.format === "CMS" && references.value?.[0]?.digestAlgorithm ? "CAdES" : options.format,
    formatChecking: worst(options.formatChecking ?? passed(), references.conclusion, signingTime.conclusion),
    // PAdES has signed attributes (EN 319 142-1 §6.3): without them it is a bare CMS.
    followsFormat:
      (options.followsFormat ?? true) && !weakReference && (attributes !== null || options.format !== "PAdES"),
    named: pool.bySignerIdentifier(signer.sid),
    references: references.value,
    verify: memoize((certificate) => verifySignerInfo(signer, content, certificate?.spki ?? null, crypto)),
    claimedSigningTime: signingTime.value ?? options.claimedSigningTime ?? null,
    timestamps: [...cmsTimestamps(signedData, signer, options.content, crypto), ...(options.outerTimestamps ?? [])],
    coverage: options.coverage,
    laterChanges: options.laterChanges,
    laterLevel: options.laterLevel ?? "none",
    covers: [],
    signedEnd: options.signedEnd ?? null,
    counterSignature: options.contentType === null,
    refersToValidationData: signer.unsignedAttributes?.has(CmsOid.completeRevocationRefs) ?? false,
    documentTimestamp: null,
  };
}

function counterSignature(
  signedData: SignedData,
  parent: SignerInfo,
  options: CmsCandidateOptions,
  element: Element,
  index: number,
  pool: CertificatePool,
  crypto: CryptoProvider,
): SignatureCandidate[] {
  const read = attempt(() => readSignerInfo(element), null);
  if (!read.value) return [];
  return [
    cmsCandidate(
      signedData,
      read.value,
      {
        id: `${options.id}.counter-${index + 1}`,
        format: options.format,
        content: [parent.signature],
        contentType: null,
        coverage: "partial",
        laterChanges: "none",
        formatChecking: passed(finding("COUNTER_SIGNATURE")),
      },
      pool,
      crypto,
    ),
  ];
}

/** The key is asked for the same certificate by several steps of the process. */
function memoize<T>(compute: (certificate: Certificate | null) => T): (certificate: Certificate | null) => T {
  const known = new Map<Certificate | null, T>();
  return (certificate) => {
    const found = known.get(certificate);
    if (found !== undefined) return found;
    const value = compute(certificate);
    known.set(certificate, value);
    return value;
  };
}

/** Reads a part; what is malformed there becomes FORMAT_FAILURE of the signature, not an exception. */
function attempt<T>(read: () => T, otherwise: T): { value: T; conclusion: Conclusion } {
  try {
    return { value: read(), conclusion: passed() };
  } catch (error) {
    if (!(error instanceof CertsError) && !(error instanceof SignaturesError)) throw error;
    return {
      value: otherwise,
      conclusion: failed("FORMAT_FAILURE", finding("SIGNATURE_MALFORMED", { reason: error.message })),
    };
  }
}

function readSigningTime(value: Element | null): number | null {
  return value && readTime(value);
}

function cmsTimestamps(
  signedData: SignedData,
  signer: SignerInfo,
  content: readonly Uint8Array[] | null,
  crypto: CryptoProvider,
): TimestampCandidate[] {
  const tokens = new Map<Element, TimestampToken | SignaturesError>();
  const tokenOf = (value: Element): TimestampToken | SignaturesError => {
    let token = tokens.get(value);
    if (token === undefined) {
      token = readToken(value.raw);
      tokens.set(value, token);
    }
    return token;
  };
  const timeOf = (attribute: Attribute): number | null => {
    const token = attribute.values[0] && tokenOf(attribute.values[0]);
    return token && !(token instanceof SignaturesError) ? token.genTime : null;
  };
  const out: TimestampCandidate[] = [];
  const add = (
    attribute: Attribute,
    type: TimestampCandidate["type"],
    inputs: Inputs,
    check?: Check,
    overReferences?: Partial<TimestampCandidate>,
  ) => {
    for (const value of attribute.values) {
      if (out.length >= MAX_TIMESTAMPS) return;
      out.push({ ...timestampCandidate(type, tokenOf(value), (token) => inputs(token), check), ...overReferences });
    }
  };
  for (const a of signer.signedAttributes?.list ?? []) {
    if (a.type === CmsOid.contentTimestamp) add(a, "content", () => (content ? [content] : []));
  }
  for (const a of signer.unsignedAttributes?.list ?? []) {
    switch (a.type) {
      case CmsOid.signatureTimestamp:
        add(a, "signature", () => [[signer.signature]]);
        break;
      case CmsOid.cadesCTimestamp:
        add(a, "archive", () => referencesTimestampInput(signer, true), undefined, { archival: false });
        break;
      case CmsOid.certCrlTimestamp:
        add(a, "archive", () => referencesTimestampInput(signer, false), undefined, REFERENCES_ONLY);
        break;
      case CmsOid.archiveTimestampV3:
        add(
          a,
          "archive",
          (token) => archiveTimestampV3Input(signedData, signer, content, token, crypto),
          (token) => hashIndexHolds(signedData, signer, token, crypto),
        );
        break;
      default:
        if (isArchiveTimestamp(a.type)) {
          add(a, "archive", (token) => archiveTimestampV2Input(signedData, signer, content, a, token, timeOf));
        }
    }
  }
  return [...out, ...cmsEvidenceRecords(signedData, signer, content, crypto)];
}

const REFERENCES_ONLY = { archival: false, referencesOnly: true } as const;

type Inputs = (token: TimestampToken) => readonly (readonly Uint8Array[])[] | null;
type Check = (token: TimestampToken) => boolean;

function readToken(bytes: Uint8Array): TimestampToken | SignaturesError {
  try {
    return parseTimestampToken(bytes);
  } catch (error) {
    if (error instanceof SignaturesError) return error;
    throw error;
  }
}

/** A time stamp as a candidate; faults in what surrounds it are kept, not thrown. */
export function timestampCandidate(
  type: TimestampCandidate["type"],
  token: TimestampToken | SignaturesError,
  inputs: Inputs,
  check: Check = () => true,
): TimestampCandidate {
  const archival = type === "archive" || type === "evidence-record";
  if (token instanceof SignaturesError) {
    const problem = finding("TIMESTAMP_MALFORMED", { reason: token.message });
    return { type, token: null, problem, imprintInputs: () => [], faults: [problem], archival };
  }
  const checked = attempt(() => check(token), false);
  const faults = checked.value ? [] : [finding("TIMESTAMP_UNPROVEN_DATA", {}, "error"), ...checked.conclusion.findings];
  return { type, token, problem: null, imprintInputs: () => attempt(() => inputs(token), []).value, faults, archival };
}

/** Octets of a token file or attribute as a token, or the error. */
export const readTimestampToken = readToken;
