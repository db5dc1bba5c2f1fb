import { nodeCrypto } from "@hocba/certs/crypto/node";
import { SignaturesError } from "@hocba/signatures";
import { openPdf, signatureFields } from "@hocba/signatures/pdf";
import {
  appendValidationData,
  completeDocumentTimestampInPlace,
  openPlace,
  prepareDocumentTimestamp,
  raiseToT,
} from "@hocba/signatures/sign";
import type { AskStamp, LevelFormat } from "./level-format.ts";
import { mergeValidationData } from "./validation-data-collector.ts";

/** PAdES (EN 319 142-1 §5.4, §6): document security store with VRI, document time stamps; each an incremental update. */
export const pdfLevels: LevelFormat = {
  raisable: (_, parts) => parts.signatures.filter((s) => s.signer).map((s) => s.id),
  bare: (_, { signatures }) => {
    const lastStamp = signatures.findLastIndex((s) => s.signer === null);
    return signatures.filter((s, i) => s.signer && s.stamps.length === 0 && i > lastStamp).map((s) => s.id);
  },
  // One time stamp over the document raises all of its signatures (§6.3, B-T). The place within the last signature would take
  // one for that signature alone, and would change octets of a file that was handed out.
  stampLate: (document, _, ask) => stampDocument(document, ask),
  async stampBare(document, parts, ask) {
    const bare = pdfLevels.bare(document, parts);
    const [only] = bare;
    if (!only) return document;
    if (bare.length === 1 && only === parts.signatures.at(-1)?.id) {
      const raised = await raiseInPlace(document, only, ask);
      if (raised) return raised;
    }
    return stampDocument(document, ask);
  },
  addData: (document, data) =>
    appendValidationData(document, mergeValidationData([...data.values()]), nodeCrypto, data),
  archive: (document, _, ask) => stampDocument(document, ask),
};

/** Null when its place does not take the token or something follows it: a document time stamp then serves (§6.3, B-T). */
async function raiseInPlace(document: Uint8Array, fieldName: string, ask: AskStamp): Promise<Uint8Array | null> {
  try {
    const { timestampInput } = openPlace(document, fieldName);
    return raiseToT(document, fieldName, await ask(nodeCrypto.digest("sha256", timestampInput)));
  } catch (error) {
    const codes = ["PDF_CERTIFIED_NO_CHANGES", "RESERVED_PLACE_TOO_SMALL"];
    if (error instanceof SignaturesError && codes.includes(error.code)) return null;
    throw error;
  }
}

async function stampDocument(document: Uint8Array, ask: AskStamp): Promise<Uint8Array> {
  const taken = new Set(signatureFields(openPdf(document)).map((s) => s.fieldName));
  let n = 1;
  while (taken.has(`DocTimeStamp${n}`)) n++;
  const prepared = prepareDocumentTimestamp(document, { fieldName: `DocTimeStamp${n}` }, nodeCrypto);
  return completeDocumentTimestampInPlace(prepared, await ask(prepared.messageImprint));
}
