import { equalBytes } from "@hocba/certs/der";
import { parseSignedData, type SignedData } from "../../cms/signed-data.ts";
import { SignaturesError } from "../../errors.ts";
import {
  coverage,
  openPdf,
  type PdfDocument,
  type PdfSignature,
  type SignatureCoverage,
  securityStore,
  signatureFields,
  signedRanges,
} from "../../pdf/index.ts";
import type { SignatureCandidate, TimestampCandidate } from "../candidate.ts";
import { cmsCandidates, readTimestampToken, timestampCandidate } from "../cms/cms-candidate.ts";
import { type Conclusion, failed, indeterminate, passed, worst } from "../conclusion.ts";
import { finding } from "../findings.ts";
import type { ValidationProcess } from "../validation-process.ts";
import { judgeLaterChanges } from "./later-changes.ts";
import type { PlacedSignature } from "./placed-signature.ts";
import { rsaSha1Candidate } from "./rsa-sha1-candidate.ts";

/**
 * Every signature of every revision of a PDF, time stamps included (ISO 32000-2 §12.8, EN 319 142-1).
 * @throws SignaturesError PDF_*
 */
export function readPdfDocument(bytes: Uint8Array, process: ValidationProcess): SignatureCandidate[] {
  const document = openPdf(bytes);
  const storeSince = addSecurityStore(document, process);
  const placed = distinct(signatureFields(document)).map((signature) => place(document, signature, process));
  // Signature values are never encrypted (ISO 32000-2 §7.6.2), but the fields may lie in streams that are.
  if (document.encrypted && placed.length === 0) throw new SignaturesError("PDF_ENCRYPTED", "the PDF is encrypted");
  const stamps = placed.filter((p) => isDocumentTimestamp(p.signature)).map((p) => documentTimestamp(p, storeSince));
  return placed.flatMap((p) => {
    const outer = stamps.filter((s) => s.placed !== p && covers(s.placed, p)).map((s) => s.candidate);
    const own = stamps.find((s) => s.placed === p);
    if (own) return [documentTimestampCandidate(p, own.candidate, outer)];
    return candidatesOf(p, outer, process);
  });
}

/** One value may be referred to by several fields: it is one signature. */
function distinct(signatures: readonly PdfSignature[]): PdfSignature[] {
  const seen = new Set<number>();
  return signatures.filter(({ hole }) => {
    if (!hole) return true;
    return seen.has(hole.start) ? false : seen.add(hole.start);
  });
}

/** Takes up the newest /DSS; gives the first revision that has one, Infinity for none. */
function addSecurityStore(document: PdfDocument, process: ValidationProcess): number {
  const store = securityStore(document.latest);
  if (!store) return Number.POSITIVE_INFINITY;
  for (const part of [store, ...store.vri]) {
    process.pool.addDer(part.certificates);
    process.evidence.addCrls(part.crls);
    process.evidence.addOcspResponses(part.ocspResponses);
  }
  return document.revisions.findIndex((_, i) => document.atRevision(i).catalog.get("DSS") !== null);
}

function place(document: PdfDocument, signature: PdfSignature, process: ValidationProcess): PlacedSignature {
  const covered = coverage(document, signature);
  const changes = judgeLaterChanges(document, signature, covered, process.policy);
  return {
    signature,
    coverage: covered,
    ranges: signedRanges(document, signature),
    placement: worst(dictionaryType(signature), placement(covered), changes.conclusion),
    laterChanges: changes.laterChanges,
    laterLevel: changes.level,
  };
}

/** EN 319 142-1 §5.4.3: /Type of a document time stamp is DocTimeStamp. */
function dictionaryType(signature: PdfSignature): Conclusion {
  if (isDocumentTimestamp(signature) === (signature.type === "DocTimeStamp")) return passed();
  const reason = `/Type ${signature.type}, /SubFilter ${signature.subFilter ?? "-"}`;
  return indeterminate("SIG_CONSTRAINTS_FAILURE", finding("SIGNATURE_MALFORMED", { reason }));
}

function placement(covered: SignatureCoverage): Conclusion {
  const reason = covered.reasons.join(", ");
  switch (covered.level) {
    case "whole-file":
      return passed();
    case "earlier-revision":
      return passed(finding("COVERAGE_EARLIER_REVISION", { revision: (covered.revision ?? 0) + 1 }));
    case "partial":
      return failed("FORMAT_FAILURE", finding("COVERAGE_PARTIAL", { reason }));
    case "unclear":
      return failed("FORMAT_FAILURE", finding("BYTE_RANGE_INVALID", { reason }));
  }
}

function isDocumentTimestamp(signature: PdfSignature): boolean {
  return signature.subFilter === "ETSI.RFC3161";
}

/** True when the whole of `inner`, its value included, lies under the signed ranges of `outer`. */
function covers(outer: PlacedSignature, inner: PlacedSignature): boolean {
  const sound = outer.coverage.level === "whole-file" || outer.coverage.level === "earlier-revision";
  const { byteRange } = outer.signature;
  const { hole } = inner.signature;
  if (!sound || !byteRange || !hole || inner.coverage.end === null) return false;
  return hole.end <= byteRange[1] && (outer.coverage.end ?? 0) > inner.coverage.end;
}

function documentTimestamp(
  placed: PlacedSignature,
  storeSince: number,
): { placed: PlacedSignature; candidate: TimestampCandidate } {
  const token = readTimestampToken(placed.signature.contents);
  const candidate = timestampCandidate("document", token, () => (placed.ranges ? [placed.ranges] : []));
  // Only what is covered in the way of a PDF signature is stamped.
  const faults = placed.placement.indication === "PASSED" ? [] : placed.placement.findings;
  const archival = (placed.coverage.revision ?? -1) >= storeSince;
  return { placed, candidate: { ...candidate, faults: [...candidate.faults, ...faults], archival } };
}

