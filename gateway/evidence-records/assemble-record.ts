import {
  evidenceRecordFor,
  type HashTree,
  renewHashTree,
  renewTimestamp,
  StampedTree,
} from "@hocba/signatures/evidence-records";
import type { PlacedChain, PlacedToken } from "./record-book.ts";

/**
 * The evidence record of one document, DER (RFC 4998 §3.1); null while it has no token. Its cost is that of the document's own
 * tokens, whatever shares them. @throws SignaturesError TSP_WRONG_IMPRINT, TSP_MALFORMED when the book was tampered with
 */
export function assembleRecord(chains: readonly PlacedChain[]): Uint8Array | null {
  let record: Uint8Array | null = null;
  for (const { digestAlgorithm, tokens } of chains) {
    for (const [i, token] of tokens.entries()) {
      const stamped = stampedTree(token, digestAlgorithm);
      if (record === null) record = evidenceRecordFor(stamped, 0);
      else record = i === 0 ? renewHashTree(record, stamped, 0) : renewTimestamp(record, stamped, 0);
    }
  }
  return record;
}

/** The tree as far as it concerns one document. */
function stampedTree({ path, root, token }: PlacedToken, digestAlgorithm: HashTree["digestAlgorithm"]): StampedTree {
  return new StampedTree(
    { digestAlgorithm, root, size: 1, reducedHashTree: () => path?.map((l) => [...l]) ?? null },
    token,
  );
}
