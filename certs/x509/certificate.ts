import type { CryptoProvider } from "../crypto/provider.ts";
import { type PublicKey, readPublicKey } from "../crypto/public-key.ts";
import { type Element, readWhole, Tag } from "../der/element.ts";
import {
  equalBytes,
  readBitString,
  readInteger,
  readIntegerHex,
  readOctetString,
  readOid,
  readTime,
  toHex,
} from "../der/values.ts";
import { CertsError } from "../errors.ts";
import {
  type AccessDescription,
  type AuthorityKeyIdentifier,
  type BasicConstraints,
  type DistributionPoint,
  type Extension,
  type KeyUsageBit,
  type NameConstraints,
  type PolicyConstraints,
  type PolicyInformation,
  type PolicyMapping,
  readAuthorityKeyIdentifier,
  readBasicConstraints,
  readCertificatePolicies,
  readDistributionPoints,
  readExtendedKeyUsage,
  readExtension,
  readInfoAccess,
  readInhibitAnyPolicy,
  readKeyUsage,
  readNameConstraints,
  readPolicyConstraints,
  readPolicyMappings,
} from "./extensions.ts";
import { type GeneralName, readGeneralNamesExtension } from "./general-name.ts";
import { type Name, readName } from "./name.ts";
import { ExtensionOid } from "./oids.ts";

/** Larger than any certificate that means well; real ones stay under 10 kB. */
export const MAX_CERTIFICATE_SIZE = 1024 * 1024;

/** AlgorithmIdentifier as written: `signatureAlgorithmOf` in the crypto folder resolves it. */
export interface AlgorithmIdentifier {
  readonly oid: string;
  readonly parameters: Element | null;
  readonly raw: Uint8Array;
}

interface CertificateFields {
  raw: Uint8Array;
  tbs: Uint8Array;
  version: number;
  serialNumber: Uint8Array;
  serial: string;
  issuer: Name;
  subject: Name;
  notBefore: number;
  notAfter: number;
  spki: Uint8Array;
  publicKey: PublicKey;
  publicKeyBits: Uint8Array;
  tbsSignatureAlgorithm: AlgorithmIdentifier;
  signatureAlgorithm: AlgorithmIdentifier;
  signature: Uint8Array;
  extensions: ReadonlyMap<string, Extension>;
  duplicateExtensions: readonly string[];
}

/**
 * An X.509 certificate (RFC 5280 §4.1). The typed extension properties decode on first use, are null when the extension is
 * absent, and throw CertsError DER_MALFORMED when it cannot be read.
 */
export class Certificate {
  /** The whole encoding. */
  readonly raw: Uint8Array;
  /** Encoding of tbsCertificate: what is signed. */
  readonly tbs: Uint8Array;
  /** 1, 2 or 3. */
  readonly version: number;
  /** Content octets of the serial number: what CRLs and OCSP are matched by. */
  readonly serialNumber: Uint8Array;
  /** Serial number in upper-case hex, for people. */
  readonly serial: string;
  readonly issuer: Name;
  readonly subject: Name;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  /** Milliseconds since 1970, inclusive. */
  readonly notAfter: number;
  /** Encoding of subjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  readonly publicKey: PublicKey;
  /** Octets of the subjectPublicKey BIT STRING, as hashed for OCSP. */
  readonly publicKeyBits: Uint8Array;
  readonly tbsSignatureAlgorithm: AlgorithmIdentifier;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  readonly extensions: ReadonlyMap<string, Extension>;
  /** Extensions that occur more than once, which RFC 5280 §4.2 forbids; path validation refuses them. */
  readonly duplicateExtensions: readonly string[];
  private readonly decoded = new Map<string, unknown>();
  private digest: Uint8Array | undefined;
  private digestText: string | undefined;

