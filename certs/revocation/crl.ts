import { Element, readWhole, Tag } from "../der/element.ts";
import { readBigInt, readBitString, readBoolean, readInteger, readNamedBits, readTime } from "../der/values.ts";
import { CertsError } from "../errors.ts";
import { type AlgorithmIdentifier, readAlgorithmIdentifier } from "../x509/certificate.ts";
import {
  type AuthorityKeyIdentifier,
  type DistributionPoint,
  type DistributionPointName,
  type Extension,
  REASON_FLAGS,
  type RevocationReasonFlag,
  readAuthorityKeyIdentifier,
  readDistributionPointName,
  readDistributionPoints,
  readExtension,
} from "../x509/extensions.ts";
import { type Name, readName } from "../x509/name.ts";
import { ExtensionOid } from "../x509/oids.ts";
import { CrlEntries } from "./crl-entries.ts";
import type { Revocation } from "./revocation-status.ts";

/** The largest CRL that is read. */
export const MAX_CRL_SIZE = 64 * 1024 * 1024;

/** IssuingDistributionPoint (RFC 5280 §5.2.5): the scope of a CRL. */
export interface IssuingDistributionPoint {
  readonly distributionPoint: DistributionPointName | null;
  readonly onlyContainsUserCerts: boolean;
  readonly onlyContainsCACerts: boolean;
  readonly onlySomeReasons: ReadonlySet<RevocationReasonFlag> | null;
  readonly indirectCRL: boolean;
  readonly onlyContainsAttributeCerts: boolean;
}

interface CrlFields {
  raw: Uint8Array;
  tbs: Uint8Array;
  version: number;
  issuer: Name;
  thisUpdate: number;
  nextUpdate: number | null;
  tbsSignatureAlgorithm: AlgorithmIdentifier;
  signatureAlgorithm: AlgorithmIdentifier;
  signature: Uint8Array;
  extensions: ReadonlyMap<string, Extension>;
  entries: Element | null;
}

const PROCESSED: ReadonlySet<string> = new Set([
  ExtensionOid.AUTHORITY_KEY_IDENTIFIER,
  ExtensionOid.ISSUER_ALT_NAME,
  ExtensionOid.CRL_NUMBER,
  ExtensionOid.DELTA_CRL_INDICATOR,
  ExtensionOid.ISSUING_DISTRIBUTION_POINT,
  ExtensionOid.FRESHEST_CRL,
  ExtensionOid.AUTHORITY_INFO_ACCESS,
  ExtensionOid.EXPIRED_CERTS_ON_CRL,
]);
/** A certificate revocation list (RFC 5280 §5). Entries are indexed by serial number on first use. */
export class CertificateList {
  readonly raw: Uint8Array;
  /** Encoding of tbsCertList: what is signed. */
  readonly tbs: Uint8Array;
  readonly version: number;
  readonly issuer: Name;
  /** Milliseconds since 1970. */
  readonly thisUpdate: number;
  readonly nextUpdate: number | null;
  readonly tbsSignatureAlgorithm: AlgorithmIdentifier;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  readonly extensions: ReadonlyMap<string, Extension>;
  /** Outcomes of signature checks by key, kept by the checker: they depend on nothing else. */
  readonly checkedKeys = new WeakMap<Uint8Array, boolean>();
  private readonly entries: Element | null;
  private index: CrlEntries | undefined;
  private readonly decoded = new Map<string, unknown>();

  constructor(fields: CrlFields) {
    this.raw = fields.raw;
    this.tbs = fields.tbs;
    this.version = fields.version;
    this.issuer = fields.issuer;
    this.thisUpdate = fields.thisUpdate;
    this.nextUpdate = fields.nextUpdate;
    this.tbsSignatureAlgorithm = fields.tbsSignatureAlgorithm;
    this.signatureAlgorithm = fields.signatureAlgorithm;
    this.signature = fields.signature;
    this.extensions = fields.extensions;
    this.entries = fields.entries;
  }

  get crlNumber(): bigint | null {
    return this.extension(ExtensionOid.CRL_NUMBER, readBigInt);
  }
  /** Base of a delta CRL; null for a complete one. */
  get baseCrlNumber(): bigint | null {
    return this.extension(ExtensionOid.DELTA_CRL_INDICATOR, readBigInt);
  }
  get issuingDistributionPoint(): IssuingDistributionPoint | null {
    return this.extension(ExtensionOid.ISSUING_DISTRIBUTION_POINT, readIssuingDistributionPoint);
  }
  get authorityKeyId(): AuthorityKeyIdentifier | null {
    return this.extension(ExtensionOid.AUTHORITY_KEY_IDENTIFIER, readAuthorityKeyIdentifier);
  }
  get freshestCrl(): readonly DistributionPoint[] | null {
    return this.extension(ExtensionOid.FRESHEST_CRL, readDistributionPoints);
  }
  /** Certificates that expired on or after this time stay listed (X.509 §9.5.2.8, EN 319 411). */
  get expiredCertsOnCrl(): number | null {
    return this.extension(ExtensionOid.EXPIRED_CERTS_ON_CRL, readTime);
  }

  /** True when the list or one of its entries has a critical extension that nobody here processes. */
  get hasUnknownCriticalExtension(): boolean {
    for (const e of this.extensions.values()) if (e.critical && !PROCESSED.has(e.oid)) return true;
    return this.indexed.hasUnknownCriticalExtension;
  }

