import { CertsError } from "@hocba/certs";
import { equalBytes, readWhole } from "@hocba/certs/der";
import { derForm } from "../cms/der-form.ts";
import { SignaturesError } from "../errors.ts";

/**
 * An ASN.1 structure as it stands and, where that is another one, in DER: writers of evidence records digest either. What cannot be
 * brought into DER has the form it has.
 */
export function encodings(asIs: Uint8Array): Uint8Array[] {
  try {
    const canonical = derForm(readWhole(asIs, { ber: true }));
    return equalBytes(asIs, canonical) ? [asIs] : [asIs, canonical];
  } catch (error) {
    if (error instanceof CertsError || error instanceof SignaturesError) return [asIs];
    throw error;
  }
}
