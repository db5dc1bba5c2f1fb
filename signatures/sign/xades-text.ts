import type { CryptoProvider } from "@hocba/certs/crypto";
import { SignaturesError } from "../errors.ts";
import {
  DS_NS,
  ECDSA_SHA256,
  EXC_C14N,
  encodeBase64,
  escapeAttribute,
  escapeText,
  RSA_PSS_SHA256,
  RSA_SHA256,
  SHA256,
  XADES_132_NS,
} from "../xml/index.ts";
import type { SignerIdentity, SigningAlgorithm } from "./two-phase.ts";
import type { XadesSpec } from "./xades-spec.ts";

const DS = ` xmlns:ds="${DS_NS}"`;
const XADES = ` xmlns:xades="${XADES_132_NS}"`;
/** Type of the reference to SignedProperties (EN 319 132-1 §4.4.2). */
const SIGNED_PROPERTIES_TYPE = "http://uri.etsi.org/01903#SignedProperties";
const encoder = new TextEncoder();

const METHODS: Readonly<Record<SigningAlgorithm, string>> = {
  "rsa-pkcs1-sha256": RSA_SHA256,
  "rsa-pss-sha256": RSA_PSS_SHA256,
  "ecdsa-p256-sha256": ECDSA_SHA256,
};

/** The text of a ds:Signature with its value missing, and the octets the key signs. */
export interface SignatureText {
  text: string;
  valueAt: number;
  unsignedAt: number;
  toBeSigned: Uint8Array;
}

/**
 * Writes a signature so that the canonical form of each signed part is known without parsing it again: every signed element
 * is written as Exclusive C14N would, and differs from it only by the namespace declarations that stand further out.
 * @param digest base64 of the digest of the referenced element's exclusive canonical form
 */
export function signatureText(
  signer: SignerIdentity,
  spec: XadesSpec,
  digest: string,
  crypto: CryptoProvider,
): SignatureText {
  const id = spec.signatureId;
  const plain = spec.form === "xmldsig";
  const properties = plain ? plainProperties(spec) : signedProperties(signer, spec, crypto);
  const propertiesDigest = encodeBase64(crypto.digest("sha256", encoder.encode(properties(true))));
  const references =
    reference({ Id: `${id}-ref`, URI: spec.reference }, digest) +
    (plain
      ? reference({ URI: `#${id}-object` }, propertiesDigest)
      : reference({ Type: SIGNED_PROPERTIES_TYPE, URI: `#${id}-props` }, propertiesDigest));
  const signedInfo = (declarations: string) =>
    `<ds:SignedInfo${declarations}>${empty("ds:CanonicalizationMethod", EXC_C14N)}${empty("ds:SignatureMethod", METHODS[signer.algorithm])}${references}</ds:SignedInfo>`;
  const head = `<ds:Signature${DS} Id="${id}">${signedInfo("")}<ds:SignatureValue Id="${id}-value">`;
  const keyInfo = `</ds:SignatureValue><ds:KeyInfo><ds:X509Data>${[signer.certificate, ...signer.chain]
    .map((c) => `<ds:X509Certificate>${encodeBase64(c)}</ds:X509Certificate>`)
    .join("")}</ds:X509Data></ds:KeyInfo>`;
  const body = plain
    ? head + keyInfo + properties(false)
    : `${head}${keyInfo}<ds:Object><xades:QualifyingProperties${XADES} Target="#${id}">${properties(false)}`;
  const tail = plain ? "</ds:Signature>" : "</xades:QualifyingProperties></ds:Object></ds:Signature>";
  return {
    text: body + tail,
    valueAt: head.length,
    unsignedAt: body.length,
    toBeSigned: encoder.encode(signedInfo(DS)),
  };
}

const empty = (name: string, algorithm: string, declarations = ""): string =>
  `<${name}${declarations} Algorithm="${algorithm}"></${name}>`;

