import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import {
  bitString,
  boolean,
  concatBytes,
  der,
  generalizedTime,
  integer,
  octetString,
  oid,
  sequence,
  setOf,
  time,
  utf8String,
} from "@hocba/certs/der";
import { type CertificateList, type OcspResponse, parseCrl, parseOcspResponse } from "@hocba/certs/revocation";
import { type Certificate, parseCertificate } from "@hocba/certs/x509";

/** A key pair made for one test: Ed25519, since it is quick. */
export interface TestKey {
  readonly privateKey: KeyObject;
  readonly spki: Uint8Array;
  /** SHA-1 of the key, as identifiers use it. */
  readonly id: Uint8Array;
}
export const testKey = (): TestKey => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const spki = new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
  return { privateKey, spki, id: new Uint8Array(createHash("sha1").update(spki.subarray(-32)).digest()) };
};

const ED25519 = sequence(oid("1.3.101.112"));
const signed = (tbs: Uint8Array, key: TestKey, ...more: Uint8Array[]): Uint8Array =>
  sequence(tbs, ED25519, bitString(new Uint8Array(sign(null, tbs, key.privateKey))), ...more);

/** One RDN `CN=text`, or what `raw` holds. */
export const nameOf = (text: string): Uint8Array => sequence(setOf(sequence(oid("2.5.4.3"), utf8String(text))));

export const ext = (id: string, value: Uint8Array, critical = false): Uint8Array =>
  critical ? sequence(oid(id), boolean(true), octetString(value)) : sequence(oid(id), octetString(value));

const uri = (url: string): Uint8Array => der(0x86, new TextEncoder().encode(url));
/** keyUsage: bit numbers of RFC 5280 §4.2.1.3. */
const namedBits = (bits: readonly number[]): Uint8Array => {
  let octet = 0;
  for (const b of bits) octet |= 0x80 >> b;
  return bitString(Uint8Array.of(octet));
};

export interface CertificateInput {
  subject: string | Uint8Array;
  key: TestKey;
  /** Absent: self-signed. */
  issuer?: TestAuthority;
  serial?: number;
  notBefore?: string;
  notAfter?: string;
  ca?: boolean;
  pathLength?: number;
  /** Bit numbers; default signing for leaves, keyCertSign and cRLSign for CAs. */
  usage?: readonly number[];
  purposes?: readonly string[];
  policies?: readonly string[];
  mappings?: readonly (readonly [string, string])[];
  crlUrl?: string;
  ocspUrl?: string;
  noCheck?: boolean;
  /** Further extensions, encoded. */
  more?: readonly Uint8Array[];
}
export interface TestAuthority {
  readonly certificate: Certificate;
  readonly key: TestKey;
}

let serials = 1000;
const nameBytes = (name: string | Uint8Array): Uint8Array => (typeof name === "string" ? nameOf(name) : name);

/** A certificate with the usual extensions. */
export function certificate(input: CertificateInput): TestAuthority {
  const issuerKey = input.issuer?.key ?? input.key;
  const extensions = [
    ext("2.5.29.14", octetString(input.key.id)),
    ext("2.5.29.35", sequence(der(0x80, issuerKey.id))),
    ext("2.5.29.15", namedBits(input.usage ?? (input.ca ? [5, 6] : [0, 1])), true),
    ...(input.ca
      ? [
          ext(
            "2.5.29.19",
            sequence(boolean(true), ...(input.pathLength === undefined ? [] : [integer(input.pathLength)])),
            true,
          ),
        ]
      : []),
    ...(input.purposes ? [ext("2.5.29.37", sequence(...input.purposes.map(oid)))] : []),
    ...(input.policies ? [ext("2.5.29.32", sequence(...input.policies.map((p) => sequence(oid(p)))))] : []),
    ...(input.mappings
      ? [ext("2.5.29.33", sequence(...input.mappings.map(([a, b]) => sequence(oid(a), oid(b)))))]
      : []),
    ...(input.crlUrl ? [ext("2.5.29.31", sequence(sequence(der(0xa0, der(0xa0, uri(input.crlUrl))))))] : []),
    ...(input.ocspUrl
      ? [ext("1.3.6.1.5.5.7.1.1", sequence(sequence(oid("1.3.6.1.5.5.7.48.1"), uri(input.ocspUrl))))]
      : []),
    ...(input.noCheck ? [ext("1.3.6.1.5.5.7.48.1.5", Uint8Array.of(5, 0))] : []),
    ...(input.more ?? []),
  ];
  const tbs = sequence(
    der(0xa0, integer(2)),
    integer(input.serial ?? serials++),
    ED25519,
    input.issuer ? input.issuer.certificate.subject.raw : nameBytes(input.subject),
    sequence(time(new Date(input.notBefore ?? "2020-01-01")), time(new Date(input.notAfter ?? "2030-01-01"))),
    nameBytes(input.subject),
    input.key.spki,
    der(0xa3, sequence(...extensions)),
  );
  return { certificate: parseCertificate(signed(tbs, issuerKey)), key: input.key };
}

