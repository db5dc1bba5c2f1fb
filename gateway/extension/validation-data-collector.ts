import { CertsError } from "@hocba/certs";
import type { CryptoProvider } from "@hocba/certs/crypto";
import { toHex } from "@hocba/certs/der";
import type { EvidenceFetcher, EvidenceKind } from "@hocba/certs/online";
import { type PathCache, validatePath } from "@hocba/certs/path";
import { evidenceLocations, parseCrl, parseOcspResponse } from "@hocba/certs/revocation";
import type { TrustAnchor } from "@hocba/certs/trust";
import { type Certificate, parseCertificate } from "@hocba/certs/x509";
import type { ValidationData } from "@hocba/signatures/sign";
import { GatewayError } from "../errors.ts";

export interface CollectorParts {
  crypto: CryptoProvider;
  clock: () => number;
  anchors: readonly TrustAnchor[];
  /** Its cache is what makes a class of documents share one CRL for each issuer. */
  fetcher: Pick<EvidenceFetcher, "fetch">;
  cache: PathCache;
  /** A CRL longer than this is not put into documents where OCSP answers instead. Octets, default 128 KiB. */
  longestCrl?: number;
}

const MAX_ROUNDS = 6;
/** An OCSP responder's certificate may need revocation data itself, hardly more than once. */
const MAX_DEPTH = 3;
const LONGEST_CRL = 128 * 1024;

/**
 * Brings together what proves the validity of certificates at a later time (EN 319 102-1 §5.5): the chain to a trusted root, and for
 * every certificate below it a CRL or an OCSP response. CRLs come first: one serves all certificates of an issuer.
 */
export class ValidationDataCollector {
  readonly #parts: CollectorParts;
  readonly #pool: Certificate[];
  readonly #known = new Map<string, Promise<ValidationData>>();

  /** @param pool certificates for building paths: of the document, and those the operator knows */
  constructor(parts: CollectorParts, pool: readonly Certificate[]) {
    this.#parts = parts;
    this.#pool = [...pool];
  }

  /** @throws GatewayError EVIDENCE_UNAVAILABLE (retryable) naming the certificate that lacks something */
  async dataFor(certificates: readonly Certificate[]): Promise<ValidationData> {
    const all: ValidationData[] = [];
    // One after the other: the chain of the first serves the next.
    for (const certificate of certificates) all.push(await this.#once(certificate, 0));
    return mergeValidationData(all);
  }

  #once(certificate: Certificate, depth: number): Promise<ValidationData> {
    const key = certificate.fingerprint(this.#parts.crypto);
    const known = this.#known.get(key) ?? this.#collect(certificate, depth);
    this.#known.set(key, known);
    return known;
  }

  async #collect(certificate: Certificate, depth: number): Promise<ValidationData> {
    const path = await this.#path(certificate);
    const out: ValidationData[] = [{ certificates: path.map((c) => c.raw), crls: [], ocspResponses: [] }];
    for (const [i, each] of path.entries()) {
      const issuer = path[i + 1];
      if (issuer) out.push(await this.#revocation(each, issuer, depth));
    }
    return mergeValidationData(out);
  }

  /** Leaf first, the anchor last; issuers that are missing are fetched from where certificates name them. */
  async #path(certificate: Certificate): Promise<readonly Certificate[]> {
    const { crypto, clock, anchors, cache } = this.#parts;
    const time = Math.min(Math.max(clock(), certificate.notBefore), certificate.notAfter);
    for (let round = 0; ; round++) {
      const result = validatePath({
        certificate,
        anchors,
        certificates: this.#pool,
        time,
        crypto,
        algorithmsAdvisory: true,
        cache,
      });
      if (result.valid) return result.path;
      const top = result.path.at(-1) ?? certificate;
      const found = round < MAX_ROUNDS ? await this.#get("issuer-certificate", top, null) : [];
      const fresh = found.flatMap((der) => {
        try {
          const issuer = parseCertificate(new Uint8Array(der));
          return this.#pool.some((known) => known.equals(issuer)) ? [] : [issuer];
        } catch (error) {
          if (error instanceof CertsError) return [];
          throw error;
        }
      });
      if (fresh.length === 0) throw unavailable(certificate, `no path to a trusted root: ${result.reason}`);
      this.#pool.push(...fresh);
    }
  }

  async #revocation(certificate: Certificate, issuer: Certificate, depth: number): Promise<ValidationData> {
    if (certificate.ocspNoCheck) return { certificates: [], crls: [], ocspResponses: [] };
    const crls = (await this.#get("crl", certificate, issuer)).filter((der) => isCrlOf(der, issuer));
    const handy = crls.filter((der) => der.length <= (this.#parts.longestCrl ?? LONGEST_CRL));
    if (handy.length > 0) return { certificates: [], crls: handy.slice(0, 1), ocspResponses: [] };
    const [response] = await this.#get("ocsp", certificate, issuer);
    const responders = response ? respondersOf(response) : null;
    if (response && responders) {
      const own: ValidationData = { certificates: [], crls: [], ocspResponses: [response] };
      const delegated = responders.filter((c) => !c.equals(issuer) && c.basicConstraints?.cA !== true);
      const data = depth < MAX_DEPTH ? await Promise.all(delegated.map((c) => this.#once(c, depth + 1))) : [];
      return mergeValidationData([own, ...data]);
    }
    if (crls.length > 0) return { certificates: [], crls: crls.slice(0, 1), ocspResponses: [] };
    throw unavailable(certificate, "neither a CRL nor an OCSP response could be had");
  }

  async #get(kind: EvidenceKind, certificate: Certificate, issuer: Certificate | null): Promise<readonly Uint8Array[]> {
    const locations = evidenceLocations(certificate);
    const urls = kind === "crl" ? locations.crls : kind === "ocsp" ? locations.ocsp : locations.caIssuers;
    for (const url of urls) {
      const request = { kind, url, certificate: certificate.raw, issuer: issuer?.raw ?? null };
      const [result] = await this.#parts.fetcher.fetch([request]);
      if (result?.ok && result.items.length > 0) return result.items;
    }
    return [];
  }
}

/** Everything once, in the order it came. */
export function mergeValidationData(all: readonly ValidationData[]): ValidationData {
  const once = (of: (data: ValidationData) => readonly Uint8Array[]) => [
    ...new Map(all.flatMap(of).map((der) => [toHex(der), der])).values(),
  ];
  return {
    certificates: once((d) => d.certificates),
    crls: once((d) => d.crls),
    ocspResponses: once((d) => d.ocspResponses),
  };
}

/** A file at the address of a CRL may be anything; whose CRL it is decides, its signature is for the verifier. */
function isCrlOf(der: Uint8Array, issuer: Certificate): boolean {
  try {
    return parseCrl(der).issuer.equals(issuer.subject);
  } catch (error) {
    if (error instanceof CertsError) return false;
    throw error;
  }
}

/** Certificates in a response that answers; null when it does not. */
function respondersOf(der: Uint8Array): readonly Certificate[] | null {
  try {
    return parseOcspResponse(der).basic?.certificates ?? null;
  } catch (error) {
    if (error instanceof CertsError) return null;
    throw error;
  }
}

function unavailable(certificate: Certificate, what: string): GatewayError {
  return new GatewayError("EVIDENCE_UNAVAILABLE", `${certificate.subject}: ${what}`, {
    retryable: true,
    details: { serial: certificate.serial, issuer: certificate.issuer.toString() },
  });
}
