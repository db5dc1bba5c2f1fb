import type { CryptoProvider, DigestAlgorithm } from "@hocba/certs/crypto";
import { concatBytes, contextConstructed, der, type Element, oid, readOctetString, Tag } from "@hocba/certs/der";
import { digestAlgorithmOf, readAlgorithmIdentifier } from "../../cms/algorithm-identifier.ts";
import type { Attribute } from "../../cms/attributes.ts";
import { derForm } from "../../cms/der-form.ts";
import { malformed } from "../../cms/malformed.ts";
import { CmsOid } from "../../cms/oids.ts";
import type { SignedData } from "../../cms/signed-data.ts";
import type { SignerInfo } from "../../cms/signer-info.ts";
import type { TimestampToken } from "../../timestamps/token.ts";

/**
 * Octets under the message imprint of an archive-time-stamp-v3 (EN 319 122-1 §5.5.3): content type, digest of the content,
 * the signer info's fields and the hash index.
 */
export function archiveTimestampV3Input(
  signedData: SignedData,
  signer: SignerInfo,
  content: readonly Uint8Array[] | null,
  token: TimestampToken,
  crypto: CryptoProvider,
): Uint8Array[][] {
  const algorithm = token.imprint.digestAlgorithm;
  const index = hashIndexElement(token);
  if (!algorithm || !content || !index) return [];
  const fields = signer.fields.filter((e) => e.tag !== contextConstructed(1));
  return [
    [
      oid(signedData.contentType),
      crypto.digest(algorithm, ...content),
      ...fields.map((e) => derForm(e)),
      derForm(index.element),
    ],
    [oid(signedData.contentType), crypto.digest(algorithm, ...content), ...fields.map((e) => e.raw), index.element.raw],
  ];
}

interface HashIndex {
  readonly element: Element;
  readonly version: 1 | 3;
}

function hashIndexElement(token: TimestampToken): HashIndex | null {
  const attributes = token.signerInfo.unsignedAttributes;
  const v3 = attributes?.single(CmsOid.atsHashIndexV3);
  if (v3) return { element: v3, version: 3 };
  const v1 = attributes?.single(CmsOid.atsHashIndex);
  return v1 ? { element: v1, version: 1 } : null;
}

/**
 * True when everything the hash index lists is in the SignedData (EN 319 122-1 §5.5.2): an index that names absent data makes
 * the time stamp invalid.
 */
export function hashIndexHolds(
  signedData: SignedData,
  signer: SignerInfo,
  token: TimestampToken,
  crypto: CryptoProvider,
): boolean {
  const index = hashIndexElement(token);
  if (!index) return false;
  const parts = index.element.expect(Tag.SEQUENCE, "ATSHashIndex").children();
  let at = 0;
  let algorithm: DigestAlgorithm | null = "sha256";
  if (parts.length === 4) algorithm = digestAlgorithmOf(readAlgorithmIdentifier(parts[at++]!).oid);
  const [certificates, crls, attributes] = parts.slice(at);
  if (!algorithm || !certificates || !crls || !attributes) throw malformed("ATSHashIndex incomplete");
  const digests = (items: Iterable<readonly Uint8Array[]>) =>
    new Set([...items].map((chunks) => text(crypto.digest(algorithm, ...chunks))));
  const bothForms = (set: Element | null): Uint8Array[][] =>
    (set?.children() ?? []).flatMap((e) => [[e.raw], [derForm(e)]]);
  const present = [
    [certificates, digests(bothForms(signedData.certificatesElement))],
    [crls, digests(bothForms(signedData.crlsElement))],
    [attributes, digests(attributeForms(signer.unsignedAttributes?.list ?? [], index.version))],
  ] as const;
  return present.every(([listed, known]) => listed.children().every((e) => known.has(text(readOctetString(e)))));
}

/** v1 digests whole attributes, v3 the type and each value (EN 319 122-1 §5.5.2). */
function attributeForms(list: readonly Attribute[], version: 1 | 3): Uint8Array[][] {
  if (version === 1) return list.flatMap((a) => [[a.element.raw], [derForm(a.element)]]);
  return list.flatMap((a) =>
    a.values.flatMap((v) => [
      [oid(a.type), v.raw],
      [oid(a.type), derForm(v)],
    ]),
  );
}

const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

/**
 * Octets under the message imprint of archive-time-stamp (v1) and -v2 (TS 101 733 §6.4.1): encapContentInfo, the external content,
 * certificates, crls and the signer info with the unsigned attributes that were there before. Editions differ on whether the
 * header of unsignedAttrs belongs to it: both readings are tried.
 */
export function archiveTimestampV2Input(
  signedData: SignedData,
  signer: SignerInfo,
  content: readonly Uint8Array[] | null,
  attribute: Attribute,
  token: TimestampToken,
  timeOf: (attribute: Attribute) => number | null,
): Uint8Array[][] {
  if (!signedData.contentElement && !content) return [];
  const head = [
    signedData.encapContentInfo.raw,
    ...(signedData.contentElement ? [] : content!),
    ...(signedData.certificatesElement ? [signedData.certificatesElement.raw] : []),
    ...(signedData.crlsElement ? [signedData.crlsElement.raw] : []),
    ...signer.fields.filter((e) => e.tag !== contextConstructed(1)).map((e) => e.raw),
  ];
  const earlier = (signer.unsignedAttributes?.list ?? []).filter((a) => {
    if (a === attribute) return false;
    const time = isArchiveTimestamp(a.type) ? timeOf(a) : null;
    return time === null || time < token.genTime;
  });
  const octets = earlier.map((a) => a.element.raw);
  return [
    [...head, ...octets],
    [...head, der(contextConstructed(1), ...octets)],
  ];
}

export function isArchiveTimestamp(type: string): boolean {
  return type === CmsOid.archiveTimestamp || type === CmsOid.archiveTimestampV2 || type === CmsOid.archiveTimestampV3;
}

/** Octets under a CAdES-C time stamp (EN 319 122-1 §A.1.5.2) and under a time stamp over references only (§A.1.5.1). */
export function referencesTimestampInput(signer: SignerInfo, withSignature: boolean): Uint8Array[][] {
  const attributes = signer.unsignedAttributes;
  if (!attributes) return [];
  const parts: Uint8Array[] = withSignature ? [signer.signature] : [];
  const types = [CmsOid.certificateRefs, CmsOid.revocationRefs];
  for (const type of withSignature ? [CmsOid.signatureTimestamp, ...types] : types) {
    for (const a of attributes.all(type)) parts.push(...a.element.children().map((e) => e.raw));
  }
  return [[concatBytes(...parts)]];
}
