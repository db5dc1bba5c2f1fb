import {
  contextConstructed,
  contextPrimitive,
  type Element,
  equalBytes,
  readInteger,
  readIntegerHex,
  readOctetString,
  setOf,
  Tag,
  toHex,
} from "@hocba/certs/der";
import { type AlgorithmIdentifier, readAlgorithmIdentifier } from "./algorithm-identifier.ts";
import { AttributeSet } from "./attributes.ts";
import { derForm, isDerForm } from "./der-form.ts";
import { malformed } from "./malformed.ts";

/** How a SignerInfo names its certificate (RFC 5652 §5.3). Issuer and key identifier as raw octets. */
export type SignerIdentifier =
  | { readonly kind: "issuer-serial"; readonly issuer: Uint8Array; readonly serial: string }
  | { readonly kind: "key-id"; readonly keyId: Uint8Array };

/** SignerInfo (RFC 5652 §5.3). */
export interface SignerInfo {
  readonly element: Element;
  readonly version: number;
  readonly sid: SignerIdentifier;
  readonly digestAlgorithm: AlgorithmIdentifier;
  readonly signedAttributes: AttributeSet | null;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  readonly unsignedAttributes: AttributeSet | null;
  /** The fields in order, as archive time stamps v2 and v3 digest them. */
  readonly fields: readonly Element[];
}

/** @throws SignaturesError CMS_MALFORMED, CertsError DER_MALFORMED */
export function readSignerInfo(e: Element): SignerInfo {
  const fields = e.expect(Tag.SEQUENCE, "SignerInfo").children();
  let at = 0;
  const next = (what: string): Element => {
    const field = fields[at++];
    if (!field) throw malformed(`SignerInfo: ${what} is missing`);
    return field;
  };
  const version = readInteger(next("version"));
  const sid = readSignerIdentifier(next("sid"));
  const digestAlgorithm = readAlgorithmIdentifier(next("digestAlgorithm"));
  const signed = fields[at]?.tag === contextConstructed(0) ? fields[at++]! : null;
  const signatureAlgorithm = readAlgorithmIdentifier(next("signatureAlgorithm"));
  const signature = readOctetString(next("signature"));
  const unsigned = fields[at]?.tag === contextConstructed(1) ? fields[at++]! : null;
  return {
    element: e,
    version,
    sid,
    digestAlgorithm,
    signedAttributes: signed && new AttributeSet(signed),
    signatureAlgorithm,
    signature,
    unsignedAttributes: unsigned && new AttributeSet(unsigned),
    fields,
  };
}

function readSignerIdentifier(e: Element): SignerIdentifier {
  if (e.tag === contextPrimitive(0) || e.tag === contextConstructed(0)) {
    return { kind: "key-id", keyId: readOctetString(e, contextPrimitive(0)) };
  }
  const [issuer, serial] = e.expect(Tag.SEQUENCE, "IssuerAndSerialNumber").children();
  if (!issuer || !serial) throw malformed("IssuerAndSerialNumber: a part is missing");
  return { kind: "issuer-serial", issuer: issuer.raw, serial: readIntegerHex(serial) };
}

/**
 * The octets the signature was made over: the signed attributes as a SET (RFC 5652 §5.4). The first form is the one in
 * the file; where that is not DER, its DER form follows, since signers and verifiers differ on which of the two counts.
 */
export function signedAttributesForms(signer: SignerInfo): Uint8Array[] {
  if (!signer.signedAttributes) return [];
  const { element } = signer.signedAttributes;
  const asIs = new Uint8Array(element.raw);
  asIs[0] = Tag.SET;
  if (isDerForm(asIs, 0, asIs.length)) return [asIs];
  const canonical = setOf(...element.children().map((child) => derForm(child)));
  return equalBytes(asIs, canonical) ? [asIs] : [asIs, canonical];
}

/** `issuer` and `serial`, or the key identifier, as text for messages. */
export function signerIdentifierText(sid: SignerIdentifier): string {
  return sid.kind === "key-id" ? `key identifier ${toHex(sid.keyId)}` : `serial number ${sid.serial}`;
}
