import { CertsError } from "@hocba/certs";
import type { CryptoProvider } from "@hocba/certs/crypto";
import { SignaturesError } from "../../errors.ts";
import { fileObject } from "../../evidence-records/data-object.ts";
import { parseEvidenceRecord } from "../../evidence-records/parse-evidence-record.ts";
import { verifyEvidenceRecord } from "../../evidence-records/verify-evidence-record.ts";
import type { TimestampCandidate } from "../candidate.ts";
import { evidenceRecordCandidates } from "./evidence-record-candidates.ts";

const MAX_RECORDS = 100;

/**
 * Evidence records that came beside the file and cover it as a whole, as time stamps of every signature in it. Records of
 * other files are passed over, so that a folder of them may be given.
 */
export function fileEvidenceRecords(
  bytes: Uint8Array,
  records: readonly Uint8Array[],
  crypto: CryptoProvider,
): TimestampCandidate[] {
  const file = [fileObject(crypto, bytes)];
  return records.slice(0, MAX_RECORDS).flatMap((octets) => {
    const read = () => parseEvidenceRecord(octets);
    try {
      const [first] = verifyEvidenceRecord(read(), file, { crypto }).timestamps;
      const other = first!.findings.some((f) => f === "DATA_OBJECT_NOT_COVERED" || f === "IMPRINT_MISMATCH");
      if (other) return [];
    } catch (error) {
      if (!(error instanceof SignaturesError) && !(error instanceof CertsError)) throw error;
    }
    return evidenceRecordCandidates(read, file, crypto);
  });
}
