import { CertsError } from "@hocba/certs";
import { SignaturesError } from "../errors.ts";

export function malformed(what: string, cause?: unknown): SignaturesError {
  return new SignaturesError("EVIDENCE_RECORD_MALFORMED", what, { cause });
}

/** Runs a reader; what is wrong with the DER, the XML or a token inside becomes EVIDENCE_RECORD_MALFORMED with the cause kept. */
export function readingEvidenceRecord<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof SignaturesError && error.code.startsWith("EVIDENCE_RECORD_")) throw error;
    if (error instanceof CertsError || error instanceof SignaturesError) throw malformed(error.message, error);
    throw error;
  }
}

/**
 * Bounds. Every chain digests all chains before it, so that their number is kept low: hash tree renewal follows the life of digest
 * algorithms, time stamp renewal that of certificates.
 */
export const MAX_RECORD = 8 * 1024 * 1024;
export const MAX_CHAINS = 30;
export const MAX_TIMESTAMPS = 200;
export const MAX_LISTS = 64;
export const MAX_LIST_LENGTH = 20_000;
export const MAX_DIGEST = 64;
