import { createHash } from "node:crypto";
import {
  bitString,
  contextConstructed,
  der,
  type Element,
  integer,
  readIntegerHex,
  readWhole,
  sequence,
  time,
  unsignedInteger,
} from "../der/index.ts";
import { authorityKeyIdentifier, type ExtensionSpec, encodeExtension, subjectKeyIdentifier } from "./extensions.ts";
import type { SigningKey } from "./keys.ts";

/** Who signs: name and key identifier as they appear in what is issued, and the key. */
export interface Issuer {
  /** Name, DER. */
  name: Uint8Array;
  keyId: Uint8Array;
  key: SigningKey;
}

export interface CertificateSpec {
  serial: Uint8Array;
  /** Name, DER. */
  subject: Uint8Array;
  spki: Uint8Array;
  notBefore: Date;
  notAfter: Date;
  /** In the order given; key identifiers are added after them. */
  extensions: readonly ExtensionSpec[];
}

/** SHA-1 of the subjectPublicKey bits: method 1 of RFC 5280 §4.2.1.2. */
export function keyIdentifier(spki: Uint8Array): Uint8Array {
  const bits = readWhole(spki).children()[1]!.content.subarray(1);
  return new Uint8Array(createHash("sha1").update(bits).digest());
}

/** Certificate, DER (RFC 5280 §4.1), v3, with SKI and AKI. A self-signed one is its own issuer. */
export async function buildCertificate(spec: CertificateSpec, issuer: Issuer): Promise<Uint8Array> {
  const extensions = [
    ...spec.extensions,
    subjectKeyIdentifier(keyIdentifier(spec.spki)),
    authorityKeyIdentifier(issuer.keyId),
  ];
  const tbs = sequence(
    der(contextConstructed(0), integer(2)),
    unsignedInteger(spec.serial),
    issuer.key.algorithm,
    issuer.name,
    sequence(time(spec.notBefore), time(spec.notAfter)),
    spec.subject,
    spec.spki,
    der(contextConstructed(3), sequence(...extensions.map(encodeExtension))),
  );
  return sequence(tbs, issuer.key.algorithm, bitString(await issuer.key.sign(tbs)));
}

/** The fields a responder needs to name a certificate, read from its DER. Only for certificates made here. */
export function certificateFields(certificate: Uint8Array): {
  serialHex: string;
  /** INTEGER, DER. */
  serial: Uint8Array;
  issuer: Uint8Array;
  subject: Uint8Array;
  spki: Uint8Array;
} {
  const tbs = readWhole(certificate).children()[0]!.children();
  const at = (i: number): Element => tbs[i]!;
  return {
    serialHex: readIntegerHex(at(1)),
    serial: at(1).raw,
    issuer: at(3).raw,
    subject: at(5).raw,
    spki: at(6).raw,
  };
}