  constructor(fields: CertificateFields) {
    this.raw = fields.raw;
    this.tbs = fields.tbs;
    this.version = fields.version;
    this.serialNumber = fields.serialNumber;
    this.serial = fields.serial;
    this.issuer = fields.issuer;
    this.subject = fields.subject;
    this.notBefore = fields.notBefore;
    this.notAfter = fields.notAfter;
    this.spki = fields.spki;
    this.publicKey = fields.publicKey;
    this.publicKeyBits = fields.publicKeyBits;
    this.tbsSignatureAlgorithm = fields.tbsSignatureAlgorithm;
    this.signatureAlgorithm = fields.signatureAlgorithm;
    this.signature = fields.signature;
    this.extensions = fields.extensions;
    this.duplicateExtensions = fields.duplicateExtensions;
  }

  /** SHA-256 of the encoding, upper-case hex. */
  fingerprint(crypto: CryptoProvider): string {
    this.digestText ??= toHex(this.sha256(crypto));
    return this.digestText;
  }

  /** SHA-256 of the encoding; kept. */
  sha256(crypto: CryptoProvider): Uint8Array {
    this.digest ??= crypto.digest("sha256", this.raw);
    return this.digest;
  }

  /** True when both are the same octets. */
  equals(other: Certificate): boolean {
    return this === other || equalBytes(this.raw, other.raw);
  }

  /** Issuer and subject match (RFC 5280 §6.1). Whether it is self-signed, only its signature can tell. */
  get selfIssued(): boolean {
    return this.issuer.equals(this.subject);
  }

