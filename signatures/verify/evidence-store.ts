import { CertsError } from "@hocba/certs";
import { equalBytes, Tag } from "@hocba/certs/der";
import type { PathCache } from "@hocba/certs/path";
import { type CertificateList, type OcspResponse, parseBasicOcspResponse } from "@hocba/certs/revocation";
import type { Certificate } from "@hocba/certs/x509";

const MAX_ITEMS = 5000;

/** Parsed forms by the octets they came from: the caller hands the same CRLs to every call. Only depends on the octets. */
class Forms {
  readonly crls = new WeakMap<Uint8Array, CertificateList | null>();
  readonly ocspResponses = new WeakMap<Uint8Array, OcspResponse | null>();
}
const forms = new WeakMap<PathCache, Forms>();

/** The CRLs and OCSP responses at hand for one document. What cannot be read is left out: nothing can rest on it. */
export class EvidenceStore {
  readonly crls: CertificateList[] = [];
  readonly ocspResponses: OcspResponse[] = [];
  private readonly seen = new Set<Uint8Array>();
  private readonly cache: PathCache;
  private readonly forms: Forms;
  private given = { crls: 0, ocspResponses: 0 };

  /** @param cache shared between documents: many embed the same CRL */
  constructor(cache: PathCache) {
    this.cache = cache;
    this.forms = forms.get(cache) ?? new Forms();
    forms.set(cache, this.forms);
  }

  /** What was added so far came with the call; what follows is the document's own. */
  startOfDocument(): void {
    this.given = { crls: this.crls.length, ocspResponses: this.ocspResponses.length };
  }

  /** True when the document holds revocation data that concerns the certificate; whether it is any good is another question. */
  embedsRevocationOf(certificate: Certificate): boolean {
    const own = this.ocspResponses.slice(this.given.ocspResponses);
    return (
      this.crls.slice(this.given.crls).some((crl) => crl.issuer.equals(certificate.issuer)) ||
      own.some((r) => r.basic?.responses.some((s) => equalBytes(s.certId.serialNumber, certificate.serialNumber)))
    );
  }

  addCrls(list: readonly Uint8Array[]): void {
    for (const der of list) {
      if (this.seen.has(der) || this.crls.length >= MAX_ITEMS) continue;
      this.seen.add(der);
      const crl = parsed(this.forms.crls, der, (octets) => this.cache.parseCrl(octets));
      if (crl) this.crls.push(crl);
    }
  }

  /** OCSPResponse or bare BasicOCSPResponse, as CAdES carries them. */
  addOcspResponses(list: readonly Uint8Array[]): void {
    for (const der of list) {
      if (this.seen.has(der) || this.ocspResponses.length >= MAX_ITEMS) continue;
      this.seen.add(der);
      const response = parsed(this.forms.ocspResponses, der, (octets) => this.readOcsp(octets));
      if (response) this.ocspResponses.push(response);
    }
  }

  /** OCSPResponse starts with an ENUMERATED, BasicOCSPResponse with a SEQUENCE. */
  private readOcsp(der: Uint8Array): OcspResponse {
    const lengthOctets = der[1]! & 0x80 ? der[1]! & 0x7f : 0;
    return der[2 + lengthOctets] === Tag.ENUMERATED ? this.cache.parseOcspResponse(der) : parseBasicOcspResponse(der);
  }
}

function parsed<T>(known: WeakMap<Uint8Array, T | null>, der: Uint8Array, parse: (der: Uint8Array) => T): T | null {
  const found = known.get(der);
  if (found !== undefined) return found;
  let form: T | null = null;
  try {
    form = parse(der);
  } catch (error) {
    if (!(error instanceof CertsError)) throw error;
  }
  known.set(der, form);
  return form;
}