export interface RevokedInput {
  certificate: Certificate;
  at: string;
  /** CRLReason. */
  reason?: number;
  invalidityDate?: string;
}
export interface CrlInput {
  issuer: TestAuthority;
  thisUpdate: string;
  nextUpdate?: string | null;
  number?: number;
  /** Makes it a delta CRL. */
  base?: number;
  revoked?: readonly RevokedInput[];
  /** Content of an IssuingDistributionPoint. */
  idp?: readonly Uint8Array[];
  expiredCertsOnCrl?: string;
  more?: readonly Uint8Array[];
}

export function crl(input: CrlInput): CertificateList {
  const entries = (input.revoked ?? []).map((r) => {
    const extensions = [
      ...(r.reason === undefined ? [] : [ext("2.5.29.21", der(0x0a, Uint8Array.of(r.reason)))]),
      ...(r.invalidityDate ? [ext("2.5.29.24", generalizedTime(new Date(r.invalidityDate)))] : []),
    ];
    return sequence(
      der(2, r.certificate.serialNumber),
      time(new Date(r.at)),
      ...(extensions.length ? [sequence(...extensions)] : []),
    );
  });
  const extensions = [
    ext("2.5.29.35", sequence(der(0x80, input.issuer.key.id))),
    ext("2.5.29.20", integer(input.number ?? 1)),
    ...(input.base === undefined ? [] : [ext("2.5.29.27", integer(input.base), true)]),
    ...(input.idp ? [ext("2.5.29.28", sequence(...input.idp), true)] : []),
    ...(input.expiredCertsOnCrl ? [ext("2.5.29.60", generalizedTime(new Date(input.expiredCertsOnCrl)))] : []),
    ...(input.more ?? []),
  ];
  const tbs = sequence(
    integer(1),
    ED25519,
    input.issuer.certificate.subject.raw,
    time(new Date(input.thisUpdate)),
    ...(input.nextUpdate === null ? [] : [time(new Date(input.nextUpdate ?? "2029-01-01"))]),
    ...(entries.length ? [sequence(...entries)] : []),
    der(0xa0, sequence(...extensions)),
  );
  return parseCrl(signed(tbs, input.issuer.key));
}

export interface OcspInput {
  certificate: Certificate;
  /** Whose name and key the CertID hashes. */
  issuer: TestAuthority;
  /** Who signs; default the issuer. */
  responder?: TestAuthority;
  status: "good" | "unknown" | { revokedAt: string; reason?: number };
  thisUpdate: string;
  nextUpdate?: string;
  producedAt?: string;
  archiveCutoff?: string;
  byKey?: boolean;
}

export function ocsp(input: OcspInput): OcspResponse {
  const responder = input.responder ?? input.issuer;
  const sha1 = (bytes: Uint8Array) => new Uint8Array(createHash("sha1").update(bytes).digest());
  const { status } = input;
  const certStatus =
    status === "good"
      ? Uint8Array.of(0x80, 0)
      : status === "unknown"
        ? Uint8Array.of(0x82, 0)
        : der(
            0xa1,
            generalizedTime(new Date(status.revokedAt)),
            ...(status.reason === undefined ? [] : [der(0xa0, der(0x0a, Uint8Array.of(status.reason)))]),
          );
  const single = sequence(
    sequence(
      sequence(oid("1.3.14.3.2.26"), Uint8Array.of(5, 0)),
      octetString(sha1(input.certificate.issuer.raw)),
      octetString(sha1(input.issuer.certificate.publicKeyBits)),
      der(2, input.certificate.serialNumber),
    ),
    certStatus,
    generalizedTime(new Date(input.thisUpdate)),
    ...(input.nextUpdate ? [der(0xa0, generalizedTime(new Date(input.nextUpdate)))] : []),
    ...(input.archiveCutoff
      ? [der(0xa1, sequence(ext("1.3.6.1.5.5.7.48.1.6", generalizedTime(new Date(input.archiveCutoff)))))]
      : []),
  );
  const tbs = sequence(
    input.byKey ? der(0xa2, octetString(responder.key.id)) : der(0xa1, responder.certificate.subject.raw),
    generalizedTime(new Date(input.producedAt ?? input.thisUpdate)),
    sequence(single),
  );
  const basic = signed(tbs, responder.key, der(0xa0, sequence(responder.certificate.raw)));
  return parseOcspResponse(
    sequence(
      der(0x0a, Uint8Array.of(0)),
      der(0xa0, sequence(oid("1.3.6.1.5.5.7.48.1.1"), octetString(concatBytes(basic)))),
    ),
  );
}
