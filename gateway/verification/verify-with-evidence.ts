import type { EvidenceFetcher, EvidenceRequest } from "@hocba/certs/online";
import { type VerificationContext, type VerificationReport, verifyDocument } from "@hocba/signatures/verify";

/** Each round may reveal further addresses, as an issuer's certificate leads to its CRL; chains are short. */
const MOST_ROUNDS = 6;

/** Evidence that was fetched for a verification, in the order it came. */
export interface FetchedEvidence {
  request: EvidenceRequest;
  items: readonly Uint8Array[];
}

/**
 * Verifies a document, fetches what was missing, and verifies again, until nothing new is wanted or can be had. What was fetched
 * is evidence like any other: the verifier checks its signatures. What cannot be fetched stays lacking, and the report says so.
 * @param fetcher null for no network
 */
export async function verifyWithEvidence(
  bytes: Uint8Array,
  context: VerificationContext,
  fetcher: Pick<EvidenceFetcher, "fetch"> | null,
  onEvidence?: (evidence: FetchedEvidence) => void,
): Promise<VerificationReport> {
  const asked = new Set<string>();
  let { certificates, crls, ocspResponses } = context;
  for (let round = 1; ; round++) {
    const { report, wanted } = verifyDocument(bytes, { ...context, certificates, crls, ocspResponses });
    if (fetcher === null || round === MOST_ROUNDS) return report;
    const fresh = wanted.filter((request) => {
      const key = evidenceKey(request);
      if (asked.has(key)) return false;
      asked.add(key);
      return true;
    });
    if (fresh.length === 0) return report;
    let found = 0;
    for (const result of await fetcher.fetch(fresh)) {
      if (!result.ok) continue;
      const { request, items } = result;
      found += items.length;
      onEvidence?.({ request, items });
      if (request.kind === "crl") crls = [...crls, ...items];
      else if (request.kind === "ocsp") ocspResponses = [...ocspResponses, ...items];
      else certificates = [...certificates, ...items];
    }
    if (found === 0) return report;
  }
}

/** One address serves many: an OCSP responder is asked for each certificate apart. */
export function evidenceKey({ kind, url, certificate }: EvidenceRequest): string {
  const of = kind === "ocsp" ? Buffer.from(certificate).toString("base64") : "";
  return `${kind} ${url} ${of}`;
}
