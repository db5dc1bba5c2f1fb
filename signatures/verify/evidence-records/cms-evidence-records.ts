import type { CryptoProvider } from "@hocba/certs/crypto";
import { concatBytes, contextConstructed, der, type Element } from "@hocba/certs/der";
import type { Attribute } from "../../cms/attributes.ts";
import { CmsOid } from "../../cms/oids.ts";
import type { SignedData } from "../../cms/signed-data.ts";
import type { SignerInfo } from "../../cms/signer-info.ts";
import { type DataObject, dataObject, remembering } from "../../evidence-records/data-object.ts";
import { encodings } from "../../evidence-records/encodings.ts";
import { parseAsn1EvidenceRecord } from "../../evidence-records/parse-asn1-record.ts";
import type { TimestampCandidate } from "../candidate.ts";
import { evidenceRecordCandidates } from "./evidence-record-candidates.ts";

const MAX_RECORDS = 8;

/**
 * The evidence records in a signer's unsigned attributes (RFC 4998 appendix A, TS 119 122-3 §5): internal ones cover the CMS as it was
 * without the attribute, external ones cover it and the detached content as a group.
 */
export function cmsEvidenceRecords(
  signedData: SignedData,
  signer: SignerInfo,
  content: readonly Uint8Array[] | null,
  crypto: CryptoProvider,
): TimestampCandidate[] {
  const attributes = signer.unsignedAttributes?.list ?? [];
  return attributes
    .filter(isEvidenceRecord)
    .flatMap((attribute) => {
      const covered = [cmsBefore(signedData, signer, attribute, crypto)];
      if (attribute.type === CmsOid.evidenceRecordExternal) {
        covered.push(content ? dataObject(crypto, content) : { digests: () => [] });
      }
      return attribute.values.map((value) => ({ value, covered }));
    })
    .slice(0, MAX_RECORDS)
    .flatMap(({ value, covered }) =>
      evidenceRecordCandidates(() => parseAsn1EvidenceRecord(value.raw), covered, crypto),
    );
}

const isEvidenceRecord = (a: Attribute): boolean =>
  a.type === CmsOid.evidenceRecordInternal || a.type === CmsOid.evidenceRecordExternal;

/**
 * The ContentInfo before the attribute came in. A SET has no order in time: what came after the attribute may stand before it, so
 * that its absence alone, the absence of all evidence records and of everything from it on are tried. RFC 4998 keeps the encoding
 * of the file, TS 119 122-3 V1.1.1 takes DER.
 */
function cmsBefore(
  signedData: SignedData,
  signer: SignerInfo,
  attribute: Attribute,
  crypto: CryptoProvider,
): DataObject {
  const list = signer.unsignedAttributes?.list ?? [];
  const kept = [
    list.slice(0, list.indexOf(attribute)),
    list.filter((a) => a !== attribute),
    list.filter((a) => !isEvidenceRecord(a)),
  ];
  const distinct = kept.filter((set, i) => !kept.slice(0, i).some((other) => sameMembers(set, other)));
  let forms: Uint8Array[] | null = null;
  return remembering((algorithm) => {
    forms ??= distinct.flatMap((attributes) => encodings(withAttributes(signedData, signer, attributes)));
    return forms.map((octets) => crypto.digest(algorithm, octets));
  });
}

const sameMembers = (a: readonly Attribute[], b: readonly Attribute[]): boolean =>
  a.length === b.length && a.every((attribute, i) => attribute === b[i]);

/** The ContentInfo with other unsigned attributes in one signer info, everything else octet by octet as it was. */
function withAttributes(signedData: SignedData, signer: SignerInfo, attributes: readonly Attribute[]): Uint8Array {
  const own = signer.unsignedAttributes!.element;
  const replaced =
    attributes.length > 0
      ? rewrap(
          own,
          attributes.map((a) => a.element.raw),
        )
      : new Uint8Array(0);
  // Down the only way to the signer info: ContentInfo, [0], SignedData, signerInfos, SignerInfo, unsignedAttrs.
  const rebuild = (e: Element): Uint8Array => {
    if (e.start === own.start && e.end === own.end && e.tag === contextConstructed(1)) return replaced;
    if (e.start > own.start || e.end < own.end) return e.raw;
    return rewrap(e, e.children().map(rebuild));
  };
  return rebuild(signedData.element);
}

/** The element around other content, its length indefinite where it was. */
function rewrap(e: Element, parts: readonly Uint8Array[]): Uint8Array {
  const indefinite = e.buffer[e.start + 1] === 0x80;
  return indefinite ? concatBytes(Uint8Array.of(e.tag, 0x80), ...parts, new Uint8Array(2)) : der(e.tag, ...parts);
}
