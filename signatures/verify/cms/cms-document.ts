import { CmsOid } from "../../cms/oids.ts";
import type { SignedData } from "../../cms/signed-data.ts";
import { parseSignedData } from "../../cms/signed-data.ts";
import type { SignatureCandidate } from "../candidate.ts";
import { passed } from "../conclusion.ts";
import type { ValidationProcess } from "../validation-process.ts";
import { cmsCandidates, readTimestampToken, timestampCandidate } from "./cms-candidate.ts";

const latin1 = new TextDecoder("latin1");

/**
 * The signatures of a CMS file: attached (p7m), detached (p7s, its content given with the call), or a time-stamp token.
 * @throws SignaturesError CMS_MALFORMED
 */
export function readCmsDocument(bytes: Uint8Array, process: ValidationProcess): SignatureCandidate[] {
  const signedData = parseSignedData(decodeArmour(bytes));
  for (const signer of signedData.signerInfos) process.addEvidenceOf(signedData, signer);
  if (signedData.contentType === CmsOid.tstInfo) return [tokenCandidate(signedData, process)];
  const detached = process.context.detachedContent;
  const content = signedData.content ? [signedData.content] : detached ? [detached] : null;
  return signedData.signerInfos.flatMap((signer, i) =>
    cmsCandidates(
      signedData,
      signer,
      {
        id: String(i + 1),
        format: "CMS",
        content,
        contentType: signedData.contentType,
        coverage: content ? "whole-file" : "unclear",
        laterChanges: "none",
      },
      process.pool,
      process.crypto,
    ),
  );
}

/** A token alone: what it stamps is the content given with the call; without it only the token itself is judged. */
function tokenCandidate(signedData: SignedData, process: ValidationProcess): SignatureCandidate {
  const token = readTimestampToken(signedData.element.raw);
  const content = process.context.detachedContent;
  const stamp = timestampCandidate("document", token, () => (content ? [[content]] : null));
  return {
    id: "1",
    format: "DocTimeStamp",
    formatChecking: passed(),
    followsFormat: true,
    named: [],
    references: null,
    verify: () => ({ integrity: "unknown", problem: null, findings: [] }),
    claimedSigningTime: null,
    timestamps: [],
    coverage: content ? "whole-file" : "unclear",
    laterChanges: "none",
    laterLevel: "none",
    covers: [],
    signedEnd: null,
    counterSignature: false,
    documentTimestamp: stamp,
  };
}

/** PEM or bare base64 around the CMS, as mail and web tools save it. */
function decodeArmour(bytes: Uint8Array): Uint8Array {
  if (bytes[0] === 0x30) return bytes;
  const text = latin1.decode(bytes);
  const body = /-----BEGIN [A-Z0-9 ]+-----([\s\S]*?)-----END/.exec(text)?.[1] ?? text;
  try {
    const binary = atob(body.replaceAll(/\s+/g, ""));
    return Uint8Array.from(binary, (c) => c.charCodeAt(0));
  } catch {
    // Not base64 either: the reader of CMS says so in its own words.
    return bytes;
  }
}
