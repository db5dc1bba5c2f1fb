import {
  contextConstructed,
  type Element,
  readElement,
  readInteger,
  readOctetString,
  readOid,
  Tag,
} from "@hocba/certs/der";
import { type AlgorithmIdentifier, readAlgorithmIdentifier } from "./algorithm-identifier.ts";
import { malformed, readingCms } from "./malformed.ts";
import { CmsOid } from "./oids.ts";
import { readSignerInfo, type SignerInfo } from "./signer-info.ts";

/** SignedData (RFC 5652 §5.1) as it stands in the file; nothing about it has been verified. */
export interface SignedData {
  /** The ContentInfo; octets behind it (the padding in a PDF's /Contents) are left out. */
  readonly element: Element;
  readonly version: number;
  readonly digestAlgorithms: readonly AlgorithmIdentifier[];
  readonly contentType: string;
  /** The encapsulated content, joined where BER split it; null when detached. */
  readonly content: Uint8Array | null;
  /** The eContent element with its header, as archive time stamps v2 digest it; null when detached. */
  readonly contentElement: Element | null;
  readonly encapContentInfo: Element;
  /** `[0]` certificates and `[1]` crls with their headers, as archive time stamps digest them. */
  readonly certificatesElement: Element | null;
  readonly crlsElement: Element | null;
  /** X.509 certificates in DER; attribute certificates and other formats are left out. */
  readonly certificates: readonly Uint8Array[];
  readonly crls: readonly Uint8Array[];
  /** OCSPResponse structures carried as other revocation information (RFC 5940). */
  readonly ocspResponses: readonly Uint8Array[];
  readonly signerInfos: readonly SignerInfo[];
}

const MAX_SET_MEMBERS = 20_000;
const MAX_SIGNERS = 200;

/**
 * Reads a ContentInfo with SignedData inside, in DER or BER, trailing octets allowed.
 * @throws SignaturesError CMS_MALFORMED
 */
export function parseSignedData(bytes: Uint8Array): SignedData {
  return readingCms("SignedData", () => {
    const contentInfo = readElement(bytes, 0, { ber: true });
    const [type, explicit] = contentInfo.expect(Tag.SEQUENCE, "ContentInfo").children();
    if (!type || !explicit || readOid(type) !== CmsOid.signedData) throw malformed("not a SignedData");
    return readSignedData(contentInfo, explicit.expect(contextConstructed(0), "content").child());
  });
}

function readSignedData(element: Element, body: Element): SignedData {
  const fields = body.expect(Tag.SEQUENCE, "SignedData").children();
  let at = 0;
  const version = readInteger(need(fields[at++], "version"));
  const digestAlgorithms = need(fields[at++], "digestAlgorithms").children().map(readAlgorithmIdentifier);
  const encapContentInfo = need(fields[at++], "encapContentInfo");
  const [eContentType, eContent] = encapContentInfo.expect(Tag.SEQUENCE, "encapContentInfo").children();
  const contentElement = eContent ? eContent.expect(contextConstructed(0), "eContent").child() : null;

  let certificatesElement: Element | null = null;
  let crlsElement: Element | null = null;
  if (fields[at]?.tag === contextConstructed(0)) certificatesElement = fields[at++]!;
  if (fields[at]?.tag === contextConstructed(1)) crlsElement = fields[at++]!;
  const signers = need(fields[at], "signerInfos").expect(Tag.SET, "signerInfos").children();
  if (signers.length > MAX_SIGNERS) throw malformed(`more than ${MAX_SIGNERS} signers`);

  const revocation = readRevocationInfos(crlsElement);
  return {
    element,
    version,
    digestAlgorithms,
    contentType: readOid(need(eContentType, "eContentType")),
    content: contentElement ? readContent(contentElement) : null,
    contentElement,
    encapContentInfo,
    certificatesElement,
    crlsElement,
    certificates: bounded(certificatesElement)
      .filter((e) => e.tag === Tag.SEQUENCE)
      .map((e) => e.raw),
    ...revocation,
    signerInfos: signers.map(readSignerInfo),
  };
}

/** PKCS #7 v1.5 allowed any type as content: its content octets are what is digested (RFC 5652 §5.2.1). */
function readContent(e: Element): Uint8Array {
  return (e.tag & ~0x20) === Tag.OCTET_STRING ? readOctetString(e) : e.content;
}

function readRevocationInfos(set: Element | null): { crls: Uint8Array[]; ocspResponses: Uint8Array[] } {
  const crls: Uint8Array[] = [];
  const ocspResponses: Uint8Array[] = [];
  for (const e of bounded(set)) {
    if (e.tag === Tag.SEQUENCE) crls.push(e.raw);
    else if (e.tag === contextConstructed(1)) {
      const [format, info] = e.children();
      if (format && info && readOid(format) === CmsOid.revocationInfoOcsp) ocspResponses.push(info.raw);
    }
  }
  return { crls, ocspResponses };
}

function bounded(set: Element | null): Element[] {
  if (!set) return [];
  const members = set.children();
  if (members.length > MAX_SET_MEMBERS) throw malformed("too many certificates or CRLs");
  return members;
}

function need(e: Element | undefined, what: string): Element {
  if (!e) throw malformed(`${what} is missing`);
  return e;
}
