import { CertsError } from "@hocba/certs";
import { nodeCrypto } from "@hocba/certs/crypto/node";
import { equalBytes } from "@hocba/certs/der";
import { type Certificate, parseCertificate } from "@hocba/certs/x509";
import { CmsOid, parseSignedData, type SignedData, type SignerInfo } from "@hocba/signatures/cms";
import { openPdf, securityStore, signatureFields } from "@hocba/signatures/pdf";
import { parseTimestampToken, type TimestampToken } from "@hocba/signatures/timestamps";
import { findXmlSignatures, parseXml, readXadesProperties, readXmlSignature } from "@hocba/signatures/xml";

/** A time stamp and the certificate of its authority, where the document holds it. */
export interface StampPart {
  readonly token: TimestampToken;
  readonly certificate: Certificate | null;
}

/** One signature as far as raising its level goes; nothing about it has been verified. */
export interface SignaturePart {
  /** PDF field name, XML Id, or the position among the signer infos, as in the verifier's report. */
  readonly id: string;
  /** Null for a document time stamp. */
  readonly signer: Certificate | null;
  readonly stamps: readonly StampPart[];
}

export interface SignedParts {
  readonly signatures: readonly SignaturePart[];
  /** Every certificate the document holds. */
  readonly certificates: readonly Certificate[];
  /** Octets of the certificates, CRLs and OCSP responses it holds. */
  readonly held: readonly Uint8Array[];
}

/**
 * Takes a signed document apart into the certificates that need validation data.
 * @throws SignaturesError what reading the format throws
 */
export function signedParts(bytes: Uint8Array, format: "pdf" | "xml" | "cms"): SignedParts {
  const bag = new Bag();
  const signatures = format === "pdf" ? ofPdf(bytes, bag) : format === "xml" ? ofXml(bytes, bag) : ofCms(bytes, bag);
  return { signatures, certificates: bag.certificates, held: bag.held };
}

const MAX_HELD = 5000;

class Bag {
  readonly certificates: Certificate[] = [];
  readonly held: Uint8Array[] = [];

  add(encodings: readonly Uint8Array[]): void {
    for (const der of encodings) {
      if (this.held.length >= MAX_HELD) return;
      this.held.push(der);
      const certificate = readable(der);
      if (certificate && !this.certificates.some((known) => known.equals(certificate)))
        this.certificates.push(certificate);
    }
  }

  keep(...lists: readonly (readonly Uint8Array[])[]): void {
    for (const list of lists) this.held.push(...list.slice(0, Math.max(0, MAX_HELD - this.held.length)));
  }

  addSignedData({ certificates, crls, ocspResponses }: SignedData): void {
    this.add(certificates);
    this.keep(crls, ocspResponses);
  }

  namedBy({ sid }: SignerInfo): Certificate | null {
    const fits = (c: Certificate): boolean =>
      sid.kind === "key-id"
        ? c.subjectKeyId !== null && equalBytes(c.subjectKeyId, sid.keyId)
        : c.serial === sid.serial && equalBytes(c.issuer.raw, sid.issuer);
    return this.certificates.find(fits) ?? null;
  }

  stamp(encoding: Uint8Array): StampPart {
    const token = parseTimestampToken(encoding);
    this.addSignedData(token.signedData);
    return { token, certificate: this.namedBy(token.signerInfo) };
  }
}

function ofPdf(bytes: Uint8Array, bag: Bag): SignaturePart[] {
  const document = openPdf(bytes);
  const store = securityStore(document.latest);
  for (const part of store ? [store, ...store.vri] : []) {
    bag.add(part.certificates);
    bag.keep(part.crls, part.ocspResponses);
  }
  return signatureFields(document).map((signature) => {
    const id = signature.fieldName;
    if (signature.subFilter === "ETSI.RFC3161") return { id, signer: null, stamps: [bag.stamp(signature.contents)] };
    return { ...ofSignedData(signature.contents, bag)[0]!, id };
  });
}

const ofCms = (bytes: Uint8Array, bag: Bag): SignaturePart[] => ofSignedData(bytes, bag);

const STAMPS = [CmsOid.signatureTimestamp, CmsOid.archiveTimestampV3, CmsOid.archiveTimestampV2];

function ofSignedData(cms: Uint8Array, bag: Bag): SignaturePart[] {
  const signedData = parseSignedData(cms);
  bag.addSignedData(signedData);
  return signedData.signerInfos.map((signer, i) => ({
    id: String(i + 1),
    signer: bag.namedBy(signer),
    stamps: STAMPS.flatMap((type) => signer.unsignedAttributes?.values(type) ?? []).map((v) => bag.stamp(v.raw)),
  }));
}

function ofXml(bytes: Uint8Array, bag: Bag): SignaturePart[] {
  const document = parseXml(bytes);
  return findXmlSignatures(document).map((element, i) => {
    const signature = readXmlSignature(document, element, { crypto: nodeCrypto });
    const properties = readXadesProperties(signature);
    const { certificates } = signature.keyInfo;
    bag.add(certificates);
    if (properties) {
      bag.add(properties.validationData.certificates);
      bag.keep(properties.validationData.crls, properties.validationData.ocspResponses);
    }
    const tokens = [...(properties?.signatureTimestamps ?? []), ...(properties?.archiveTimestamps ?? [])];
    return {
      id: signature.id ?? String(i + 1),
      // The signer's own certificate: KeyInfo may hold the CAs' beside it.
      signer: certificates.map(readable).find((c) => c !== null && c.basicConstraints?.cA !== true) ?? null,
      stamps: tokens.flatMap((stamp) => stamp.tokens).map((token) => bag.stamp(token)),
    };
  });
}

function readable(der: Uint8Array): Certificate | null {
  try {
    return parseCertificate(new Uint8Array(der));
  } catch (error) {
    // What cannot be read as a certificate helps no path; the verdict afterwards tells what is lacking.
    if (error instanceof CertsError) return null;
    throw error;
  }
}
