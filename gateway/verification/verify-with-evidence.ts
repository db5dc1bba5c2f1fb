import type { EvidenceFetcher } from "@hocba/certs/online";
import { type VerificationContext, type VerificationReport, verifyDocument } from "@hocba/signatures/verify";

/** Each round may reveal further addresses: an issuer's certificate leads to its CRL. */
const ROUNDS = 4;

/**
 * Verifies a document, fetches what was missing, and verifies again, until nothing new is wanted or can be had. What was fetched
 * is evidence like any other: the verifier checks its signatures.
 * @param fetcher null for no network
 */
export async function verifyWithEvidence(
  bytes: Uint8Array,
  context: VerificationContext,
  fetcher: EvidenceFetcher | null,
): Promise<VerificationReport> {
  const asked = new Set<string>();
  let enriched = context;
  for (let round = 0; ; round++) {
    const { report, wanted } = verifyDocument(bytes, enriched);
    const fresh = wanted.filter((request) => !asked.has(`${request.kind} ${request.url}`));
    if (!fetcher || fresh.length === 0 || round >= ROUNDS) return report;
    for (const request of fresh) asked.add(`${request.kind} ${request.url}`);
    const crls: Uint8Array[] = [];
    const ocspResponses: Uint8Array[] = [];
    const certificates: Uint8Array[] = [];
    for (const result of await fetcher.fetch(fresh)) {
      if (!result.ok) continue;
      const list = { crl: crls, ocsp: ocspResponses, "issuer-certificate": certificates }[result.request.kind];
      list.push(...result.items);
    }
    if (crls.length + ocspResponses.length + certificates.length === 0) return report;
    enriched = {
      ...enriched,
      crls: [...enriched.crls, ...crls],
      ocspResponses: [...enriched.ocspResponses, ...ocspResponses],
      certificates: [...enriched.certificates, ...certificates],
    };
  }
}