function documentTimestampCandidate(
  placed: PlacedSignature,
  own: TimestampCandidate,
  outer: readonly TimestampCandidate[],
): SignatureCandidate {
  return { ...base(placed), format: "DocTimeStamp", timestamps: outer, documentTimestamp: own };
}

function base(placed: PlacedSignature): SignatureCandidate {
  return {
    id: placed.signature.fieldName,
    format: "PDF-CMS",
    formatChecking: placed.placement,
    followsFormat: false,
    named: [],
    references: null,
    verify: () => ({ integrity: "unknown", problem: null, findings: [] }),
    claimedSigningTime: placed.signature.signingTime,
    timestamps: [],
    coverage: placed.coverage.level,
    laterChanges: placed.laterChanges,
    laterLevel: placed.laterLevel,
    covers: [],
    signedEnd: placed.coverage.end,
    counterSignature: false,
    documentTimestamp: null,
  };
}

const DETACHED = new Set(["adbe.pkcs7.detached", "ETSI.CAdES.detached"]);

function candidatesOf(
  placed: PlacedSignature,
  outer: readonly TimestampCandidate[],
  process: ValidationProcess,
): SignatureCandidate[] {
  const { signature, ranges } = placed;
  if (signature.subFilter === "adbe.x509.rsa_sha1") {
    return [{ ...base(placed), ...rsaSha1Candidate(placed, process), followsFormat: true, timestamps: outer }];
  }
  const read = readContents(signature);
  if (!read.signedData) {
    const conclusion = worst(placed.placement, read.conclusion);
    const broken = { integrity: "broken", problem: "FORMAT_FAILURE", findings: [] } as const;
    return [{ ...base(placed), formatChecking: conclusion, verify: () => broken, timestamps: outer }];
  }
  const { signedData } = read;
  const signer = signedData.signerInfos[0]!;
  process.addEvidenceOf(signedData, signer);
  // A ByteRange that leads out of the file leaves nothing that could match.
  const content = signedContent(signature, signedData, ranges ?? [], process);
  return cmsCandidates(
    signedData,
    signer,
    {
      id: signature.fieldName,
      format: signature.subFilter === "ETSI.CAdES.detached" ? "PAdES" : "PDF-CMS",
      content: content.chunks,
      contentType: signedData.contentType,
      coverage: placed.coverage.level,
      laterChanges: placed.laterChanges,
      laterLevel: placed.laterLevel,
      formatChecking: worst(placed.placement, read.conclusion, content.conclusion),
      claimedSigningTime: signature.signingTime,
      followsFormat: read.conclusion.indication === "PASSED",
      outerTimestamps: outer,
      signedEnd: placed.coverage.end,
    },
    process.pool,
    process.crypto,
  );
}

/** The CMS in /Contents: one SignedData with exactly one signer (EN 319 142-1 §5.3, ISO 32000-2 §12.8.3.3). */
function readContents(signature: PdfSignature): { signedData: SignedData | null; conclusion: Conclusion } {
  const format = (...findings: Parameters<typeof finding>) => failed("FORMAT_FAILURE", finding(...findings));
  let signedData: SignedData;
  try {
    signedData = parseSignedData(signature.contents);
  } catch (error) {
    if (!(error instanceof SignaturesError)) throw error;
    return { signedData: null, conclusion: format("SIGNATURE_MALFORMED", { reason: error.message }) };
  }
  const count = signedData.signerInfos.length;
  if (count === 0) return { signedData: null, conclusion: format("SIGNATURE_MALFORMED", { reason: "no signer" }) };
  if (count > 1)
    return { signedData, conclusion: format("SIGNATURE_MALFORMED", { reason: `${count} signers in one field` }) };
  const followed = signature.problems.includes("contents-followed-by-octets");
  return { signedData, conclusion: followed ? passed(finding("CONTENTS_FOLLOWED")) : passed() };
}

/**
 * The octets under the message digest: the ranges of the file; for adbe.pkcs7.sha1 the encapsulated SHA-1 digest of them
 * (ISO 32000-1 §12.8.3.3.1).
 */
function signedContent(
  signature: PdfSignature,
  signedData: SignedData,
  ranges: readonly Uint8Array[],
  process: ValidationProcess,
): { chunks: readonly Uint8Array[]; conclusion: Conclusion } {
  if (signature.subFilter === "adbe.pkcs7.sha1") {
    const digest = process.crypto.digest("sha1", ...ranges);
    if (!signedData.content || !equalBytes(signedData.content, digest)) {
      const mismatch = finding("HASH_MISMATCH", { what: "adbe.pkcs7.sha1" });
      // Over the true digest the message digest cannot match either: the mathematics says broken as well.
      return { chunks: [digest], conclusion: failed("HASH_FAILURE", mismatch) };
    }
    return { chunks: [digest], conclusion: passed() };
  }
  const findings = [];
  if (!DETACHED.has(signature.subFilter ?? "")) {
    findings.push(finding("SUBFILTER_UNKNOWN", { subFilter: signature.subFilter ?? "-" }, "warning"));
  }
  if (signedData.content && signedData.content.length > 0)
    findings.push(finding("ENCAPSULATED_CONTENT", {}, "warning"));
  return { chunks: ranges, conclusion: passed(...findings) };
}
