import { createHash } from "node:crypto";
import {
  bitString,
  contextConstructed,
  contextPrimitive,
  der,
  type Element,
  equalBytes,
  generalizedTime,
  octetString,
  oid,
  readIntegerHex,
  readOid,
  readWhole,
  sequence,
  Tag,
} from "../der/index.ts";
import { CertsError } from "../errors.ts";
import { keyIdentifier } from "./certificate.ts";
import { REASONS, type RevokedEntry } from "./crl.ts";
import { encodeExtension } from "./extensions.ts";
import type { OcspFaults } from "./faults.ts";
import type { SigningKey } from "./keys.ts";

const BASIC = "1.3.6.1.5.5.7.48.1.1";
const NONCE = "1.3.6.1.5.5.7.48.1.2";
/** A request about more certificates than this is malformed: real ones ask about one. */
const MAX_REQUESTS = 64;

/** OCSPResponseStatus (RFC 6960 §4.2.1). */
export const OcspStatus = { successful: 0, malformedRequest: 1, internalError: 2, tryLater: 3, unauthorized: 6 };

const HASHES: Record<string, string> = {
  "1.3.14.3.2.26": "sha1",
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
};

/** One authority the responder speaks for: its certificates' states and the delegated responder's key. */
export interface OcspAuthority {
  /** Name and SubjectPublicKeyInfo of the CA, DER. */
  name: Uint8Array;
  spki: Uint8Array;
  responder: { certificate: Uint8Array; key: SigningKey };
  /** A responder's certificate that lacks the OCSPSigning purpose. */
  impostor: () => Promise<{ certificate: Uint8Array; key: SigningKey }>;
  status: (serialHex: string) => "good" | "unknown" | RevokedEntry;
}

interface CertId {
  raw: Uint8Array;
  hash: string;
  nameHash: Uint8Array;
  keyHash: Uint8Array;
  serialHex: string;
}

export const ocspError = (status: number): Uint8Array => sequence(der(Tag.ENUMERATED, Uint8Array.of(status)));

/**
 * Answers an OCSPRequest (RFC 6960) with an OCSPResponse, both DER. Never throws on what the request holds: bad ones get
 * malformedRequest, certificates of unknown authorities `unauthorized`.
 */
export async function respondOcsp(
  request: Uint8Array,
  authorities: readonly OcspAuthority[],
  times: { now: Date; validityMs: number },
  faults: OcspFaults = {},
): Promise<Uint8Array> {
  if (faults.tryLater) return ocspError(OcspStatus.tryLater);
  if (faults.unauthorized) return ocspError(OcspStatus.unauthorized);
  let parsed: { ids: CertId[]; nonce: Element | null };
  try {
    parsed = parseRequest(request);
  } catch (error) {
    if (error instanceof CertsError) return ocspError(OcspStatus.malformedRequest);
    throw error;
  }
  const authority = authorities.find((a) => isIssuer(a, parsed.ids[0]!));
  if (!authority) return ocspError(OcspStatus.unauthorized);
  const thisUpdate = new Date(times.now.getTime() - (faults.expired ? 2 * times.validityMs : 0));
  const nextUpdate = new Date(thisUpdate.getTime() + times.validityMs);
  const responses = parsed.ids.map((id) =>
    sequence(
      faults.wrongCert ? anotherCertificate(id.raw) : id.raw,
      certStatus(isIssuer(authority, id) ? authority.status(id.serialHex) : "unknown"),
      generalizedTime(thisUpdate),
      der(contextConstructed(0), generalizedTime(nextUpdate)),
    ),
  );
  const responder = faults.wrongResponder ? await authority.impostor() : authority.responder;
  const nonce = parsed.nonce && !faults.dropNonce ? parsed.nonce : null;
  const data = sequence(
    der(contextConstructed(2), octetString(keyIdentifier(responder.key.spki))),
    generalizedTime(thisUpdate),
    sequence(...responses),
    ...(nonce
      ? [der(contextConstructed(1), sequence(encodeExtension({ oid: NONCE, critical: false, value: nonce.content })))]
      : []),
  );
  const signature = await responder.key.sign(data);
  if (faults.badSignature) signature[signature.length >> 1]! ^= 1;
  const basic = sequence(
    data,
    responder.key.algorithm,
    bitString(signature),
    der(contextConstructed(0), sequence(responder.certificate)),
  );
  return sequence(
    der(Tag.ENUMERATED, Uint8Array.of(OcspStatus.successful)),
    der(contextConstructed(0), sequence(oid(BASIC), octetString(basic))),
  );
}

function parseRequest(request: Uint8Array): { ids: CertId[]; nonce: Element | null } {
  const tbs = readWhole(request).expect(Tag.SEQUENCE, "OCSPRequest").children()[0];
  const fields = tbs?.expect(Tag.SEQUENCE, "TBSRequest").children() ?? [];
  const list = fields.find((f) => f.tag === Tag.SEQUENCE);
  const requests = list?.children() ?? [];
  if (requests.length === 0 || requests.length > MAX_REQUESTS) {
    throw new CertsError("OCSP_MALFORMED", `a request about ${requests.length} certificates`);
  }
  const ids = requests.map((r) => {
    const id = r.children()[0];
    const [algorithm, nameHash, keyHash, serial] = id?.children() ?? [];
    if (!id || !algorithm || !nameHash || !keyHash || !serial) {
      throw new CertsError("OCSP_MALFORMED", "CertID with fields missing");
    }
    const hash = HASHES[readOid(algorithm.children()[0] ?? algorithm)] ?? "";
    return {
      raw: id.raw,
      hash,
      nameHash: nameHash.expect(Tag.OCTET_STRING, "issuerNameHash").content,
      keyHash: keyHash.expect(Tag.OCTET_STRING, "issuerKeyHash").content,
      serialHex: readIntegerHex(serial.expect(Tag.INTEGER, "serialNumber")),
    };
  });
  const extensions = fields.find((f) => f.tag === contextConstructed(2));
  let nonce: Element | null = null;
  for (const e of extensions?.child().children() ?? []) {
    const parts = e.children();
    if (parts[0] && readOid(parts[0]) === NONCE) nonce = parts.at(-1)!.expect(Tag.OCTET_STRING, "extnValue");
  }
  return { ids, nonce };
}

function isIssuer(authority: OcspAuthority, id: CertId): boolean {
  if (id.hash === "") return false;
  const hash = (bytes: Uint8Array) => new Uint8Array(createHash(id.hash).update(bytes).digest());
  const keyBits = readWhole(authority.spki).children()[1]!.content.subarray(1);
  return equalBytes(hash(authority.name), id.nameHash) && equalBytes(hash(keyBits), id.keyHash);
}

function certStatus(status: "good" | "unknown" | RevokedEntry): Uint8Array {
  if (status === "good") return der(contextPrimitive(0));
  if (status === "unknown") return der(contextPrimitive(2));
  const reason =
    status.reason === "unspecified"
      ? []
      : [der(contextConstructed(0), der(Tag.ENUMERATED, Uint8Array.of(REASONS[status.reason])))];
  return der(contextConstructed(1), generalizedTime(status.when), ...reason);
}

function anotherCertificate(certId: Uint8Array): Uint8Array {
  const [algorithm, nameHash, keyHash, serial] = readWhole(certId).children();
  const other = serial!.raw.slice();
  other[other.length - 1]! ^= 1;
  return sequence(algorithm!.raw, nameHash!.raw, keyHash!.raw, other);
}
