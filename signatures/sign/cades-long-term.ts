import type { CryptoProvider } from "@hocba/certs/crypto";
import {
  contextConstructed,
  der,
  type Element,
  integer,
  octetString,
  oid,
  readWhole,
  sequence,
  setOf,
  toHex,
} from "@hocba/certs/der";
import {
  attribute,
  CmsOid,
  digestAlgorithmIdentifier,
  parseSignedData,
  type SignedData,
  type SignerInfo,
  signatureTimestampAttribute,
} from "../cms/index.ts";
import { SignaturesError } from "../errors.ts";
import type { ValidationData } from "./pades-validation-data.ts";
import { signatureValueOf, withUnsignedAttribute } from "./unsigned-attribute.ts";

/** What the signature time stamp of a finished CAdES signature is over (EN 319 122-1 §5.3). @throws SignaturesError CMS_MALFORMED */
export function cadesTimestampInput(cms: Uint8Array): Uint8Array {
  return signatureValueOf(cms);
}

/** Raises a CAdES signature from B to T; the signature value stays the same. @throws SignaturesError CMS_MALFORMED */
export function addCadesTimestamp(cms: Uint8Array, token: Uint8Array): Uint8Array {
  return withUnsignedAttribute(cms, signatureTimestampAttribute(token));
}

/**
 * Raises a CAdES signature to LT: certificates and revocation data join SignedData.certificates and SignedData.crls (EN 319
 * 122-1 §6.3, requirements on B-LT), OCSP responses by RFC 5940. What is there already is not written twice; what is signed,
 * and what earlier archive time stamps list, stays as it is. @throws SignaturesError CMS_MALFORMED
 */
export function addCadesValidationData(cms: Uint8Array, data: ValidationData): Uint8Array {
  const parsed = parseSignedData(cms);
  const [contentType, explicit] = readWhole(cms).children();
  const fields = explicit?.child().children() ?? [];
  const [, digestAlgorithms, encapContentInfo] = fields;
  const signers = fields.at(-1);
  if (!contentType || !digestAlgorithms || !encapContentInfo || !signers) {
    throw new SignaturesError("CMS_MALFORMED", "SignedData is incomplete");
  }
  const ocsp = data.ocspResponses.map((response) =>
    der(contextConstructed(1), oid(CmsOid.revocationInfoOcsp), response),
  );
  const certificates = joined(parsed.certificatesElement, data.certificates);
  const crls = joined(parsed.crlsElement, [...data.crls, ...ocsp]);
  // RFC 5652 §5.1: other revocation information asks for version 5.
  const other = crls.some((item) => item[0] === contextConstructed(1));
  const body = sequence(
    integer(other ? 5 : parsed.version),
    digestAlgorithms.raw,
    encapContentInfo.raw,
    ...(certificates.length ? [implicitSet(0, certificates)] : []),
    ...(crls.length ? [implicitSet(1, crls)] : []),
    signers.raw,
  );
  return sequence(contentType.raw, der(contextConstructed(0), body));
}

/** The hash index and the digest an archive time stamp of a given state is over. */
export interface ArchiveTimestampRequest {
  /** SHA-256 to ask the authority for. */
  readonly messageImprint: Uint8Array;
  /** DER of ATSHashIndexV3, which goes into the token. */
  readonly hashIndex: Uint8Array;
}

/**
 * What the next archive-time-stamp-v3 is over (EN 319 122-1 §5.5.3): the content, the signer info, and by the hash index every
 * certificate, CRL, OCSP response and unsigned attribute value that is there now.
 * @param content what was signed; null when it is inside
 * @throws SignaturesError CMS_MALFORMED
 */
export function cadesArchiveTimestampRequest(
  cms: Uint8Array,
  content: Uint8Array | null,
  crypto: CryptoProvider,
): ArchiveTimestampRequest {
  const parsed = parseSignedData(cms);
  const signer = oneSigner(parsed);
  const signed = parsed.content ?? content;
  if (!signed) throw new SignaturesError("CMS_MALFORMED", "the content of a detached signature is needed");
  const hashIndex = buildHashIndex(parsed, signer, crypto);
  return {
    hashIndex,
    messageImprint: crypto.digest(
      "sha256",
      oid(parsed.contentType),
      crypto.digest("sha256", signed),
      ...signer.fields.filter((e) => e.tag !== contextConstructed(1)).map((e) => e.raw),
      hashIndex,
    ),
  };
}

/**
 * Raises a CAdES signature to LTA, or renews it: the token, with the hash index as its unsigned attribute, becomes an
 * archive-time-stamp-v3. @param token TimeStampToken in DER over `request.messageImprint` @throws SignaturesError CMS_MALFORMED
 */
export function addCadesArchiveTimestamp(
  cms: Uint8Array,
  request: Pick<ArchiveTimestampRequest, "hashIndex">,
  token: Uint8Array,
): Uint8Array {
  const indexed = withUnsignedAttribute(token, attribute(CmsOid.atsHashIndexV3, request.hashIndex));
  return withUnsignedAttribute(cms, attribute(CmsOid.archiveTimestampV3, indexed));
}

/**
 * Embeds an evidence record over the detached signature and its content as a group (RFC 4998 appendix A, external evidence record).
 * @param record DER of the EvidenceRecord over `cms` as it is given here @throws SignaturesError CMS_MALFORMED
 */
export function addCadesEvidenceRecord(cms: Uint8Array, record: Uint8Array): Uint8Array {
  return withUnsignedAttribute(cms, attribute(CmsOid.evidenceRecordExternal, record));
}

/** ATSHashIndexV3 (§5.5.2): digests of each certificate, each CRL, and each value of an unsigned attribute with its type. */
function buildHashIndex(parsed: SignedData, signer: SignerInfo, crypto: CryptoProvider): Uint8Array {
  const digests = (items: readonly (readonly Uint8Array[])[]) =>
    sequence(...items.map((chunks) => octetString(crypto.digest("sha256", ...chunks))));
  const members = (set: Element | null) => (set?.children() ?? []).map((e) => [e.raw]);
  return sequence(
    digestAlgorithmIdentifier("sha256"),
    digests(members(parsed.certificatesElement)),
    digests(members(parsed.crlsElement)),
    digests((signer.unsignedAttributes?.list ?? []).flatMap((a) => a.values.map((v) => [oid(a.type), v.raw]))),
  );
}

function oneSigner({ signerInfos }: SignedData): SignerInfo {
  const [signer] = signerInfos;
  if (!signer || signerInfos.length > 1) throw new SignaturesError("CMS_MALFORMED", "exactly one signer was expected");
  return signer;
}

/** What is there, then what is new. */
function joined(present: Element | null, more: readonly Uint8Array[]): Uint8Array[] {
  const out = new Map((present?.children() ?? []).map((e) => [toHex(e.raw), e.raw]));
  for (const item of more) {
    const key = toHex(item);
    if (!out.has(key)) out.set(key, item);
  }
  return [...out.values()];
}

function implicitSet(n: number, members: readonly Uint8Array[]): Uint8Array {
  const out = setOf(...members);
  out[0] = contextConstructed(n);
  return out;
}