  /** Number of entries. */
  get size(): number {
    return this.indexed.size;
  }

  /**
   * The entry of a certificate, or null when it is not listed.
   * @param serialNumber content octets of its serial number
   * @param issuer its issuer: matters in an indirect CRL
   * @throws CertsError DER_MALFORMED when the entries cannot be read
   */
  find(serialNumber: Uint8Array, issuer: Name): Revocation | null {
    return this.indexed.find(serialNumber, issuer, this.issuer);
  }

  private get indexed(): CrlEntries {
    this.index ??= new CrlEntries(this.entries);
    return this.index;
  }

  private extension<T>(oid: string, read: (e: Element) => T): T | null {
    const known = this.decoded.get(oid);
    if (known !== undefined) return known as T | null;
    const found = this.extensions.get(oid);
    const value = found ? read(readWhole(found.value, { ber: true })) : null;
    this.decoded.set(oid, value);
    return value;
  }
}

/** Reads one CRL. Signature and dates are not judged. @throws CertsError CRL_MALFORMED */
export function parseCrl(der: Uint8Array): CertificateList {
  if (der.length > MAX_CRL_SIZE) throw new CertsError("CRL_MALFORMED", "CRL too large");
  try {
    return readCrl(readWhole(der, { ber: true }));
  } catch (cause) {
    if (!(cause instanceof CertsError)) throw cause;
    throw new CertsError("CRL_MALFORMED", `CRL: ${cause.message}`, { cause, details: cause.details });
  }
}

function readCrl(top: Element): CertificateList {
  const [tbs, algorithm, signature, ...extra] = top.expect(Tag.SEQUENCE, "CertificateList").children();
  if (!tbs || !algorithm || !signature || extra.length > 0) throw malformed("CertificateList must have three parts");
  const parts = tbs.expect(Tag.SEQUENCE, "tbsCertList").children();
  let at = 0;
  const version = parts[0]?.tag === Tag.INTEGER ? readInteger(parts[at++]!) + 1 : 1;
  if (version !== 1 && version !== 2) throw malformed("unknown version");
  const [tbsAlgorithm, issuer, thisUpdate] = [parts[at++], parts[at++], parts[at++]];
  if (!tbsAlgorithm || !issuer || !thisUpdate) throw malformed("tbsCertList incomplete");
  const isTime = (e: Element | undefined): boolean => e?.tag === Tag.UTC_TIME || e?.tag === Tag.GENERALIZED_TIME;
  const nextUpdate = isTime(parts[at]) ? readTime(parts[at++]!) : null;
  const entries = parts[at]?.tag === Tag.SEQUENCE ? parts[at++]! : null;
  const extensions = new Map<string, Extension>();
  if (parts[at]?.tag === 0xa0) {
    for (const e of parts[at++]!.child().expect(Tag.SEQUENCE, "crlExtensions").children()) {
      const extension = readExtension(e);
      if (extensions.has(extension.oid)) throw malformed("an extension occurs twice");
      extensions.set(extension.oid, extension);
    }
  }
  if (at !== parts.length) throw malformed("unknown parts in tbsCertList");
  return new CertificateList({
    raw: top.raw,
    tbs: tbs.raw,
    version,
    issuer: readName(issuer),
    thisUpdate: readTime(thisUpdate),
    nextUpdate,
    tbsSignatureAlgorithm: readAlgorithmIdentifier(tbsAlgorithm),
    signatureAlgorithm: readAlgorithmIdentifier(algorithm),
    signature: readBitString(signature).bytes,
    extensions,
    entries,
  });
}

function readIssuingDistributionPoint(e: Element): IssuingDistributionPoint {
  let distributionPoint: DistributionPointName | null = null;
  let onlySomeReasons: ReadonlySet<RevocationReasonFlag> | null = null;
  const flags = { user: false, ca: false, indirect: false, attribute: false };
  const flag = (part: Element): boolean =>
    readBoolean(new Element(part.buffer, Tag.BOOLEAN, part.start, part.contentStart, part.contentEnd, part.end, true));
  for (const part of e.expect(Tag.SEQUENCE, "IssuingDistributionPoint").children()) {
    if (part.tag === 0xa0) distributionPoint = readDistributionPointName(part.child());
    else if (part.tag === 0x81) flags.user = flag(part);
    else if (part.tag === 0x82) flags.ca = flag(part);
    else if (part.tag === 0x83) onlySomeReasons = readNamedBits(part, REASON_FLAGS, part.content);
    else if (part.tag === 0x84) flags.indirect = flag(part);
    else if (part.tag === 0x85) flags.attribute = flag(part);
    else throw malformed("IssuingDistributionPoint malformed");
  }
  if ([flags.user, flags.ca, flags.attribute].filter(Boolean).length > 1) throw malformed("contradictory scope");
  return {
    distributionPoint,
    onlyContainsUserCerts: flags.user,
    onlyContainsCACerts: flags.ca,
    onlySomeReasons,
    indirectCRL: flags.indirect,
    onlyContainsAttributeCerts: flags.attribute,
  };
}

const malformed = (what: string): CertsError => new CertsError("DER_MALFORMED", what);
