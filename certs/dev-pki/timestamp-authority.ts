import { createHash, randomBytes } from "node:crypto";
import {
  boolean,
  concatBytes,
  contextConstructed,
  der,
  type Element,
  generalizedTime,
  integer,
  nullValue,
  octetString,
  oid,
  readBoolean,
  readInteger,
  readOid,
  readWhole,
  sequence,
  setOf,
  sortDer,
  Tag,
  time,
  unsignedInteger,
  utf8String,
} from "../der/index.ts";
import { CertsError } from "../errors.ts";
import { certificateFields } from "./certificate.ts";
import { namedBits } from "./extensions.ts";
import type { TsaFaults } from "./faults.ts";
import type { SigningKey } from "./keys.ts";

/** Lengths of the message imprints served, by digest algorithm. */
const IMPRINTS: Record<string, number> = {
  "1.3.14.3.2.26": 20,
  "2.16.840.1.101.3.4.2.1": 32,
  "2.16.840.1.101.3.4.2.2": 48,
  "2.16.840.1.101.3.4.2.3": 64,
};

/** Bits of PKIFailureInfo (RFC 3161 §2.4.2). */
export const FailureInfo = {
  badAlg: 0,
  badRequest: 2,
  badDataFormat: 5,
  timeNotAvailable: 14,
  unacceptedPolicy: 15,
  unacceptedExtension: 16,
  systemFailure: 25,
};

export interface TimestampIdentity {
  certificate: Uint8Array;
  key: SigningKey;
  /** Certificates put into the token beside the authority's own when certReq is set. */
  chain: readonly Uint8Array[];
}

export interface TimestampAuthorityOptions extends TimestampIdentity {
  /** Policy written into tokens, and the only one a request may name. */
  policy: string;
  clock: () => Date;
  /** Accuracy in whole seconds; left out by default, as the official authority does. */
  accuracySeconds?: number;
  ordering?: boolean;
  /** Other identities for `wrongCertificate` and `noEku`, made when first needed. */
  impostors?: { wrongCertificate: () => Promise<TimestampIdentity>; noEku: () => Promise<TimestampIdentity> };
}

interface TimestampRequest {
  /** MessageImprint, DER. */
  imprint: Uint8Array;
  digestOid: string;
  /** INTEGER, DER; null when absent. */
  nonce: Uint8Array | null;
  certReq: boolean;
}

const TST_INFO = "1.2.840.113549.1.9.16.1.4";
const SHA256 = sequence(oid("2.16.840.1.101.3.4.2.1"));
const VERSION_1 = integer(1);
const GRANTED = sequence(integer(0));
const MESSAGE_DIGEST = oid("1.2.840.113549.1.9.4");
const SIGNING_TIME = oid("1.2.840.113549.1.9.5");
const CONTENT_TYPE_ATTRIBUTE = sequence(oid("1.2.840.113549.1.9.3"), der(Tag.SET, oid(TST_INFO)));

/**
 * A time stamp authority (RFC 3161, RFC 5816): requests in, responses out, both DER. Everything that is the same in every
 * token is encoded once; what remains per token is one SHA-256 of the TSTInfo and one signature on libuv's threads.
 * Serial numbers are unique: 64 random bits per instance, then a counter.
 */
export class TimestampAuthority {
  private readonly options: TimestampAuthorityOptions;
  private readonly identity: EncodedIdentity;
  private readonly policy: Uint8Array;
  private readonly serialPrefix: Uint8Array;
  private issued = 0;

  constructor(options: TimestampAuthorityOptions) {
    this.options = options;
    this.identity = encodeIdentity(options);
    this.policy = oid(options.policy);
    this.serialPrefix = new Uint8Array(randomBytes(8));
    this.serialPrefix[0] = (this.serialPrefix[0]! & 0x3f) | 0x40;
  }

  /** Answers a TimeStampReq. Never throws on what the request holds: RFC 3161 has a rejection for each fault in it. */
  async respond(requestDer: Uint8Array, faults: TsaFaults = {}): Promise<Uint8Array> {
    if (faults.status !== undefined) {
      return rejection(faults.status, faults.failureInfo ?? FailureInfo.systemFailure, "fault on order");
    }
    let request: TimestampRequest;
    try {
      request = parseRequest(requestDer, this.options.policy);
    } catch (error) {
      if (error instanceof Refusal) return rejection(2, error.failureInfo, error.message);
      if (error instanceof CertsError) return rejection(2, FailureInfo.badDataFormat, "not a TimeStampReq");
      throw error;
    }
    const identity = await this.identityFor(faults);
    const now = new Date(this.options.clock().getTime() + (faults.clockSkewMs ?? 0));
    const info = this.tstInfo(request, now, faults);
    const attributes = setOf(
      CONTENT_TYPE_ATTRIBUTE,
      sequence(SIGNING_TIME, der(Tag.SET, time(now))),
      sequence(MESSAGE_DIGEST, der(Tag.SET, octetString(createHash("sha256").update(info).digest()))),
      identity.signingCertificate,
    );
    const signature = await identity.key.sign(attributes);
    if (faults.badSignature) signature[signature.length >> 1]! ^= 1;
    const implicit = attributes.slice();
    implicit[0] = contextConstructed(0);
    const signerInfo = sequence(
      VERSION_1,
      identity.issuerAndSerial,
      SHA256,
      implicit,
      identity.signatureAlgorithm,
      octetString(signature),
    );
    const signedData = sequence(
      integer(3),
      der(Tag.SET, SHA256),
      sequence(oid(TST_INFO), der(contextConstructed(0), octetString(info))),
      ...(request.certReq ? [identity.certificates] : []),
      der(Tag.SET, signerInfo),
    );
    return sequence(GRANTED, sequence(oid("1.2.840.113549.1.7.2"), der(contextConstructed(0), signedData)));
  }

