import {
  contextConstructed,
  der,
  type Element,
  readOctetString,
  readWhole,
  sequence,
  setOf,
  Tag,
} from "@hocba/certs/der";
import { SignaturesError } from "../errors.ts";

const malformed = (what: string): SignaturesError => new SignaturesError("CMS_MALFORMED", what);

interface SignerParts {
  contentType: Element;
  signedData: Element[];
  signerInfo: Element[];
}

/** Takes a SignedData with one SignerInfo apart. */
function take(cms: Uint8Array): SignerParts {
  const [contentType, content] = readWhole(cms).children();
  if (!contentType || !content) throw malformed("not a ContentInfo");
  const signedData = content.child().children();
  const signers = signedData.at(-1)?.expect(Tag.SET, "signerInfos").children() ?? [];
  if (signers.length !== 1) throw malformed("exactly one signer was expected");
  return { contentType, signedData, signerInfo: signers[0]!.children() };
}

/** The octets of SignerInfo.signature: what a signature time stamp is over. @throws SignaturesError CMS_MALFORMED */
export function signatureValueOf(cms: Uint8Array): Uint8Array {
  const value = take(cms).signerInfo.find((e) => e.tag === Tag.OCTET_STRING);
  if (!value) throw malformed("SignerInfo without signature");
  return readOctetString(value);
}

/**
 * The same SignedData with one more unsigned attribute (RFC 5652 §5.3); signed octets stay as they are.
 * @throws SignaturesError CMS_MALFORMED, CertsError DER_MALFORMED
 */
export function withUnsignedAttribute(cms: Uint8Array, attribute: Uint8Array): Uint8Array {
  const { contentType, signedData, signerInfo } = take(cms);
  const last = signerInfo.at(-1);
  const present = last?.tag === contextConstructed(1) ? last : null;
  const kept = present ? signerInfo.slice(0, -1) : signerInfo;
  const attributes = setOf(...(present?.children().map((e) => e.raw) ?? []), attribute);
  attributes[0] = contextConstructed(1);
  const signer = sequence(...kept.map((e) => e.raw), attributes);
  const parts = signedData.slice(0, -1).map((e) => e.raw);
  const body = sequence(...parts, der(Tag.SET, signer));
  return sequence(contentType.raw, der(contextConstructed(0), body));
}
