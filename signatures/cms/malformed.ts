import { CertsError } from "@hocba/certs";
import { SignaturesError } from "../errors.ts";

export function malformed(what: string, cause?: unknown): SignaturesError {
  return new SignaturesError("CMS_MALFORMED", what, { cause });
}

/** Runs a reader; what is wrong with the DER becomes CMS_MALFORMED with the cause kept. */
export function readingCms<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof CertsError) throw malformed(`${what}: ${error.message}`, error);
    throw error;
  }
}
