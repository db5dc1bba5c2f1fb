import { type Element, readWhole, Tag } from "../der/element.ts";
import { readBitString, readInteger, readOctetString, readOid, readTime } from "../der/values.ts";
import { CertsError } from "../errors.ts";
import {
  type AlgorithmIdentifier,
  type Certificate,
  parseCertificate,
  readAlgorithmIdentifier,
} from "../x509/certificate.ts";
import { type Extension, readExtension } from "../x509/extensions.ts";
import { type Name, readName } from "../x509/name.ts";
import { ExtensionOid } from "../x509/oids.ts";
import { type Revocation, revocationReason } from "./revocation-status.ts";

const OCSP_BASIC = "1.3.6.1.5.5.7.48.1.1";
const MAX_OCSP_SIZE = 1024 * 1024;
const MAX_RESPONSES = 2000;

export type OcspResponseStatus =
  | "successful"
  | "malformedRequest"
  | "internalError"
  | "tryLater"
  | "sigRequired"
  | "unauthorized";
const STATUS: Readonly<Record<number, OcspResponseStatus>> = {
  0: "successful",
  1: "malformedRequest",
  2: "internalError",
  3: "tryLater",
  5: "sigRequired",
  6: "unauthorized",
};

/** CertID (RFC 6960 §4.1.1). */
export interface OcspCertId {
  readonly hashAlgorithm: AlgorithmIdentifier;
  readonly issuerNameHash: Uint8Array;
  readonly issuerKeyHash: Uint8Array;
  /** Content octets. */
  readonly serialNumber: Uint8Array;
}

export interface OcspSingleResponse {
  readonly certId: OcspCertId;
  readonly status: "good" | "revoked" | "unknown";
  /** Where `status` is revoked. */
  readonly revocation: Revocation | null;
  readonly thisUpdate: number;
  readonly nextUpdate: number | null;
  readonly extensions: ReadonlyMap<string, Extension>;
  /** How far back the responder keeps statuses (RFC 6960 §4.4.4); null when not said. */
  readonly archiveCutoff: number | null;
}

/** BasicOCSPResponse (RFC 6960 §4.2.1). */
export interface BasicOcspResponse {
  readonly tbs: Uint8Array;
  /** The responder: its name, or SHA-1 of its key. */
  readonly responder: { type: "byName"; name: Name } | { type: "byKey"; keyHash: Uint8Array };
  readonly producedAt: number;
  readonly responses: readonly OcspSingleResponse[];
  readonly extensions: ReadonlyMap<string, Extension>;
  /** Content of the nonce extension; null when absent. */
  readonly nonce: Uint8Array | null;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  readonly certificates: readonly Certificate[];
  /** Outcomes of signature checks by key object, kept by the checker: they depend on nothing else. */
  readonly checkedKeys: WeakMap<Uint8Array, boolean>;
}

/** OCSPResponse. `basic` is null unless the status is successful. */
export interface OcspResponse {
  readonly raw: Uint8Array;
  readonly status: OcspResponseStatus;
  readonly basic: BasicOcspResponse | null;
}

/** Reads an OCSPResponse. Nothing is judged. @throws CertsError OCSP_MALFORMED */
export function parseOcspResponse(der: Uint8Array): OcspResponse {
  return reading(der, (top) => {
    const [status, bytes] = top.expect(Tag.SEQUENCE, "OCSPResponse").children();
    if (!status) throw malformed("OCSPResponse empty");
    const known = STATUS[readInteger(status.expect(Tag.ENUMERATED, "responseStatus"))];
    if (!known) throw malformed("unknown responseStatus");
    if (known !== "successful") return { raw: top.raw, status: known, basic: null };
    const [type, response] =
      bytes?.expect(0xa0, "responseBytes").child().expect(Tag.SEQUENCE, "ResponseBytes").children() ?? [];
    if (!type || !response || readOid(type) !== OCSP_BASIC) throw malformed("no BasicOCSPResponse inside");
    return { raw: top.raw, status: known, basic: readBasic(readWhole(readOctetString(response), { ber: true })) };
  });
}

/** Reads a bare BasicOCSPResponse, as CAdES and DSS sometimes hold it. @throws CertsError OCSP_MALFORMED */
export function parseBasicOcspResponse(der: Uint8Array): OcspResponse {
  return reading(der, (top) => ({ raw: top.raw, status: "successful", basic: readBasic(top) }));
}

function reading(der: Uint8Array, read: (top: Element) => OcspResponse): OcspResponse {
  if (der.length > MAX_OCSP_SIZE) throw new CertsError("OCSP_MALFORMED", "OCSP response too large");
  try {
    return read(readWhole(der, { ber: true }));
  } catch (cause) {
    if (!(cause instanceof CertsError)) throw cause;
    throw new CertsError("OCSP_MALFORMED", `OCSP response: ${cause.message}`, { cause, details: cause.details });
  }
}