  get basicConstraints(): BasicConstraints | null {
    return this.extension(ExtensionOid.BASIC_CONSTRAINTS, readBasicConstraints);
  }
  get keyUsage(): ReadonlySet<KeyUsageBit> | null {
    return this.extension(ExtensionOid.KEY_USAGE, readKeyUsage);
  }
  get extendedKeyUsage(): readonly string[] | null {
    return this.extension(ExtensionOid.EXTENDED_KEY_USAGE, readExtendedKeyUsage);
  }
  get subjectKeyId(): Uint8Array | null {
    return this.extension(ExtensionOid.SUBJECT_KEY_IDENTIFIER, (e) => readOctetString(e));
  }
  get authorityKeyId(): AuthorityKeyIdentifier | null {
    return this.extension(ExtensionOid.AUTHORITY_KEY_IDENTIFIER, readAuthorityKeyIdentifier);
  }
  get subjectAltNames(): readonly GeneralName[] | null {
    return this.extension(ExtensionOid.SUBJECT_ALT_NAME, readGeneralNamesExtension);
  }
  get issuerAltNames(): readonly GeneralName[] | null {
    return this.extension(ExtensionOid.ISSUER_ALT_NAME, readGeneralNamesExtension);
  }
  get crlDistributionPoints(): readonly DistributionPoint[] | null {
    return this.extension(ExtensionOid.CRL_DISTRIBUTION_POINTS, readDistributionPoints);
  }
  get freshestCrl(): readonly DistributionPoint[] | null {
    return this.extension(ExtensionOid.FRESHEST_CRL, readDistributionPoints);
  }
  get authorityInfoAccess(): readonly AccessDescription[] | null {
    return this.extension(ExtensionOid.AUTHORITY_INFO_ACCESS, readInfoAccess);
  }
  get certificatePolicies(): readonly PolicyInformation[] | null {
    return this.extension(ExtensionOid.CERTIFICATE_POLICIES, readCertificatePolicies);
  }
  get policyMappings(): readonly PolicyMapping[] | null {
    return this.extension(ExtensionOid.POLICY_MAPPINGS, readPolicyMappings);
  }
  get policyConstraints(): PolicyConstraints | null {
    return this.extension(ExtensionOid.POLICY_CONSTRAINTS, readPolicyConstraints);
  }
  get inhibitAnyPolicy(): number | null {
    return this.extension(ExtensionOid.INHIBIT_ANY_POLICY, readInhibitAnyPolicy);
  }
  get nameConstraints(): NameConstraints | null {
    return this.extension(ExtensionOid.NAME_CONSTRAINTS, readNameConstraints);
  }
  /** id-pkix-ocsp-nocheck (RFC 6960 §4.2.2.2.1). */
  get ocspNoCheck(): boolean {
    return this.extensions.has(ExtensionOid.OCSP_NOCHECK);
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

/**
 * Reads one certificate. Signature, dates and extensions are not judged; trailing octets are refused.
 * Read with patience where the wild is careless and nothing depends on it: negative serial numbers, lengths and
 * booleans in BER, names of odd string types.
 * @throws CertsError CERTIFICATE_MALFORMED
 */
export function parseCertificate(der: Uint8Array): Certificate {
  if (der.length > MAX_CERTIFICATE_SIZE) throw new CertsError("CERTIFICATE_MALFORMED", "certificate too large");
  try {
    return readCertificate(readWhole(der, { ber: true }));
  } catch (cause) {
    if (!(cause instanceof CertsError)) throw cause;
    throw new CertsError("CERTIFICATE_MALFORMED", `certificate: ${cause.message}`, { cause, details: cause.details });
  }
}

function readCertificate(top: Element): Certificate {
  const [tbs, algorithm, signature, ...extra] = top.expect(Tag.SEQUENCE, "Certificate").children();
  if (!tbs || !algorithm || !signature || extra.length > 0) throw malformed("Certificate must have three parts");
  const parts = tbs.expect(Tag.SEQUENCE, "tbsCertificate").children();
  let at = 0;
  const version = parts[0]?.tag === 0xa0 ? readInteger(parts[at++]!.child()) + 1 : 1;
  const [serial, tbsAlgorithm, issuer, validity, subject, spki] = parts.slice(at, at + 6);
  if (!serial || !tbsAlgorithm || !issuer || !validity || !subject || !spki)
    throw malformed("tbsCertificate incomplete");
  if (version < 1 || version > 3) throw malformed("unknown version");
  const [notBefore, notAfter] = validity.expect(Tag.SEQUENCE, "validity").children();
  if (!notBefore || !notAfter) throw malformed("validity incomplete");
  const { extensions, duplicates } = readTail(parts.slice(at + 6), version);
  const keyBits = spki.expect(Tag.SEQUENCE, "subjectPublicKeyInfo").children()[1];
  if (!keyBits) throw malformed("subjectPublicKeyInfo incomplete");
  return new Certificate({
    raw: top.raw,
    tbs: tbs.raw,
    version,
    serialNumber: serial.expect(Tag.INTEGER, "serialNumber").content,
    serial: readIntegerHex(serial),
    issuer: readName(issuer),
    subject: readName(subject),
    notBefore: readTime(notBefore),
    notAfter: readTime(notAfter),
    spki: spki.raw,
    publicKey: readPublicKey(spki.raw),
    publicKeyBits: readBitString(keyBits).bytes,
    tbsSignatureAlgorithm: readAlgorithmIdentifier(tbsAlgorithm),
    signatureAlgorithm: readAlgorithmIdentifier(algorithm),
    signature: readBitString(signature).bytes,
    extensions,
    duplicateExtensions: duplicates,
  });
}

function readTail(tail: readonly Element[], version: number) {
  const extensions = new Map<string, Extension>();
  const duplicates: string[] = [];
  let last = 0;
  for (const part of tail) {
    // issuerUniqueID [1], subjectUniqueID [2], extensions [3], in this order.
    const number = part.tag & 0x1f;
    if ((part.tag & 0xc0) !== 0x80 || number < 1 || number > 3 || number <= last)
      throw malformed("tbsCertificate tail");
    last = number;
    if (number !== 3) continue;
    if (version !== 3) throw malformed("extensions in a certificate that is not of version 3");
    for (const e of part.child().expect(Tag.SEQUENCE, "Extensions").children()) {
      const extension = readExtension(e);
      if (extensions.has(extension.oid)) duplicates.push(extension.oid);
      else extensions.set(extension.oid, extension);
    }
  }
  return { extensions, duplicates };
}

/** Reads an AlgorithmIdentifier. @throws CertsError DER_MALFORMED */
export function readAlgorithmIdentifier(e: Element): AlgorithmIdentifier {
  const [oid, parameters] = e.expect(Tag.SEQUENCE, "AlgorithmIdentifier").children();
  if (!oid) throw malformed("AlgorithmIdentifier without algorithm");
  return { oid: readOid(oid), parameters: parameters ?? null, raw: e.raw };
}

const malformed = (what: string): CertsError => new CertsError("DER_MALFORMED", what);
