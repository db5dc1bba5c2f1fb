import { CertsError } from "@hocba/certs";
import type { CryptoProvider } from "@hocba/certs/crypto";
import { SignaturesError } from "../../errors.ts";
import type { DataObject } from "../../evidence-records/data-object.ts";
import type { EvidenceRecord } from "../../evidence-records/evidence-record.ts";
import { type EvidenceRecordResult, verifyEvidenceRecord } from "../../evidence-records/verify-evidence-record.ts";
import type { TimestampCandidate } from "../candidate.ts";
import { finding } from "../findings.ts";

/**
 * The archive time stamps of an evidence record as time stamps of the signature it covers (EN 319 102-1 §5.6.2.3: proofs of
 * existence from evidence records). What breaks the record anywhere takes the proof from all of them.
 * @param read called at once; what is thrown as malformed becomes a time stamp that cannot be read
 */
export function evidenceRecordCandidates(
  read: () => EvidenceRecord,
  dataObjects: readonly DataObject[],
  crypto: CryptoProvider,
): TimestampCandidate[] {
  const common = { type: "evidence-record", archival: true, imprintInputs: () => [] } as const;
  let result: EvidenceRecordResult;
  try {
    result = verifyEvidenceRecord(read(), dataObjects, { crypto });
  } catch (error) {
    if (!(error instanceof SignaturesError) && !(error instanceof CertsError)) throw error;
    const problem = finding("EVIDENCE_RECORD_MALFORMED", { reason: error.message });
    return [{ ...common, token: null, problem, faults: [problem] }];
  }
  const faults =
    result.verdict === "broken" ? [finding("EVIDENCE_RECORD_BROKEN", { reason: result.findings.join(", ") })] : [];
  return result.timestamps.map((t) => ({
    ...common,
    token: t.token,
    problem: null,
    faults,
    imprintHolds: result.verdict === "indeterminate" ? null : t.imprintMatches,
  }));
}
