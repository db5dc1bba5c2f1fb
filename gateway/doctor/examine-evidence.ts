import { HocbaError } from "@hocba/certs";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { fileObject, parseEvidenceRecord, verifyEvidenceRecord } from "@hocba/signatures/evidence-records";
import type { DocumentEvidence } from "../evidence-records/index.ts";
import type { DocumentRecord } from "../ledger/index.ts";
import type { BlobStore } from "../store/index.ts";
import { type Complaint, complain } from "./complaint.ts";

export interface EvidenceOf {
  /** The record of a document; null when it gets none. */
  ofDocument(documentId: string): DocumentEvidence | null;
  /** True when the profile's documents get records, and this one was issued before the book was last brought up to date. */
  isDue(document: DocumentRecord): Promise<boolean>;
}

/** An issued document has the record it should have, over a file of its own, and the record holds for that file. */
export async function* examineEvidence(
  document: DocumentRecord,
  evidence: EvidenceOf,
  store: Pick<BlobStore, "get">,
): AsyncGenerator<Complaint> {
  try {
    const found = evidence.ofDocument(document.id);
    if (found === null) {
      if (await evidence.isDue(document)) yield complain(document.id, "evidence-missing");
      return;
    }
    const { sha256, record } = found;
    if (record === null) return;
    const file = fileObject(nodeCrypto, await store.get(sha256));
    const { verdict, findings } = verifyEvidenceRecord(parseEvidenceRecord(record), [file], { crypto: nodeCrypto });
    if (verdict !== "intact") yield complain(document.id, "evidence-broken", { verdict, findings });
  } catch (error) {
    if (!(error instanceof HocbaError)) throw error;
    yield complain(document.id, "evidence-broken", { code: error.code });
  }
}