  private async identityFor(faults: TsaFaults): Promise<EncodedIdentity> {
    const impostors = this.options.impostors;
    if (faults.wrongCertificate && impostors) return encodeIdentity(await impostors.wrongCertificate());
    if (faults.noEku && impostors) return encodeIdentity(await impostors.noEku());
    return this.identity;
  }

  private tstInfo(request: TimestampRequest, now: Date, faults: TsaFaults): Uint8Array {
    const count = new Uint8Array(4);
    new DataView(count.buffer).setUint32(0, ++this.issued);
    const { accuracySeconds, ordering } = this.options;
    return sequence(
      VERSION_1,
      faults.wrongPolicy ? oid(`${this.options.policy}.999`) : this.policy,
      faults.wrongImprint ? flipLastOctet(request.imprint) : request.imprint,
      unsignedInteger(concatBytes(this.serialPrefix, count)),
      generalizedTime(now),
      ...(accuracySeconds === undefined ? [] : [sequence(integer(accuracySeconds))]),
      ...(ordering ? [boolean(true)] : []),
      ...(request.nonce ? [faults.wrongNonce ? flipLastOctet(request.nonce) : request.nonce] : []),
    );
  }
}

interface EncodedIdentity {
  key: SigningKey;
  issuerAndSerial: Uint8Array;
  signatureAlgorithm: Uint8Array;
  /** ESS signing-certificate-v2 (RFC 5035 §3), as an attribute. */
  signingCertificate: Uint8Array;
  /** CertificateSet, tagged as in SignedData. */
  certificates: Uint8Array;
}

function encodeIdentity({ certificate, key, chain }: TimestampIdentity): EncodedIdentity {
  const { issuer, serial } = certificateFields(certificate);
  const hash = createHash("sha256").update(certificate).digest();
  const issuerSerial = sequence(sequence(der(contextConstructed(4), issuer)), serial);
  // The default digest SHA-256 is left out: DER (RFC 5035 §4).
  const essCertId = sequence(octetString(hash), issuerSerial);
  return {
    key,
    issuerAndSerial: sequence(issuer, serial),
    // RFC 5652 with RSA: rsaEncryption and the whole algorithm are both allowed; the official tokens say the former.
    signatureAlgorithm:
      key.privateKey.asymmetricKeyType === "rsa" ? sequence(oid("1.2.840.113549.1.1.1"), nullValue()) : key.algorithm,
    signingCertificate: sequence(oid("1.2.840.113549.1.9.16.2.47"), der(Tag.SET, sequence(sequence(essCertId)))),
    certificates: der(contextConstructed(0), ...sortDer([certificate, ...chain])),
  };
}

class Refusal extends Error {
  readonly failureInfo: number;
  constructor(failureInfo: number, message: string) {
    super(message);
    this.failureInfo = failureInfo;
  }
}

function parseRequest(requestDer: Uint8Array, policy: string): TimestampRequest {
  const [version, imprint, ...rest] = readWhole(requestDer).expect(Tag.SEQUENCE, "TimeStampReq").children();
  if (!version || !imprint || readInteger(version.expect(Tag.INTEGER, "version")) !== 1) {
    throw new Refusal(FailureInfo.badRequest, "version 1 is served");
  }
  const digestOid = checkImprint(imprint.expect(Tag.SEQUENCE, "MessageImprint"));
  const request: TimestampRequest = { imprint: imprint.raw, digestOid, nonce: null, certReq: false };
  for (const field of rest) {
    if (field.tag === Tag.OBJECT_IDENTIFIER) {
      if (readOid(field) !== policy) throw new Refusal(FailureInfo.unacceptedPolicy, `tokens carry policy ${policy}`);
    } else if (field.tag === Tag.INTEGER) request.nonce = field.raw;
    else if (field.tag === Tag.BOOLEAN) request.certReq = readBoolean(field);
    else if (field.tag === contextConstructed(0)) {
      throw new Refusal(FailureInfo.unacceptedExtension, "no extension is served");
    } else throw new Refusal(FailureInfo.badDataFormat, "a field of unknown type");
  }
  return request;
}

function checkImprint(imprint: Element): string {
  const [algorithm, digest] = imprint.children();
  const name = algorithm?.children()[0];
  if (!name || !digest) throw new Refusal(FailureInfo.badDataFormat, "MessageImprint with fields missing");
  const digestOid = readOid(name);
  const length = IMPRINTS[digestOid];
  if (length === undefined) throw new Refusal(FailureInfo.badAlg, "imprints by SHA-1 and SHA-2 are served");
  if (digest.expect(Tag.OCTET_STRING, "hashedMessage").content.length !== length) {
    throw new Refusal(FailureInfo.badDataFormat, "the imprint does not fit its algorithm");
  }
  return digestOid;
}

/** TimeStampResp without a token. */
export function rejection(status: number, failureInfo: number, text: string): Uint8Array {
  return sequence(sequence(integer(status), sequence(utf8String(text)), namedBits([failureInfo])));
}

function flipLastOctet(encoded: Uint8Array): Uint8Array {
  const out = encoded.slice();
  out[out.length - 1]! ^= 1;
  return out;
}