function readBasic(top: Element): BasicOcspResponse {
  const [tbs, algorithm, signature, certs] = top.expect(Tag.SEQUENCE, "BasicOCSPResponse").children();
  if (!tbs || !algorithm || !signature) throw malformed("BasicOCSPResponse incomplete");
  const parts = tbs.expect(Tag.SEQUENCE, "tbsResponseData").children();
  let at = parts[0]?.tag === 0xa0 ? 1 : 0;
  const [responder, producedAt, responses] = [parts[at++], parts[at++], parts[at++]];
  if (!responder || !producedAt || !responses) throw malformed("tbsResponseData incomplete");
  const singles = responses.expect(Tag.SEQUENCE, "responses").children();
  if (singles.length > MAX_RESPONSES) throw malformed("too many responses");
  const extensions = readExtensions(parts[at], 0xa1);
  return {
    tbs: tbs.raw,
    responder: readResponder(responder),
    producedAt: readTime(producedAt),
    responses: singles.map(readSingle),
    extensions,
    nonce: nonceOf(extensions.get(ExtensionOid.OCSP_NONCE)),
    signatureAlgorithm: readAlgorithmIdentifier(algorithm),
    signature: readBitString(signature).bytes,
    certificates: readCertificates(certs),
    checkedKeys: new WeakMap(),
  };
}

/** A certificate among them that cannot be read is left out: another may do. */
function readCertificates(certs: Element | undefined): Certificate[] {
  if (!certs) return [];
  const out: Certificate[] = [];
  for (const e of certs.expect(0xa0, "certs").child().children().slice(0, 20)) {
    try {
      out.push(parseCertificate(e.raw));
    } catch (error) {
      if (!(error instanceof CertsError)) throw error;
    }
  }
  return out;
}

function readResponder(e: Element): BasicOcspResponse["responder"] {
  if (e.tag === 0xa1) return { type: "byName", name: readName(e.child()) };
  if (e.tag === 0xa2) return { type: "byKey", keyHash: readOctetString(e.child()) };
  throw malformed("ResponderID malformed");
}

function readSingle(e: Element): OcspSingleResponse {
  const parts = e.expect(Tag.SEQUENCE, "SingleResponse").children();
  const [certId, status, thisUpdate] = parts;
  if (!certId || !status || !thisUpdate) throw malformed("SingleResponse incomplete");
  let at = 3;
  const nextUpdate = parts[at]?.tag === 0xa0 ? readTime(parts[at++]!.child()) : null;
  const extensions = readExtensions(parts[at], 0xa1);
  const cutoff = extensions.get(ExtensionOid.OCSP_ARCHIVE_CUTOFF);
  const listed = readStatus(status);
  const invalidity = extensions.get(ExtensionOid.INVALIDITY_DATE);
  const invalidityDate = invalidity ? readTime(readWhole(invalidity.value, { ber: true })) : null;
  return {
    certId: readCertId(certId),
    status: listed.status,
    revocation: listed.revocation ? { ...listed.revocation, invalidityDate } : null,
    thisUpdate: readTime(thisUpdate),
    nextUpdate,
    extensions,
    archiveCutoff: cutoff ? readTime(readWhole(cutoff.value, { ber: true })) : null,
  };
}

function readStatus(e: Element): Pick<OcspSingleResponse, "status" | "revocation"> {
  if (e.tag === 0x80) return { status: "good", revocation: null };
  if (e.tag === 0x82) return { status: "unknown", revocation: null };
  if (e.tag !== 0xa1) throw malformed("CertStatus malformed");
  const [revokedAt, reason] = e.children();
  if (!revokedAt) throw malformed("RevokedInfo empty");
  const value = reason ? readInteger(reason.child().expect(Tag.ENUMERATED, "revocationReason")) : null;
  return {
    status: "revoked",
    revocation: {
      revokedAt: readTime(revokedAt),
      reason: value === null ? null : revocationReason(value),
      invalidityDate: null,
    },
  };
}

function readCertId(e: Element): OcspCertId {
  const [hash, nameHash, keyHash, serial] = e.expect(Tag.SEQUENCE, "CertID").children();
  if (!hash || !nameHash || !keyHash || !serial) throw malformed("CertID incomplete");
  return {
    hashAlgorithm: readAlgorithmIdentifier(hash),
    issuerNameHash: readOctetString(nameHash),
    issuerKeyHash: readOctetString(keyHash),
    serialNumber: serial.expect(Tag.INTEGER, "serialNumber").content,
  };
}

function readExtensions(e: Element | undefined, tag: number): ReadonlyMap<string, Extension> {
  const out = new Map<string, Extension>();
  if (!e) return out;
  for (const item of e.expect(tag, "extensions").child().expect(Tag.SEQUENCE, "Extensions").children()) {
    const extension = readExtension(item);
    if (out.has(extension.oid)) throw malformed("an extension occurs twice");
    out.set(extension.oid, extension);
  }
  return out;
}

/** RFC 8954: an OCTET STRING inside; older responders put the octets there bare. */
function nonceOf(extension: Extension | undefined): Uint8Array | null {
  if (!extension) return null;
  const { value } = extension;
  return value[0] === Tag.OCTET_STRING && value[1] === value.length - 2 ? value.subarray(2) : value;
}

const malformed = (what: string): CertsError => new CertsError("DER_MALFORMED", what);
