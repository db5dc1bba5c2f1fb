import { CertsError } from "@hocba/certs";
import { readIntegerHex, readWhole } from "@hocba/certs/der";
import type { XadesCertificateReference, XadesSignedProperties } from "../../xml/index.ts";
import type { CertificateReference } from "../signing-certificate-reference.ts";

const DATE_TIME = /^\s*(-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d:\d\d)?\s*$/;

/** xsd:dateTime in ms since 1970; without a zone, which the schema allows, read as UTC. Null when it is no time. */
export function xmlDateTime(text: string): number | null {
  const match = DATE_TIME.exec(text);
  if (!match) return null;
  const time = Date.parse(`${match[1]}${match[2] ?? "Z"}`);
  return Number.isNaN(time) ? null : time;
}

/** SigningCertificate and SigningCertificateV2 (EN 319 132-1 §5.2.2) in the form all formats share; null when absent. */
export function certificateReferences(properties: XadesSignedProperties): CertificateReference[] | null {
  return (
    properties.signingCertificates?.map((reference) => ({
      digestAlgorithm: reference.digest ? reference.digestAlgorithm : null,
      digest: reference.digest ?? new Uint8Array(),
      issuerSerial: reference.issuerSerialV2 ? fromDer(reference.issuerSerialV2) : fromText(reference.issuerSerial),
    })) ?? null
  );
}

function fromDer(bytes: Uint8Array): CertificateReference["issuerSerial"] {
  try {
    const [names, serial] = readWhole(bytes, { ber: true }).children();
    if (!names || !serial) return null;
    const issuer = names.children().find((n) => n.tag === 0xa4);
    return { issuer: issuer?.child().raw ?? null, serial: readIntegerHex(serial) };
  } catch (error) {
    // It is a hint beside the digest: one that cannot be read takes nothing from that.
    if (error instanceof CertsError) return null;
    throw error;
  }
}

/** Issuer names of version 1 are text in many spellings: only the serial number is compared. */
function fromText(named: XadesCertificateReference["issuerSerial"]): CertificateReference["issuerSerial"] {
  if (!named || !/^\d{1,60}$/.test(named.serial)) return null;
  const hex = BigInt(named.serial).toString(16).toUpperCase();
  return { issuer: null, serial: hex.length % 2 ? `0${hex}` : hex };
}
