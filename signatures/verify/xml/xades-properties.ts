import { CertsError } from "@hocba/certs";
import { readIntegerHex, readWhole } from "@hocba/certs/der";
import {
  DS_NS,
  decodeBase64,
  descendants,
  digestAlgorithmOf,
  isXadesNamespace,
  type XmlElement,
  type XmlSignature,
} from "../../xml/index.ts";
import type { CertificateReference } from "../signing-certificate-reference.ts";

/** QualifyingProperties of one signature, as they stand (EN 319 132-1 §4.3). */
export interface XadesProperties {
  readonly element: XmlElement;
  readonly signedProperties: XmlElement | null;
  /** Properties in UnsignedSignatureProperties, in order. */
  readonly unsigned: readonly XmlElement[];
}

/** The QualifyingProperties inside the signature's own Objects; more than one of them is a fault (§4.3.1): the first counts. */
export function xadesProperties(signature: XmlSignature): XadesProperties | null {
  for (const object of signature.objects) {
    for (const element of object.elements("QualifyingProperties")) {
      if (!isXadesNamespace(element.uri)) continue;
      const unsigned = element.first("UnsignedProperties")?.first("UnsignedSignatureProperties");
      return {
        element,
        signedProperties: element.first("SignedProperties", element.uri),
        unsigned: unsigned?.elements() ?? [],
      };
    }
  }
  return null;
}

/** SigningTime in milliseconds since 1970 (§5.2.1); null when absent or no time. */
export function xadesSigningTime(signedProperties: XmlElement): number | null {
  const text = signedProperties.first("SignedSignatureProperties")?.first("SigningTime")?.ownText;
  return text === undefined ? null : xmlDateTime(text);
}

const DATE_TIME = /^\s*(-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d:\d\d)?\s*$/;

/** xsd:dateTime in ms; without a zone, which the schema allows, read as UTC. */
export function xmlDateTime(text: string): number | null {
  const match = DATE_TIME.exec(text);
  if (!match) return null;
  const time = Date.parse(`${match[1]}${match[2] ?? "Z"}`);
  return Number.isNaN(time) ? null : time;
}

const MAX_REFERENCES = 100;

/** SigningCertificate and SigningCertificateV2 (§5.2.2), the signer's own first; null when neither is there. */
export function xadesCertificateReferences(signedProperties: XmlElement): CertificateReference[] | null {
  const properties = signedProperties.first("SignedSignatureProperties");
  const holders = properties
    ?.elements()
    .filter((e) => e.local === "SigningCertificate" || e.local === "SigningCertificateV2");
  if (!holders || holders.length === 0) return null;
  return holders
    .flatMap((holder) => holder.elements("Cert"))
    .slice(0, MAX_REFERENCES)
    .map((cert) => {
      const digest = cert.first("CertDigest");
      const method = digest?.first("DigestMethod")?.attribute("Algorithm") ?? "";
      const value = decodeBase64(digest?.first("DigestValue")?.ownText ?? "");
      return {
        digestAlgorithm: value ? digestAlgorithmOf(method) : null,
        digest: value ?? new Uint8Array(),
        issuerSerial: readIssuerSerial(cert),
      };
    });
}

/** Issuer names of XAdES v1 are text in many spellings: only the serial number is compared there. */
function readIssuerSerial(cert: XmlElement): CertificateReference["issuerSerial"] {
  const v2 = cert.first("IssuerSerialV2")?.ownText;
  if (v2 !== undefined) {
    const bytes = decodeBase64(v2);
    try {
      const [names, serial] = bytes ? readWhole(bytes, { ber: true }).children() : [];
      if (!names || !serial) return null;
      return {
        issuer:
          names
            .children()
            .find((n) => n.tag === 0xa4)
            ?.child().raw ?? null,
        serial: readIntegerHex(serial),
      };
    } catch (error) {
      if (error instanceof CertsError) return null;
      throw error;
    }
  }
  const text = cert.first("IssuerSerial")?.first("X509SerialNumber", DS_NS)?.ownText.trim();
  if (!text || !/^\d{1,60}$/.test(text)) return null;
  const hex = BigInt(text).toString(16).toUpperCase();
  return { issuer: null, serial: hex.length % 2 ? `0${hex}` : hex };
}

/** What the unsigned properties carry as validation data (§5.4), DER. */
export interface XadesEvidence {
  readonly certificates: readonly Uint8Array[];
  readonly crls: readonly Uint8Array[];
  readonly ocspResponses: readonly Uint8Array[];
}

const MAX_VALUES = 5000;

/** CertificateValues, RevocationValues and TimeStampValidationData, wherever they stand among the unsigned properties. */
export function xadesEvidence(properties: XadesProperties): XadesEvidence {
  const out = { certificates: [] as Uint8Array[], crls: [] as Uint8Array[], ocspResponses: [] as Uint8Array[] };
  const lists: Record<string, Uint8Array[]> = {
    EncapsulatedX509Certificate: out.certificates,
    EncapsulatedCRLValue: out.crls,
    EncapsulatedOCSPValue: out.ocspResponses,
  };
  let count = 0;
  for (const property of properties.unsigned) {
    for (const element of descendants(property)) {
      const list = Object.hasOwn(lists, element.local) ? lists[element.local] : undefined;
      if (!list || !isXadesNamespace(element.uri)) continue;
      if (++count > MAX_VALUES) return out;
      const bytes = decodeBase64(element.ownText);
      if (bytes && bytes.length > 2) list.push(bytes);
    }
  }
  return out;
}
