import type { CryptoProvider } from "@hocba/certs/crypto";
import { SignaturesError } from "../errors.ts";
import {
  DS_NS,
  elementAtPath,
  elementById,
  encodeBase64,
  isXadesNamespace,
  parseXml,
  type XmlDocument,
  type XmlElement,
} from "../xml/index.ts";
import { existingSignatures } from "./covered-places.ts";
import { splice, utf8Offsets } from "./splice.ts";
import { insertionIndex, insertionInto, referenceDigest } from "./xades.ts";
import type { XadesPlacement } from "./xades-spec.ts";
import { canonicalSignatureValue, unsignedProperties } from "./xades-text.ts";

/**
 * Puts a signature that was prepared on an earlier state of the document into its present one: others may have signed
 * their own parts meanwhile. Refused when what was signed has changed, or when it would break a signature that is there.
 * @throws SignaturesError XML_UNSUPPORTED (what was signed has changed), XML_HOLDER_TAKEN, XML_HOLDER_INSIDE_REFERENCE,
 * XML_MISSING_ELEMENT, XML_DUPLICATE_ID, and what parsing throws
 */
export function embedXades(
  document: Uint8Array,
  placement: XadesPlacement,
  signatureValue: Uint8Array,
  timestampToken: Uint8Array | null,
  crypto: CryptoProvider,
): Uint8Array {
  const parsed = parseUtf8(document);
  const holder = elementAtPath(parsed.root, placement.holder);
  if (holder.first("Signature", DS_NS)) throw new SignaturesError("XML_HOLDER_TAKEN", "the place holds a signature");
  if (parsed.ids.has(placement.signatureId)) {
    throw new SignaturesError("XML_DUPLICATE_ID", `Id ${placement.signatureId} is in use`);
  }
  existingSignatures(parsed).mayChange(holder);
  const target = elementById(parsed, placement.reference.slice(1));
  if (referenceDigest(target, crypto) !== placement.digest) {
    throw new SignaturesError("XML_UNSUPPORTED", "what was signed has changed since");
  }
  const { text, valueAt, unsignedAt } = placement.signature;
  const unsigned = timestampToken ? unsignedProperties(placement.signatureId, timestampToken) : "";
  const whole =
    text.slice(0, valueAt) +
    encodeBase64(signatureValue) +
    text.slice(valueAt, unsignedAt) +
    unsigned +
    text.slice(unsignedAt);
  const [at] = utf8Offsets(parsed.text, [insertionIndex(holder)]);
  return splice(document, [insertionInto(holder, at!, whole)]);
}

/**
 * Raises a signature of ours from B to T in a finished document. Refused where a later signature covers the place: such a
 * stamp would break it (time stamps of teachers must be there before the principal signs).
 * @throws SignaturesError XML_HOLDER_INSIDE_REFERENCE, XML_MISSING_ELEMENT, XML_DUPLICATE_ID, XML_HOLDER_TAKEN (has a
 * time stamp), XML_UNSUPPORTED (not XAdES), and what parsing throws
 */
export function addSignatureTimestamp(document: Uint8Array, signatureId: string, token: Uint8Array): Uint8Array {
  const parsed = parseUtf8(document);
  const signature = elementById(parsed, signatureId);
  const properties = qualifyingProperties(signature);
  if (properties.first("UnsignedProperties")) {
    throw new SignaturesError("XML_HOLDER_TAKEN", "the signature has unsigned properties already");
  }
  existingSignatures(parsed).mayChange(properties, signature);
  const [at] = utf8Offsets(parsed.text, [properties.contentEnd]);
  return splice(document, [{ at: at!, remove: 0, text: unsignedProperties(signatureId, token) }]);
}

/** Octets under the imprint of the time stamp `addSignatureTimestamp` takes. */
export function lateTimestampInput(signatureId: string, signatureValue: Uint8Array): Uint8Array {
  return canonicalSignatureValue(signatureId, signatureValue);
}

function parseUtf8(document: Uint8Array): XmlDocument {
  const parsed = parseXml(document);
  if (parsed.encoding !== "utf-8") throw new SignaturesError("XML_UNSUPPORTED", "signing needs UTF-8");
  return parsed;
}

function qualifyingProperties(signature: XmlElement): XmlElement {
  for (const object of signature.elements("Object", DS_NS)) {
    const found = object.first("QualifyingProperties");
    if (found && isXadesNamespace(found.uri) && found.prefix === "xades") return found;
  }
  throw new SignaturesError("XML_UNSUPPORTED", "not a XAdES signature of ours");
}
