import { CmsOid } from "../../cms/oids.ts";
import type { SignedData } from "../../cms/signed-data.ts";
import { parseSignedData } from "../../cms/signed-data.ts";
import { indexOf } from "../../pdf/parser.ts";
import type { SignatureCandidate } from "../candidate.ts";
import { type Conclusion, failed, passed } from "../conclusion.ts";
import { finding } from "../findings.ts";
import type { ValidationProcess } from "../validation-process.ts";
import { cmsCandidates, readTimestampToken, timestampCandidate } from "./cms-candidate.ts";

const latin1 = new TextDecoder("latin1");

/**
 * The signatures of a CMS file: attached (p7m), detached (p7s, its content given with the call), or a time-stamp token.
 * @throws SignaturesError CMS_MALFORMED
 */
export function readCmsDocument(bytes: Uint8Array, process: ValidationProcess): SignatureCandidate[] {
  const octets = decodeArmour(bytes);
  const signedData = parseSignedData(octets);
  for (const signer of signedData.signerInfos) process.addEvidenceOf(signedData, signer);
  if (signedData.contentType === CmsOid.tstInfo) return [tokenCandidate(signedData, process)];
  const detached = process.context.detachedContent;
  // Who asks about a content wants to know of that one, not of another that the CMS brings along.
  const given = detached ?? signedData.content;
  const content = given ? [given] : null;
  const formatChecking = nothingElse(octets, signedData);
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
        formatChecking,
      },
      process.pool,
      process.crypto,
    ),
  );
}

/** Where viewers look for the header of a PDF (ISO 32000-1 annex H, note 13). */
const PDF_HEADER_WITHIN = 1024;
/** Line ends and zeros that tools leave behind a file. */
const FILLING = new Set([0, 10, 13, 26, 32]);

/**
 * The file is the SignedData and nothing else that a viewer would show in its stead: no octets behind it, and no PDF in a part
 * that no signature covers, such as the digest algorithms or the certificates.
 */
function nothingElse(octets: Uint8Array, signedData: SignedData): Conclusion {
  const { element, contentElement } = signedData;
  const wrong = (reason: string) => failed("FORMAT_FAILURE", finding("SIGNATURE_MALFORMED", { reason }));
  for (let at = element.end; at < octets.length; at++)
    if (!FILLING.has(octets[at]!)) return wrong("octets behind the end of the signature");
  const header = indexOf(octets, "%PDF-", 0, PDF_HEADER_WITHIN + 5);
  if (header < 0) return passed();
  const inContent = contentElement && header >= contentElement.start && header < contentElement.end;
  if (!inContent || indexOf(octets, "startxref", contentElement.end) >= 0)
    return wrong("a PDF outside the signed content");
  return passed();
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