// Attributes are given in the order of canonical form.
function reference(attributes: Record<string, string>, digest: string): string {
  const written = Object.entries(attributes).map(([name, value]) => ` ${name}="${escapeAttribute(value)}"`);
  return (
    `<ds:Reference${written.join("")}><ds:Transforms>${empty("ds:Transform", EXC_C14N)}</ds:Transforms>` +
    `${empty("ds:DigestMethod", SHA256)}<ds:DigestValue>${digest}</ds:DigestValue></ds:Reference>`
  );
}

/** SignedProperties of the B level (EN 319 132-1 §6.3): in canonical form, or as it stands inside ds:Signature. */
function signedProperties(
  signer: SignerIdentity,
  spec: XadesSpec,
  crypto: CryptoProvider,
): (canonical: boolean) => string {
  const id = spec.signatureId;
  const certificateDigest = encodeBase64(crypto.digest("sha256", signer.certificate));
  const role =
    spec.claimedRole === undefined
      ? ""
      : `<xades:SignerRoleV2><xades:ClaimedRoles><xades:ClaimedRole>${escapeText(spec.claimedRole)}</xades:ClaimedRole></xades:ClaimedRoles></xades:SignerRoleV2>`;
  return (canonical) => {
    const ds = canonical ? DS : "";
    return (
      `<xades:SignedProperties${canonical ? XADES : ""} Id="${id}-props"><xades:SignedSignatureProperties>` +
      `<xades:SigningTime>${isoSeconds(spec.signingTime)}</xades:SigningTime>` +
      `<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>${empty("ds:DigestMethod", SHA256, ds)}` +
      `<ds:DigestValue${ds}>${certificateDigest}</ds:DigestValue></xades:CertDigest></xades:Cert></xades:SigningCertificateV2>` +
      `${role}</xades:SignedSignatureProperties><xades:SignedDataObjectProperties>` +
      `<xades:DataObjectFormat ObjectReference="#${id}-ref"><xades:MimeType>${escapeText(spec.mimeType ?? "text/xml")}</xades:MimeType></xades:DataObjectFormat>` +
      "</xades:SignedDataObjectProperties></xades:SignedProperties>"
    );
  };
}

/** The signed ds:Object of plain XMLDSig, in the shape of the tax authority's and the vendors' files. */
function plainProperties(spec: XadesSpec): (canonical: boolean) => string {
  const id = spec.signatureId;
  return (canonical) =>
    `<ds:Object${canonical ? DS : ""} Id="${id}-object"><SignatureProperties><SignatureProperty Id="${id}-property" Target="#${id}">` +
    `<SigningTime>${isoSeconds(spec.signingTime)}</SigningTime></SignatureProperty></SignatureProperties></ds:Object>`;
}

/** UnsignedProperties with one signature time stamp (EN 319 132-1 §5.3). */
export function unsignedProperties(signatureId: string, token: Uint8Array): string {
  return (
    `<xades:UnsignedProperties><xades:UnsignedSignatureProperties><xades:SignatureTimeStamp Id="${signatureId}-tst">` +
    `${empty("ds:CanonicalizationMethod", EXC_C14N)}<xades:EncapsulatedTimeStamp>${encodeBase64(token)}</xades:EncapsulatedTimeStamp>` +
    "</xades:SignatureTimeStamp></xades:UnsignedSignatureProperties></xades:UnsignedProperties>"
  );
}

/** Exclusive canonical form of ds:SignatureValue: what the time stamp is taken of. */
export function canonicalSignatureValue(signatureId: string, value: Uint8Array): Uint8Array {
  return encoder.encode(`<ds:SignatureValue${DS} Id="${signatureId}-value">${encodeBase64(value)}</ds:SignatureValue>`);
}

function isoSeconds(time: Date): string {
  if (Number.isNaN(time.getTime())) throw new SignaturesError("XML_UNSUPPORTED", "the signing time is no time");
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}
